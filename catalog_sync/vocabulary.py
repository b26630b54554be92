"""The words of shop systems and spreadsheets, and what they mean in the canonical vocabularies: tables, nothing else.

Words are folded by `cleaning.fold`: lower case, no accents, no punctuation, single spaces.
"""

from catalog_sync.records import Availability as A
from catalog_sync.records import Condition as C
from catalog_sync.records import Form as F


def _table(words_by_value: dict[str, str]) -> dict[str, str]:
    """{value: "word, other word"} turned round to {word: value}."""
    return {word: value for value, words in words_by_value.items() for word in words.split(", ")}


# Google Merchant, schema.org, Shopify, WooCommerce, Square and hand-kept lists in six languages.
AVAILABILITY_WORDS: dict[str, str] = _table(
    {
        A.IN_STOCK: (
            "in stock, instock, in store only, instoreonly, limited availability, limitedavailability, available, "
            "yes, y, true, 1, oui, en stock, disponible, en rayon, en magasin, dispo, si, en existencia, auf "
            "lager, lieferbar, vorratig, ja, sofort lieferbar, op voorraad, disponibile, in magazzino, da, na "
            "stanju, em estoque, active, publish, in stock now, on hand, on shelf, stock ok, en stock magasin, "
            "plusieurs exemplaires, quelques exemplaires, en tienda, hay existencias, hay stock, en almacen, "
            "disponible en tienda, vorhanden, am lager, verfugbar, sofort verfugbar, vorratig im laden, в "
            "наличии, есть, есть в наличии, да, на складе, имеется, есть на складе, в продаже"
        ),
        A.ORDERABLE: (
            "backorder, back order, onbackorder, on backorder, available for order, to order, special order, made "
            "to order, madetoorder, print on demand, pod, notify, sur commande, a commander, en commande, "
            "impression a la demande, bajo pedido, por encargo, bestellbar, auf bestellung, op bestelling, su "
            "ordinazione, order, orderable, indent, disponible sous commande, sur demande client, a pedido, "
            "disponible bajo pedido, auf anfrage lieferbar, nachbestellbar, под заказ, на заказ, заказ"
        ),
        A.PREORDER: (
            "preorder, pre order, presale, presell, not yet published, forthcoming, coming soon, a paraitre, "
            "precommande, prochainement, preventa, vorbestellbar, vorbestellung, in vorbereitung, proximamente, "
            "np, nyp, pas encore paru, a venir prochainement, proxima publicacion, de proxima aparicion, noch "
            "nicht erschienen, erscheint demnachst, in kurze, предзаказ, скоро в продаже, скоро, готовится к "
            "печати, ожидается выход"
        ),
        A.TEMPORARILY_UNAVAILABLE: (
            "out of stock, outofstock, no stock, sold out, soldout, no, n, false, 0, non, rupture, en rupture, "
            "rupture de stock, en reimpression, reimpression, manquant, indisponible, temporairement "
            "indisponible, temporarily unavailable, temporarily out of stock, reprinting, agotado, sin stock, sin "
            "existencias, nicht vorratig, nicht lieferbar, vergriffen, nein, niet op voorraad, uitverkocht, "
            "esaurito, nema na stanju, ne, esgotado, plus en stock, pas en stock, hors stock, stock epuise, zero, "
            "aucun, not in stock, none, sin unidades, sin disponibilidad, no disponible, no hay, temporalmente "
            "agotado, temporalmente sin stock, fehlt, nicht auf lager, derzeit nicht lieferbar, derzeit nicht "
            "verfugbar, zurzeit nicht lieferbar, momentan vergriffen, ausverkauft, нет, нет в наличии, нет на "
            "складе, закончился, закончилось, распродано, отсутствует, ожидается, временно нет в наличии"
        ),
        A.UNAVAILABLE: (
            "discontinued, unavailable, not available, out of print, op, epuise, arret de commercialisation, "
            "arret definitif, abandonne, plus disponible, withdrawn, retire de la vente, descatalogado, draft, "
            "archived, private, definitivement epuise, no longer available, fuera de catalogo, agotado "
            "definitivamente, endgultig vergriffen, nicht mehr lieferbar, restlos vergriffen, снят с "
            "производства, снято с производства, снят с продажи, больше не продается, тираж закончился"
        ),
        A.DIGITAL: "online only, onlineonly, download, digital, numerique, telechargement",
        A.UNKNOWN: "unknown, inconnu, contact us, nous consulter, call",
    }
)

