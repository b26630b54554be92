"""The words of shop systems and spreadsheets, and what they mean in the canonical vocabularies: tables, nothing else.

Keys are folded by `cleaning.fold`: lower case, no accents, no punctuation, single spaces.
"""

from catalog_sync.records import Availability as A
from catalog_sync.records import Condition as C
from catalog_sync.records import Form as F

# Google Merchant, schema.org, Shopify, WooCommerce, Square and hand-kept lists in six languages.
AVAILABILITY_WORDS: dict[str, str] = {
    **dict.fromkeys(
        (
            "in stock", "instock", "in store only", "instoreonly", "limited availability", "limitedavailability",
            "available", "yes", "y", "true", "1", "oui", "en stock", "disponible", "en rayon", "en magasin", "dispo",
            "si", "en existencia", "auf lager", "lieferbar", "vorratig", "ja", "sofort lieferbar", "op voorraad",
            "disponibile", "in magazzino", "da", "na stanju", "em estoque", "active", "publish",
        ),
        A.IN_STOCK,
    ),
    **dict.fromkeys(
        (
            "backorder", "back order", "onbackorder", "on backorder", "available for order", "to order", "special order",
            "made to order", "madetoorder", "print on demand", "pod", "notify", "sur commande", "a commander",
            "en commande", "impression a la demande", "bajo pedido", "por encargo", "bestellbar", "auf bestellung",
            "op bestelling", "su ordinazione", "order", "orderable", "indent",
        ),
        A.ORDERABLE,
    ),
    **dict.fromkeys(
        (
            "preorder", "pre order", "presale", "presell", "not yet published", "forthcoming", "coming soon", "a paraitre",
            "precommande", "prochainement", "preventa", "vorbestellbar", "vorbestellung", "in vorbereitung",
            "proximamente", "np", "nyp",
        ),
        A.PREORDER,
    ),
    **dict.fromkeys(
        (
            "out of stock", "outofstock", "no stock", "sold out", "soldout", "no", "n", "false", "0", "non", "rupture",
            "en rupture", "rupture de stock", "en reimpression", "reimpression", "manquant", "indisponible",
            "temporairement indisponible", "temporarily unavailable", "temporarily out of stock", "reprinting", "agotado",
            "sin stock", "sin existencias", "nicht vorratig", "nicht lieferbar", "vergriffen", "nein", "niet op voorraad",
            "uitverkocht", "esaurito", "nema na stanju", "ne", "esgotado",
        ),
        A.TEMPORARILY_UNAVAILABLE,
    ),
    **dict.fromkeys(
        (
            "discontinued", "unavailable", "not available", "out of print", "op", "epuise", "arret de commercialisation",
            "arret definitif", "abandonne", "plus disponible", "withdrawn", "retire de la vente", "descatalogado",
            "draft", "archived", "private",
        ),
        A.UNAVAILABLE,
    ),
    **dict.fromkeys(("online only", "onlineonly", "download", "digital", "numerique", "telechargement"), A.DIGITAL),
    **dict.fromkeys(("unknown", "inconnu", "contact us", "nous consulter", "call"), A.UNKNOWN),
}

# A word without a grade ("used") counts as the lowest grade.
CONDITION_WORDS: dict[str, str] = {
    **dict.fromkeys(
        ("new", "n", "neuf", "neuve", "nouveau", "nuevo", "neu", "nuovo", "nieuw", "novo", "newcondition", "brand new"),
        C.NEW,
    ),
    **dict.fromkeys(
        (
            "as new", "like new", "likenew", "mint", "fine", "f", "nf", "near fine", "comme neuf", "quasi neuf", "etat neuf",
            "excellent", "excellent etat", "refurbished", "refurbishedcondition", "reconditionne", "como nuevo",
            "wie neu", "neuwertig", "open box",
        ),
        C.AS_NEW,
    ),
    **dict.fromkeys(
        ("very good", "vg", "verygood", "tres bon", "tres bon etat", "tbe", "muy bueno", "muy bien", "sehr gut", "sehr gut erhalten"),
        C.VERY_GOOD,
    ),
    **dict.fromkeys(("good", "g", "bon", "bon etat", "be", "bueno", "bien", "gut", "gut erhalten", "buono", "goed"), C.GOOD),
    **dict.fromkeys(
        (
            "acceptable", "fair", "poor", "used", "usedcondition", "second hand", "secondhand", "pre owned", "reading copy",
            "etat acceptable", "etat correct", "correct", "moyen", "etat moyen", "etat d usage", "usage", "use", "usagee",
            "mauvais etat", "passable", "occasion", "d occasion", "livre d occasion", "defraichi", "abime", "damaged",
            "damagedcondition", "usado", "segunda mano", "aceptable", "gebraucht", "akzeptabel", "usato", "tweedehands",
        ),
        C.ACCEPTABLE,
    ),
}

