"""The shops of the demo: made-up members of a co-operative network in Québec. Addresses name real streets, the numbers,
telephones and people are made up; amounts are cents of CAD, times are America/Toronto."""

from __future__ import annotations

from demo.shop_records import Delivery, DemoShop, Member

TIMEZONE = "America/Toronto"
CURRENCY = "CAD"
NETWORK_NAME = "Halles"


def _pickup() -> Delivery:
    return Delivery("pickup", "À prendre en boutique", "Pick up in the shop", days_max=0)


def _post(price_minor: int, free_above_minor: int | None = None) -> Delivery:
    name = ("Poste, partout au Canada", "Post, anywhere in Canada")
    return Delivery("post", *name, price_minor, free_above_minor, days_min=2, days_max=6, countries=("CA",))


def _bicycle(price_minor: int, *prefixes: str) -> Delivery:
    name = ("Coursier à vélo", "Bicycle courier")
    return Delivery("courier", *name, price_minor, 7500, days_max=1, countries=("CA",), postcode_prefixes=prefixes)


def _people(slug: str, owner: str, staff: str) -> tuple[Member, ...]:
    roles = ((owner, "owner", "patron"), (staff, "staff", "equipe"))
    people = ((name.partition(" "), role, word) for name, role, word in roles)
    return tuple(Member(f"{word}.{slug}@example.org", first, last, role) for (first, _, last), role, word in people)


_WEEK = ("10:00-18:00",) * 3 + ("10:00-20:00",) * 2 + ("10:00-17:00", "12:00-17:00")
_TUESDAY_ON = ("", "10:00-18:00", "10:00-18:00", "10:00-20:00", "10:00-20:00", "10:00-17:00", "")
_NOON_BREAK = ("09:30-12:00 13:00-17:30",) * 4 + ("09:30-12:00 13:00-20:00", "10:00-16:00", "")
_MARKET = ("08:00-18:00",) * 5 + ("08:00-18:00", "08:00-17:00")
_MONTREAL = ("H2", "H3", "H4")