# A word without a grade ("used") counts as the lowest grade.
CONDITION_WORDS: dict[str, str] = _table(
    {
        C.NEW: (
            "new, n, neuf, neuve, новыи, новая, новое, nouveau, nuevo, neu, nuovo, nieuw, novo, newcondition, brand new"
        ),
        C.AS_NEW: (
            "as new, like new, likenew, mint, fine, f, nf, near fine, comme neuf, quasi neuf, etat neuf, "
            "excellent, excellent etat, refurbished, refurbishedcondition, reconditionne, como nuevo, wie neu, "
            "neuwertig, open box"
        ),
        C.VERY_GOOD: (
            "very good, vg, отличное, очень хорошее, verygood, tres bon, tres bon etat, tbe, muy bueno, muy bien, "
            "sehr gut, sehr gut erhalten"
        ),
        C.GOOD: "good, g, хорошее, хорошая, bon, bon etat, be, bueno, bien, gut, gut erhalten, buono, goed",
        C.ACCEPTABLE: (
            "acceptable, fair, poor, б у, бу, подержанная, удовлетворительное, used, usedcondition, second hand, "
            "secondhand, pre owned, reading copy, etat acceptable, etat correct, correct, moyen, etat moyen, etat "
            "d usage, usage, use, usagee, mauvais etat, passable, occasion, d occasion, livre d occasion, "
            "defraichi, abime, damaged, damagedcondition, usado, segunda mano, aceptable, gebraucht, akzeptabel, "
            "usato, tweedehands"
        ),
    }
)

FORM_WORDS: dict[str, str] = _table(
    {
        F.HARDBACK: (
            "hardback, твердыи переплет, твердая обложка, твердыи, твердая, hardcover, hc, hb, relie, cartonne, "
            "tapa dura, gebunden, cased"
        ),
        F.PAPERBACK: (
            "paperback, softcover, мягкии переплет, мягкая обложка, мягкии, мягкая, rustica, kartoniert, "
            "broschiert, pb, trade paperback, broche, grand format, tapa blanda, taschenbuch, softback"
        ),
        F.POCKET: "pocket, mass market, mass market paperback, poche, format poche, livre de poche, bolsillo",
        F.BOOK: "book, livre, libro, buch, print, album",
        F.COMIC: "bd, bande dessinee, comic, comics, manga, graphic novel, roman graphique",
        F.BOARD: "board book, cartonne tout petit, livre cartonne, tout carton",
        F.EBOOK: "ebook, e book, epub, pdf, numerique, livre numerique, kindle, digital",
        F.AUDIO: "audio, audiobook, livre audio, audiolibro, horbuch, cd audio, mp3",
        F.VIDEO: "dvd, video, blu ray, film",
        F.MAP: "map, carte, mapa, karte, plan",
        F.MUSIC: "music, musique, cd, vinyl, vinyle, lp, sheet music, partition",
        F.CALENDAR: "calendar, calendrier, agenda, diary, kalender",
        F.GAME: "game, jeu, jeux, puzzle, jouet, toy, juego, spiel",
        F.STATIONERY: "stationery, papeterie, card, carte postale, notebook, carnet, papeleria",
        F.GOODS: "goods, other, autre, objet, gift, cadeau",
    }
)

