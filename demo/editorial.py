"""The words of the demo's home page: its two editorial shelves, and picks signed by people of the shops.

Every number stands in the demo; several shops sell each (held by a test)."""

from __future__ import annotations

from typing import NamedTuple


class Shelf(NamedTuple):
    """One shelf of the home page, in the order it is shown. `gtins` are ISBN-13s."""

    title_fr: str
    title_en: str
    intro_fr: str
    intro_en: str
    gtins: tuple[str, ...]


class Pick(NamedTuple):
    """A title someone of a shop stands for."""

    gtin: str
    shop_slug: str
    signed: str
    text_fr: str
    text_en: str


class HomeText(NamedTuple):
    """The head of the home page."""

    title_fr: str
    title_en: str
    intro_fr: str
    intro_en: str


HOME = HomeText(
    title_fr="Le marché couvert des librairies d'ici",
    title_en="The covered market of local bookshops",
    intro_fr=(
        "Onze commerces indépendants du Québec, un seul panier. Cherchez un titre, voyez qui l'a maintenant, "
        "passez le prendre ou faites-le venir."
    ),
    intro_en=(
        "Eleven independent Québec shops, one basket. Look for a title, see who has it now, pick it up or have it sent."
    ),
)

SHELVES: tuple[Shelf, ...] = (
    Shelf(
        "Le Québec en une étagère",
        "Québec on one shelf",
        "De Saint-Henri à la Côte-Nord, dix livres pour entendre un pays parler.",
        "From Saint-Henri to the North Shore: ten books in which a country speaks.",
        (
            "9782999904538",
            "9782999904590",
            "9782999904637",
            "9782999904682",
            "9782999904743",
            "9782999904859",
            "9782999904965",
            "9782999905009",
            "9782999905146",
            "9782999905191",
        ),
    ),
    Shelf(
        "Lire en route",
        "Reading on the road",
        "Des livres qui partent : cabanes, pistes, îles et trains de nuit.",
        "Books that set off: cabins, tracks, islands and roads without end.",
        (
            "9782999907645",
            "9782999907676",
            "9782999907683",
            "9782999905443",
            "9782999903500",
            "9782999904187",
            "9780618260300",
            "9780770430078",
            "9780345391803",
            "9780385353304",
        ),
    ),
)

PICKS: tuple[Pick, ...] = (
    Pick(
        "9782999904965",
        "librairie-du-port",
        "Maude Tessier",
        "Je l'ai lu d'une traite un soir de tempête. Depuis, je l'offre à tous ceux qui disent ne plus croire aux "
        "recommencements.",
        "I read it in one sitting on a stormy night. I give it to all who think it too late to begin again.",
    ),
    Pick(
        "9782999905146",
        "encrier-de-limoilou",
        "Geneviève Otis",
        "Cent vingt pages qui se lisent comme on regarde la mer : il faut s'arrêter souvent.",
        "A hundred and twenty pages to be read as one looks at the sea: stop often.",
    ),
    Pick(
        "9782999904859",
        "deux-clochers",
        "Normand Lafrenière",
        "Dans une ville de poètes, on me demande souvent par où commencer. Par celui-ci, à voix haute.",
        "In a town of poets people ask me where to begin. With this one, aloud.",
    ),
    Pick(
        "9782999907645",
        "rive-outaouaise",
        "Priya Nair",
        "Le plus beau livre que je connaisse sur la lenteur. Les dessins valent le voyage à eux seuls.",
        "The finest book I know about going slowly. The drawings alone are worth the journey.",
    ),
    Pick(
        "9780385353304",
        "mile-end-pages",
        "Theo Okafor",
        "La fin du monde, une troupe de théâtre, et pourtant le livre le plus tendre de la table.",
        "The end of the world, a travelling theatre, and still the gentlest book on our table.",
    ),
    Pick(
        "9782999904187",
        "bulle-d-encre",
        "Étienne Roy",
        "Prévoyez un mouchoir et un dimanche libre. Puis prêtez-le à votre père.",
        "Have a handkerchief and a free Sunday ready. Then lend it to your father.",
    ),
)

FEATURED: frozenset[str] = frozenset(gtin for shelf in SHELVES for gtin in shelf.gtins) | {pick.gtin for pick in PICKS}
