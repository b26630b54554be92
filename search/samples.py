"""A small catalogue made for the engines' tests, and what a search of it must find, counted by hand.

The well-known titles are real works; their numbers, prices and shops are made up.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from hypothesis import strategies as st

from search import text
from search.documents import TitleDocument
from search.engines.query import FACETS, PRICE_STEPS_MINOR, Query, Sort

SHOPS = tuple(range(1, 13))
_KNOWN = """
L'Étranger|Albert Camus|||Gallimard|fr|9782070360024
La Peste|Camus, Albert|||Gallimard|fr|9782070360420
Le Petit Prince|Saint-Exupéry, Antoine de|||Gallimard|fr|9782070612758
Vol de nuit|Antoine de Saint-Exupéry|||Gallimard|fr|9782070360048
L'Œuvre au noir|Marguerite Yourcenar|||Gallimard|fr|
Les Misérables|Victor Hugo|||Pocket|fr|
Notre-Dame de Paris|Victor Hugo|||Pocket|fr|
Astérix le Gaulois|René Goscinny;Albert Uderzo|Astérix|1|Hachette|fr|
Astérix et Cléopâtre|René Goscinny;Albert Uderzo|Astérix|Tome 6|Hachette|fr|
Astérix aux Jeux olympiques|René Goscinny;Albert Uderzo|Astérix|T12|Hachette|fr|
Obélix et compagnie|René Goscinny;Albert Uderzo|Astérix|23|Hachette|fr|
Aujourd'hui peut-être|Françoise Hardelin|||Minuit|fr|
Jusqu'à l'aube|Léa d'Ormesson|||Minuit|fr|
Qu'est-ce que la littérature ?|Jean-Paul Sartre|||Gallimard|fr|
Le Porte-monnaie|Éloïse Bêchard|||Actes|fr|
Vingt mille lieues sous les mers|Jules Verne|||Hachette|fr|
Le Tour du monde en quatre-vingts jours|Jules Verne|||Hachette|fr|
Chroniques de l’oiseau à ressort|Haruki Murakami|||Seuil|fr|
The Lord of the Rings|J. R. R. Tolkien|||Allen|en|9780261103252
The Hobbit|J.R.R. Tolkien|||Allen|en|
Harry Potter and the Philosopher's Stone|J.K. Rowling|Harry Potter|1|Bloomsbury|en|
Harry Potter and the Chamber of Secrets|J.K. Rowling|Harry Potter|2|Bloomsbury|en|
Master and Commander|Patrick O'Brian|Aubrey–Maturin|1|Collins|en|
Post Captain|Patrick O’Brian|Aubrey–Maturin|2|Collins|en|
Nineteen Eighty-Four|George Orwell|||Secker|en|
Animal Farm|Orwell, George|||Secker|en|
The Catcher in the Rye|J. D. Salinger|||Little|en|043965548X
Pride and Prejudice|Jane Austen|||Penguin|en|
Wuthering Heights|Emily Brontë|||Penguin|en|
Programming in C++|Ada Quill|||Prentice|en|
"""
_NOUNS = (
    *("jardin", "rivière", "montagne", "ombre", "lumière", "silence", "marée", "forêt"),
    *("harbour", "lantern", "meadow", "winter", "orchard", "compass"),
)
_OF = ("du nord", "de minuit", "des anges", "d'hiver", "of salt", "at dawn", "in exile", "and the sea")
_NAMES = ("Anne Delorme", "Marc Vasseur", "Inès Lacaze", "Paul Winters", "Grace Holloway", "Tom Ashdown")
_SUBJECTS = (("F", "FB"), ("F", "FF"), ("Y", "YB"), ("D", "DC"), ("D",), ())
_CONDITIONS = (("new",), ("new", "good"), ("good",), ("as_new", "good"), ())

# A title, and what readers type who mean it.
SPELLINGS = [
    ("L'Étranger", ["etranger", "L’ÉTRANGER", "l' étranger", "l etranger", "letranger"]),
    ("L'Étranger", ["étrangers", "E\u0301tranger", "etrangre"]),
    ("L'Œuvre au noir", ["oeuvre au noir", "l'œuvre", "L`OEUVRE", "loeuvre au noir", "œuvres noires"]),
    ("Aujourd'hui peut-être", ["aujourd’hui", "aujourdhui", "aujourd'hui peut etre", "aujourd'ui"]),
    ("Aujourd'hui peut-être", ["peut‑être hardelin", "aujourdhui francoise"]),
    ("Jusqu'à l'aube", ["jusqu’à l’aube", "a l'aube", "aube ormesson", "l'aube d'ormesson", "jusqu'a laube"]),
    ("Le Petit Prince", ["petit prince", "LE PETIT PRINCE", "petit prnice", "prince saint-exupéry", '"petit prince"']),
    ("Le Porte-monnaie", ["porte-monnaie", "porte monnaie", "portemonnaie", "porte–monnaies", "porte\u00admonnaie"]),
    ("Astérix aux Jeux olympiques", ["astérix 12", "asterix tome 12", "Astérix T12", "asterix n° 12"]),
    ("Astérix aux Jeux olympiques", ["jeux olympique", "uderzo olympiques"]),
    ("Qu'est-ce que la littérature ?", ["qu'est-ce que la litterature", "sartre litterature", "literature sartre"]),
    ("The Lord of the Rings", ["lord rings", "lord of the ring", "tolkien jrr rings", "j.r.r. tolkien lord"]),
    ("The Lord of the Rings", ["lrod of the rings", "J R R Tolkien rings"]),
    ("Master and Commander", ["o'brian commander", "obrian master", "O’Brian commanders", "brian commander"]),
    ("Nineteen Eighty-Four", ["nineteen eighty four", "eightyfour", "orwell george nineteen", "ninteen eighty-four"]),
    ("Harry Potter and the Philosopher's Stone", ["harry potter 1", "philosophers stone", "philosopher’s rowling"]),
    ("Programming in C++", ["c++", "C++ programming", "programing c++"]),
    ("Wuthering Heights", ["wutheringheights", "wuther ing heights", "wuthering hehts"]),
    ("Astérix et Cléopâtre", ["astériks et kléopatre", "gossini kleopatre"]),
    ("Chroniques de l’oiseau à ressort", ["kronik de l'oizo", "oiseau mourakami"]),
    ("Notre-Dame de Paris", ["notredame de paris", "notre damede paris", "pari notre dame"]),
    ("Astérix le Gaulois", ["astérix", "Asterix 1", "astérix n°1", "asterix vol. 1"]),
    ("Wuthering Heights", ["bronte wuthering", "brontë heights", "wutherring heights"]),
]
ISBNS = [
    ("L'Étranger", ["9782070360024", "978-2-07-036002-4", "2070360024", "ISBN 2-07-036002-4"]),
    ("L'Étranger", ["isbn-13: 978 2 07 036002 4", "\uff12\uff10\uff17\uff10\uff13\uff16\uff10\uff10\uff12\uff14"]),
    ("The Catcher in the Rye", ["043965548X", "0-439-65548-x", "9780439655484", "978–0–439–65548–4"]),
    ("The Catcher in the Rye", ["EAN 9780439655484", "urn:isbn:043965548X", " 0 439 65548 X "]),
]
HOSTILE = [
    *("\x00", "\ud800", "(", '"', '""', "a AND", "title:x^9~2", "/.*/", "[a TO", "\\", "*", "-+!", "a" * 10_000),
    *("mot " * 3_000, "\u202e\u0007abc", "🙂🙂🙂", "'" * 500, "l'" * 500, "é" * 70_000, "9" * 40, "a-" * 300, "⊢ le"),
    *(
        "\u202e",
        "a\x00b",
        "\ud83dle petit",
        "a" * 3 + "\u0301" * 5_000,
        "1" * 300,
        "% _ ' ; --",
        "<script>",
        "\x1f\x1f",
    ),
]


_several = {
    "shops": st.none() | st.frozensets(st.integers(1, 14), max_size=4),
    "within": st.none() | st.frozensets(st.integers(1, 14), min_size=1, max_size=8),
    "subjects": st.lists(st.sampled_from(["F", "FB", "FF", "Y", "D", "DC", "ZZ"]), max_size=2, unique=True).map(tuple),
    "under": st.sampled_from(["", "", "F", "FB", "ZZ"]),
    "authors": st.sampled_from([(), (), ("albert camus",), ("anne delorme", "austen jane")]),
    "publishers": st.sampled_from([(), (), ("editions du lac",)]),
    "series": st.sampled_from([(), (), (), ("asterix",), ("harry potter", "xx")]),
    "languages": st.lists(st.sampled_from(["fr", "en", "de", "xx"]), max_size=2, unique=True).map(tuple),
    "forms": st.lists(st.sampled_from(["paperback", "hardback", "pocket"]), max_size=2, unique=True).map(tuple),
    "audiences": st.sampled_from([(), (), ("children",), ("general", "children")]),
    "conditions": st.lists(st.sampled_from(["new", "good", "as_new"]), max_size=2, unique=True).map(tuple),
}
_numbers = {
    "price_from_minor": st.none() | st.integers(-5, 9_000),
    "price_to_minor": st.none() | st.integers(-5, 12_000),
    "published_from": st.none() | st.just(19_980_110),
    "published_to": st.none() | st.just(20_000_101),
    "added_from": st.none() | st.just(20_260_201),
}
QUERIES = st.builds(
    Query,
    text=st.sampled_from(["", "", "jardin", "ombre nord", "winters", "lumières", "histoire", "lantern exile"]),
    orderable=st.booleans(),
    available=st.booleans(),
    picked=st.sampled_from([False, False, True]),
    published_spans=st.just(((20_240_101, None), (19_980_101, 20_231_231), (None, 19_971_231))),
    favoured=st.frozensets(st.integers(1, 12), max_size=3),
    sort=st.sampled_from(list(Sort)),
    page_size=st.just(50),
    facets=st.just(FACETS),
    **_several,
    **_numbers,
)


def catalogue(number: int = 300) -> list[TitleDocument]:
    """Always the same titles; ids from 1 on, the well-known ones first."""
    chance = random.Random(20260301)
    known = [line.split("|") for line in _KNOWN.strip().splitlines()]
    made: list[list[str]] = []
    while len(known) + len(made) < number:
        title = f"{chance.choice(_NOUNS)} {chance.choice(_OF)}".capitalize()
        made.append([title, chance.choice(_NAMES), "", "", "Éditions du Lac", chance.choice(["fr", "en", "de"]), ""])
    return [_document(product_id, row, chance) for product_id, row in enumerate([*known, *made], 1)]


def title(product_id: int, *, title: str = "Jardin", **facts: object) -> TitleDocument:
    """A title about which nothing more is known than what is said."""
    return TitleDocument(product_id=product_id, title=title, **facts)  # type: ignore[arg-type]


def expected(documents: Iterable[TitleDocument], query: Query) -> tuple[set[int], dict[str, dict[object, int]]]:
    """The ids that match a query and each wanted facet's counts, by looking at every title."""
    tests = _tests(query)
    ids: set[int] = set()
    counts: dict[str, Counter[object]] = {name: Counter() for name in FACETS if name in query.facets}
    for document in documents:
        failed = {name for name, test in tests.items() if not test(document)}
        if not failed:
            ids.add(document.product_id)
        for name, counter in counts.items():
            if failed <= {name}:
                counter.update(_values(document, name, query))
    return ids, {name: dict(counter) for name, counter in counts.items()}