# ISO 639-2/B and /T, and the names people write, to the shortest code.
LANGUAGE_WORDS: dict[str, str] = _table(
    {
        "fr": "fr, fre, французскии, fra, francais, french, frances, franzosisch, frans, francese",
        "en": "en, eng, англиискии, anglais, english, ingles, englisch, engels, inglese",
        "es": "es, spa, испанскии, espagnol, spanish, espanol, castellano, spanisch",
        "de": "de, ger, немецкии, deu, allemand, german, deutsch, aleman",
        "it": "it, ita, italien, italian, italiano",
        "pt": "pt, por, portugais, portuguese, portugues",
        "nl": "nl, dut, nld, neerlandais, dutch, nederlands",
        "da": "da, dan, danish",
        "sv": "sv, swe, swedish",
        "no": "no, nor, nob, nno, norwegian",
        "fi": "fi, fin, finnish",
        "pl": "pl, pol, polish, polonais",
        "cs": "cs, cze, ces, czech",
        "sk": "sk, slo, slk",
        "hu": "hu, hun",
        "ro": "ro, rum, ron",
        "ru": "ru, rus, russe, russian, русскии, ruso, russisch",
        "uk": "uk, ukr",
        "sr": "sr, srp, scc, serbian, srpski",
        "hr": "hr, hrv, scr",
        "sl": "sl, slv",
        "el": "el, gre, ell",
        "tr": "tr, tur",
        "ar": "ar, ara, arabe, arabic",
        "he": "he, heb, hebreu",
        "fa": "fa, per, fas",
        "ja": "ja, jpn, japonais, japanese",
        "zh": "zh, chi, zho, chinois, chinese",
        "ko": "ko, kor, coreen",
        "la": "la, lat, latin",
        "ca": "ca, cat, catalan",
        "eu": "eu, baq, eus, basque",
        "gl": "gl, glg",
        "oc": "oc, oci, occitan",
        "br": "br, bre, breton",
        "ga": "ga, gle",
        "cy": "cy, wel, cym",
        "is": "is, ice, isl",
        "lt": "lt, lit",
        "lv": "lv, lav",
        "et": "et, est",
        "bg": "bg, bul",
        "mk": "mk, mac, mkd",
        "sq": "sq, alb, sqi",
        "hi": "hi, hin",
        "bn": "bn, ben",
        "vi": "vi, vie",
        "th": "th, tha",
        "id": "id, ind",
        "ms": "ms, may, msa",
        "sw": "sw, swa",
        "eo": "eo, epo",
        "lb": "lb, ltz",
        "grc": "grc",
        "frm": "frm",
        "fro": "fro",
        "enm": "enm",
        "ang": "ang",
        "cr": "cre, cr",
        "iu": "iku, iu",
        "moh": "moh",
    }
)
UNKNOWN_LANGUAGES = frozenset({"und", "mul", "zxx", "mis"})

TRUE_WORDS = frozenset({"1", "true", "yes", "y", "oui", "o", "vrai", "si", "ja", "da", "x", "sim", "wahr"})

_ON_REQUEST = (
    "a consultar, a definir, a venir, auf anfrage, bajo consulta, call, call for price, consultar, "
    "contact us, demander, n a, na, na upit, nc, nous consulter, on request, op aanvraag, poa, por, price "
    "on request, prix sur demande, sob consulta, su richiesta, sur demande, tba, tbd "
)
PRICE_ON_REQUEST_WORDS = frozenset(_ON_REQUEST.strip().split(", "))

# Signs and abbreviations, lower case without spaces, to ISO 4217.
CURRENCY_SIGNS: dict[str, str] = _table(
    {
        "EUR": "€, euro, euros, евро, eur.",
        "XOF": "fcfa, cfa",
        "CHF": "fr., sfr, sfr.",
        "CAD": "ca$, c$, $ca, $can, dollarscanadiens, $canadiens",
        "USD": "us$, $us",
        "AUD": "a$, au$",
        "PLN": "zł, zl",
        "CZK": "kč",
        "HUF": "ft",
        "RON": "lei",
        "RSD": "din, din.",
        "RUB": "₽, руб, руб., рублей, рубля, р., р",
        "UAH": "₴",
        "INR": "₹",
        "ILS": "₪",
        "TRY": "₺",
        "KES": "ksh",
        "BRL": "r$",
        "MAD": "dh",
        "TND": "dt",
    }
)
# Signs several currencies share: they stand for the feed's own, if it is one of them.
AMBIGUOUS_SIGNS: dict[str, frozenset[str]] = {
    "$": frozenset({"CAD", "USD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "HKD", "SGD", "TWD", "UYU"}),
    "£": frozenset({"GBP", "EGP", "GIP", "FKP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "kr.": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "fr": frozenset({"CHF"}),
}