FORM_WORDS: dict[str, str] = {
    **dict.fromkeys(("hardback", "hardcover", "hc", "hb", "relie", "cartonne", "tapa dura", "gebunden", "cased"), F.HARDBACK),
    **dict.fromkeys(
        ("paperback", "softcover", "pb", "trade paperback", "broche", "grand format", "tapa blanda", "taschenbuch", "softback"),
        F.PAPERBACK,
    ),
    **dict.fromkeys(("pocket", "mass market", "mass market paperback", "poche", "format poche", "livre de poche", "bolsillo"), F.POCKET),
    **dict.fromkeys(("book", "livre", "libro", "buch", "print", "album", "bd", "manga", "comic", "graphic novel"), F.BOOK),
    **dict.fromkeys(("ebook", "e book", "epub", "pdf", "numerique", "livre numerique", "kindle", "digital"), F.EBOOK),
    **dict.fromkeys(("audio", "audiobook", "livre audio", "audiolibro", "horbuch", "cd audio", "mp3"), F.AUDIO),
    **dict.fromkeys(("dvd", "video", "blu ray", "film"), F.VIDEO),
    **dict.fromkeys(("map", "carte", "mapa", "karte", "plan"), F.MAP),
    **dict.fromkeys(("music", "musique", "cd", "vinyl", "vinyle", "lp", "sheet music", "partition"), F.MUSIC),
    **dict.fromkeys(("calendar", "calendrier", "agenda", "diary", "kalender"), F.CALENDAR),
    **dict.fromkeys(("game", "jeu", "jeux", "puzzle", "jouet", "toy", "juego", "spiel"), F.GAME),
    **dict.fromkeys(("stationery", "papeterie", "card", "carte postale", "notebook", "carnet", "papeleria"), F.STATIONERY),
    **dict.fromkeys(("goods", "other", "autre", "objet", "gift", "cadeau"), F.GOODS),
}

# ISO 639-2/B and /T, and the names people write, to the shortest code.
LANGUAGE_WORDS: dict[str, str] = {
    **{code: code for code in "fr en es de it pt nl da sv no fi pl cs sk hu ro ru uk sr hr sl el tr ar he fa ja zh ko la ca eu gl oc br ga cy is lt lv et bg mk sq hi bn vi th id ms sw eo lb".split()},
    **dict(fre="fr", fra="fr", francais="fr", french="fr", frances="fr", franzosisch="fr", frans="fr", francese="fr"),
    **dict(eng="en", anglais="en", english="en", ingles="en", englisch="en", engels="en", inglese="en"),
    **dict(spa="es", espagnol="es", spanish="es", espanol="es", castellano="es", spanisch="es"),
    **dict(ger="de", deu="de", allemand="de", german="de", deutsch="de", aleman="de"),
    **dict(ita="it", italien="it", italian="it", italiano="it", por="pt", portugais="pt", portuguese="pt", portugues="pt"),
    **dict(dut="nl", nld="nl", neerlandais="nl", dutch="nl", nederlands="nl", dan="da", danish="da", swe="sv", swedish="sv"),
    **dict(nor="no", nob="no", nno="no", norwegian="no", fin="fi", finnish="fi", pol="pl", polish="pl", polonais="pl"),
    **dict(cze="cs", ces="cs", czech="cs", slo="sk", slk="sk", hun="hu", rum="ro", ron="ro", rus="ru", russe="ru", russian="ru"),
    **dict(ukr="uk", srp="sr", scc="sr", serbian="sr", srpski="sr", hrv="hr", scr="hr", slv="sl", gre="el", ell="el"),
    **dict(tur="tr", ara="ar", arabe="ar", arabic="ar", heb="he", hebreu="he", per="fa", fas="fa", jpn="ja", japonais="ja"),
    **dict(japanese="ja", chi="zh", zho="zh", chinois="zh", chinese="zh", kor="ko", coreen="ko", lat="la", latin="la"),
    **dict(cat="ca", catalan="ca", baq="eu", eus="eu", basque="eu", glg="gl", oci="oc", occitan="oc", bre="br", breton="br"),
    **dict(gle="ga", wel="cy", cym="cy", ice="is", isl="is", lit="lt", lav="lv", est="et", bul="bg", mac="mk", mkd="mk"),
    **dict(alb="sq", sqi="sq", hin="hi", ben="bn", vie="vi", tha="th", ind="id", may="ms", msa="ms", swa="sw", epo="eo"),
    **dict(ltz="lb", grc="grc", frm="frm", fro="fro", enm="enm", ang="ang", cre="cr", iku="iu", cr="cr", iu="iu", moh="moh"),
}  # fmt: skip
UNKNOWN_LANGUAGES = frozenset({"und", "mul", "zxx", "mis"})

TRUE_WORDS = frozenset({"1", "true", "yes", "y", "oui", "o", "vrai", "si", "ja", "da", "x", "sim", "wahr"})

PRICE_ON_REQUEST_WORDS = frozenset(
    {
        *("na upit", "on request", "price on request", "poa", "por", "sur demande", "prix sur demande", "nous consulter"),
        *("call", "call for price", "contact us", "auf anfrage", "consultar", "a consultar", "bajo consulta", "su richiesta"),
        *("op aanvraag", "tbd", "tba", "n a", "na", "nc", "a venir", "a definir", "sob consulta", "demander"),
    }
)

# Signs and abbreviations, lower case without spaces, to ISO 4217.
CURRENCY_SIGNS: dict[str, str] = {
    **{"€": "EUR", "euro": "EUR", "euros": "EUR", "fcfa": "XOF", "cfa": "XOF", "fr.": "CHF", "sfr": "CHF", "sfr.": "CHF"},
    **{"ca$": "CAD", "c$": "CAD", "$ca": "CAD", "$can": "CAD", "us$": "USD", "$us": "USD", "a$": "AUD", "au$": "AUD"},
    **{"zł": "PLN", "zl": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "din": "RSD", "din.": "RSD", "₽": "RUB"},
    **{"руб": "RUB", "руб.": "RUB", "₴": "UAH", "₹": "INR", "₪": "ILS", "₺": "TRY", "ksh": "KES", "r$": "BRL"},
    **{"dh": "MAD", "dt": "TND"},
}
# Signs several currencies share: they stand for the feed's own, if it is one of them.
AMBIGUOUS_SIGNS: dict[str, frozenset[str]] = {
    "$": frozenset({"CAD", "USD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "HKD", "SGD", "TWD", "UYU"}),
    "£": frozenset({"GBP", "EGP", "GIP", "FKP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "kr.": frozenset({"SEK", "NOK", "DKK", "ISK"}),
    "fr": frozenset({"CHF"}),
}