def has_words(document: TitleDocument, typed: str) -> bool:
    """Each word, or another form of it, is somewhere in the title's facts."""
    facts = (
        document.title,
        document.subtitle,
        *document.contributors,
        document.series,
        document.publisher,
        document.subject_labels,
        document.description,
    )
    known = {token for fact in facts for token in (*text.tokens(fact), *text.stemmed(text.words(fact)).split())}
    return all(
        known.intersection((part, *stems))
        for word in text.words(typed)
        for part, stems in zip(word.parts, word.stems, strict=True)
    )


def _document(product_id: int, row: list[str], chance: random.Random) -> TitleDocument:
    title, names, series, number, publisher, language, gtin = row
    conditions = chance.choice(_CONDITIONS)
    shops = tuple(chance.sample(SHOPS, chance.choice([0, 0, 1, 2, 3, 5])))
    price = chance.randrange(300, 12_000)
    subjects = chance.choice(_SUBJECTS)
    return TitleDocument(
        product_id=product_id,
        title=title,
        gtin=text.isbn_query(gtin) if gtin else None,
        contributors=tuple(names.split(";")),
        series=series,
        series_number=number,
        publisher=publisher,
        subjects=subjects,
        subject_labels={"F": "Romans Fiction", "Y": "Jeunesse Children", "D": "Poésie Poetry"}.get(
            "".join(subjects)[:1], ""
        ),
        description="Une histoire d'aujourd'hui." if language == "fr" else "A story of our time.",
        language=language,
        form=chance.choice(["paperback", "hardback", "pocket"]),
        audience=("", "general", "children")[product_id % 3],
        picked=product_id % 5 == 0,
        conditions=conditions,
        shops_in_stock=shops if conditions else (),
        shops_orderable=tuple(chance.sample(SHOPS, chance.choice([0, 1, 2]))),
        price_new_minor=price if "new" in conditions else None,
        price_used_minor=price // 2 if set(conditions) - {"new"} else None,
        publication_ordinal=chance.choice([None, 19420519, 19980101 + chance.randrange(28), 20240301]),
        popularity=chance.choice([0, 0, 10, 500]),
        added_ordinal=chance.choice([20260101, 20260228]),
    )