SHOPS: tuple[DemoShop, ...] = (
    DemoShop(
        slug="librairie-du-port",
        name="Librairie du Port",
        line1="1318, rue Saint-Paul Est",
        city="Montréal",
        postcode="H2Y 1H2",
        latitude=45.5087,
        longitude=-73.5519,
        phone="514-555-0111",
        language="fr",
        description_fr=(
            "Une librairie générale à deux pas des quais : romans d'ici et d'ailleurs, histoire maritime et un "
            "grand mur de poches. On y lit à voix haute le jeudi soir."
        ),
        description_en=(
            "A general bookshop two steps from the quays: fiction from here and elsewhere, maritime history and "
            "a long wall of paperbacks. Readings on Thursday evenings."
        ),
        hours=_WEEK,
        delivery=(_pickup(), _bicycle(590, *_MONTREAL), _post(895, 8000)),
        members=_people("librairie-du-port", "Maude Tessier", "Karim Belhadj"),
        goods=("new_books", "french", "english", "children"),
        services=("step_free", "ordering", "wrapping", "readings"),
        feed_kind="onix",
        feed_dialect="onix30_reference",
        file_name="librairie-du-port.onix.xml",
        buffer=0,
        english=0.30,
        french=0.80,
    ),
    DemoShop(
        slug="encrier-de-limoilou",
        name="L'Encrier de Limoilou",
        line1="1874, 3e Avenue",
        city="Québec",
        postcode="G1L 2W5",
        latitude=46.8302,
        longitude=-71.2288,
        phone="418-555-0122",
        language="fr",
        description_fr=(
            "Librairie de quartier et coopérative de ses lecteurs. Littérature québécoise, essais, et un rayon "
            "autochtone tenu avec soin."
        ),
        description_en=(
            "A neighbourhood bookshop owned by its readers. Québec writing, essays, and a carefully kept "
            "Indigenous shelf."
        ),
        hours=_TUESDAY_ON,
        delivery=(_pickup(), _bicycle(650, "G1"), _post(950, 9000)),
        members=_people("encrier-de-limoilou", "Geneviève Otis", "Samuel Paradis"),
        goods=("new_books", "french", "children"),
        services=("ordering", "readings", "schools"),
        feed_kind="onix",
        feed_dialect="onix30_short",
        file_name="encrier-de-limoilou.xml",
        stock_kind="available",
        english=0.22,
        french=0.75,
    ),
    DemoShop(
        slug="deux-clochers",
        name="Librairie des Deux Clochers",
        line1="1533, rue des Forges",
        city="Trois-Rivières",
        postcode="G9A 1T6",
        latitude=46.3436,
        longitude=-72.5424,
        phone="819-555-0133",
        language="fr",
        description_fr=(
            "Depuis trois générations au centre-ville : poésie d'abord, puisque la ville en a fait sa fête, et "
            "tout ce qui se lit au chalet."
        ),
        description_en=(
            "Three generations downtown: poetry first, since the town celebrates it every autumn, and all that "
            "one reads at the cottage."
        ),
        hours=_NOON_BREAK,
        delivery=(_pickup(), _post(895, 7500)),
        members=_people("deux-clochers", "Normand Lafrenière", "Aïcha Diallo"),
        goods=("new_books", "french", "paper"),
        services=("ordering", "wrapping", "schools"),
        feed_kind="onix",
        feed_dialect="onix21",
        file_name="deux-clochers-onix21.xml",
        buffer=1,
        english=0.20,
        french=0.65,
    ),
    DemoShop(
        slug="rive-outaouaise",
        name="Librairie de la Rive outaouaise",
        line1="1147, rue Eddy",
        city="Gatineau",
        postcode="J8X 2L3",
        latitude=45.4285,
        longitude=-75.7150,
        phone="819-555-0144",
        language="fr",
        description_fr=(
            "Français et anglais côte à côte, comme les deux rives. Beaux rayons d'histoire, de politique et de voyage."
        ),
        description_en=(
            "French and English side by side, like the two banks of the river. Fine shelves of history, "
            "politics and travel."
        ),
        hours=_WEEK,
        delivery=(_pickup(), _bicycle(600, "J8", "K1"), _post(850, 7500)),
        members=_people("rive-outaouaise", "Luc Deschênes", "Priya Nair"),
        goods=("new_books", "french", "english"),
        services=("step_free", "ordering", "readings"),
        feed_kind="csv",
        feed_dialect="french_semicolon",
        file_name="rive-outaouaise-stock.csv",
        english=0.34,
        french=0.70,
        discount_percent=5,
    ),
    DemoShop(
        slug="mile-end-pages",
        name="Mile End Pages",
        line1="1266, rue Bernard Ouest",
        city="Montréal",
        postcode="H2V 1V6",
        latitude=45.5226,
        longitude=-73.6062,
        phone="514-555-0155",
        language="en",
        description_fr=(
            "La librairie anglophone du Mile End : romans, bandes dessinées, petits éditeurs et un chat nommé Comma."
        ),
        description_en=("Mile End's English bookshop: novels, comics, small presses and a cat called Comma."),
        hours=("11:00-19:00",) * 5 + ("10:00-18:00", "11:00-17:00"),
        delivery=(_pickup(), _bicycle(550, *_MONTREAL), _post(995, 6000)),
        members=_people("mile-end-pages", "Hannah Weiss", "Theo Okafor"),
        goods=("new_books", "english", "comics"),
        services=("ordering", "readings", "cafe"),
        feed_kind="csv",
        feed_dialect="english_comma",
        file_name="mile-end-pages-inventory.csv",
        english=0.50,
        french=0.06,
    ),
    DemoShop(
        slug="papier-verdun",
        name="Coop Papier Verdun",
        line1="1462, rue Wellington",
        city="Montréal",
        postcode="H4G 1V6",
        latitude=45.4589,
        longitude=-73.5708,
        phone="514-555-0166",
        language="fr",
        description_fr=(
            "Livres neufs et quelques occasions choisies, papeterie, et une table pour écrire ses lettres."
        ),
        description_en=("New books and a few chosen used ones, stationery, and a table for writing letters."),
        hours=_TUESDAY_ON,
        delivery=(_pickup(), _bicycle(500, *_MONTREAL), _post(895)),
        members=_people("papier-verdun", "Mélanie Cyr", "Jonas Pelletier"),
        kind="stationery",
        goods=("new_books", "used_books", "french", "paper"),
        services=("step_free", "wrapping", "cafe"),
        feed_kind="csv",
        feed_dialect="till_tab",
        file_name="papier-verdun-export.txt",
        english=0.36,
        french=0.55,
    ),
    DemoShop(
        slug="bulle-d-encre",
        name="Bulle d'encre",
        line1="1521, avenue du Mont-Royal Est",
        city="Montréal",
        postcode="H2J 1Z4",
        latitude=45.5262,
        longitude=-73.5774,
        phone="514-555-0177",
        language="fr",
        description_fr=(
            "Bandes dessinées, albums et romans pour jeunes lecteurs, avec des planches originales aux murs."
        ),
        description_en=("Comics, picture books and stories for young readers, with original pages on the walls."),
        hours=_WEEK,
        delivery=(_pickup(), _bicycle(550, *_MONTREAL), _post(895, 6500)),
        members=_people("bulle-d-encre", "Étienne Roy", "Catalina Ruiz"),
        kind="comics",
        goods=("new_books", "comics", "children", "french"),
        services=("step_free", "ordering", "schools"),
        feed_kind="xlsx",
        feed_dialect="workbook",
        file_name="bulle-d-encre-inventaire.xlsx",
        english=0.75,
        french=0.92,
        taste=("XA", "XQ", "YF", "YB", "FM", "FL"),
    ),
    DemoShop(
        slug="northern-lantern",
        name="Northern Lantern Books",
        line1="1190, rue Sherbrooke Ouest",
        city="Westmount",
        postcode="H3Z 1H2",
        latitude=45.4846,
        longitude=-73.5982,
        phone="514-555-0188",
        language="en",
        description_fr=("Romans, histoire et livres de cuisine en anglais, dans une ancienne pharmacie."),
        description_en=("Novels, history and cookery in English, in what used to be a pharmacy."),
        hours=("09:30-18:00",) * 5 + ("09:30-17:00", ""),
        delivery=(_pickup(), _post(950, 10000)),
        members=_people("northern-lantern", "Margaret Doyle", "Wei Chen"),
        goods=("new_books", "english"),
        services=("ordering", "wrapping"),
        feed_kind="shopify_csv",
        feed_dialect="shopify",
        file_name="northern-lantern-products_export.csv",
        stock_kind="available",
        english=0.40,
        french=0.03,
    ),
    DemoShop(
        slug="second-souffle",
        name="Le Second Souffle",
        line1="1329, rue Saint-Joseph Est",
        city="Québec",
        postcode="G1K 3B7",
        latitude=46.8147,
        longitude=-71.2243,
        phone="418-555-0199",
        language="fr",
        description_fr=("Livres d'occasion, éditions originales et exemplaires dédicacés, décrits avec franchise."),
        description_en=("Used books, first editions and signed copies, frankly described."),
        hours=("", "", "11:00-18:00", "11:00-18:00", "11:00-20:00", "10:00-17:00", "12:00-16:00"),
        delivery=(_pickup(), _post(795, 6000)),
        members=_people("second-souffle", "Raymond Gagné", "Inès Moreau"),
        kind="used_books",
        goods=("used_books", "rare_books", "french", "english"),
        services=("buying",),
        feed_kind="csv",
        feed_dialect="second_hand",
        file_name="second-souffle-catalogue.csv",
        english=0.38,
        french=0.50,
        discount_percent=45,
    ),
    DemoShop(
        slug="epicerie-des-quatre-vents",
        name="Épicerie des Quatre Vents",
        line1="1170, place du Marché-du-Nord",
        city="Montréal",
        postcode="H2S 1A1",
        latitude=45.5363,
        longitude=-73.6149,
        phone="514-555-0112",
        language="fr",
        description_fr=("Miels, confitures, farines et tisanes de petits producteurs d'ici, en bordure du marché."),
        description_en=("Honeys, jams, flours and herbal teas from small local producers, at the edge of the market."),
        hours=_MARKET,
        delivery=(_pickup(), _bicycle(500, *_MONTREAL), _post(1295, 9000)),
        members=_people("epicerie-des-quatre-vents", "Lucie Hamelin", "Diego Fuentes"),
        kind="food",
        goods=("food",),
        services=("step_free", "wrapping"),
        feed_kind="csv",
        feed_dialect="own_list",
        file_name="quatre-vents-liste.csv",
    ),
    DemoShop(
        slug="atelier-des-forges",
        name="Atelier des Forges",
        line1="1217, rue Hart",
        city="Trois-Rivières",
        postcode="G9A 4S1",
        latitude=46.3449,
        longitude=-72.5465,
        phone="819-555-0123",
        language="fr",
        description_fr=(
            "Céramique, papier fait main, bois et laine : le comptoir d'une douzaine d'artisans de la Mauricie."
        ),
        description_en=("Ceramics, handmade paper, wood and wool: the counter of a dozen makers of the Mauricie."),
        hours=_TUESDAY_ON,
        delivery=(_pickup(), _post(1195, 12000)),
        members=_people("atelier-des-forges", "Solange Ricard", "Olivier Thiffault"),
        kind="crafts",
        tax_registered=False,
        goods=("crafts", "paper"),
        services=("step_free", "wrapping"),
        feed_kind="google_merchant",
        feed_dialect="merchant_rss",
        file_name="atelier-des-forges-feed.xml",
        buffer=1,
    ),
)

SHOP_BY_SLUG: dict[str, DemoShop] = {shop.slug: shop for shop in SHOPS}