def _tests(query: Query) -> dict[str, Callable[[TitleDocument], bool]]:
    """The filters a query has, by the facet's name where there is one."""
    tests: dict[str, Callable[[TitleDocument], bool]] = {}
    if query.text:
        tests["text"] = lambda document: has_words(document, query.text)
    if query.within is not None:
        within = query.within
        tests["within"] = lambda document: bool(within & _shops(document, query))
    if query.shops is not None:
        chosen = query.shops if query.within is None else query.shops & query.within
        tests["shop"] = lambda document: bool(chosen & _shops(document, query))
    if query.available and query.shops is None and query.within is None:
        tests["available"] = lambda document: bool(_shops(document, query))
    if query.under:
        tests["under"] = lambda document: query.under in document.subjects
    for wanted, names in (
        (query.authors, lambda document: map(text.name_key, document.contributors)),
        (query.publishers, lambda document: [text.key(document.publisher)]),
        (query.series, lambda document: [text.key(document.series)]),
    ):
        if wanted:
            tests[f"names {wanted}"] = partial(_is_named, wanted, names)
    for name, values in _choices(query).items():
        if values:
            tests[name] = partial(_has_one, query, name, values)
    price_range, published = (query.price_from_minor, query.price_to_minor), (query.published_from, query.published_to)
    if price_range != (None, None):
        tests["price"] = lambda document: _between(_price(document, query), *price_range)
    if published != (None, None):
        tests["published"] = lambda document: _between(document.publication_ordinal, *published)
    if query.picked:
        tests["picked"] = lambda document: document.picked
    if query.added_from is not None:
        tests["added"] = lambda document: _between(document.added_ordinal, query.added_from, None)
    return tests


def _is_named(
    wanted: tuple[str, ...], names: Callable[[TitleDocument], Iterable[str]], document: TitleDocument
) -> bool:
    return not set(wanted).isdisjoint(names(document))


def _has_one(query: Query, name: str, values: tuple[str, ...], document: TitleDocument) -> bool:
    return not set(values).isdisjoint(_values(document, name, query))


def _choices(query: Query) -> dict[str, tuple[str, ...]]:
    return {
        "subject": query.subjects,
        "language": query.languages,
        "form": query.forms,
        "audience": query.audiences,
        "condition": query.conditions,
    }


def _values(document: TitleDocument, facet: str, query: Query) -> Sequence[object]:
    if facet == "shop":
        return [shop for shop in _shops(document, query) if query.within is None or shop in query.within]
    if facet == "price":
        price = _price(document, query)
        return [] if price is None else [_span(price)]
    if facet == "published":
        day = document.publication_ordinal
        return [span for span in query.published_spans if _between(day, *span)]
    return {
        "subject": document.subjects,
        "language": (document.language,),
        "form": (document.form,),
        "audience": (document.audience,) if document.audience else (),
        "condition": document.conditions,
    }[facet]


def _shops(document: TitleDocument, query: Query) -> set[int]:
    if query.on_shelf:
        return set(document.shops_on_shelf)
    return {*document.shops_in_stock, *(document.shops_orderable if query.orderable else ())}


def _price(document: TitleDocument, query: Query) -> int | None:
    if query.conditions == ("new",):
        return document.price_new_minor
    if query.conditions and "new" not in query.conditions:
        return document.price_used_minor
    prices = [price for price in (document.price_new_minor, document.price_used_minor) if price is not None]
    return min(prices, default=None)


def _span(price: int) -> tuple[int | None, int | None]:
    low = max((step for step in PRICE_STEPS_MINOR if step <= price), default=None)
    high = min((step - 1 for step in PRICE_STEPS_MINOR if step > price), default=None)
    return low, high


def _between(number: int | None, low: int | None, high: int | None) -> bool:
    return number is not None and (low is None or number >= low) and (high is None or number <= high)
