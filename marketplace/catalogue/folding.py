"""The fold: facts of a title out of what every source says, fact by fact. The only writer of `ProductFacts`.

Rule, per fact: the better rank (`catalog_sync.titles.precedence`; below 0 an operator's edit, whose empty value counts
too), then the fuller value, then the newer one, then the name of the source, so that the result depends on nothing but
what is said, and a source that goes takes along what it brought.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from marketplace.catalogue import sale_limits, subjects
from marketplace.catalogue.sanitising import sanitise
from marketplace.foundation import bulk

PRODUCT_TITLE_LENGTH = 255  # Oscar's column
CONTRIBUTORS_TEXT_LENGTH = 500
SHOWN_ROLES = ("author", "editor", "illustrator")  # the first of them that a title has is shown beside it
SHOP_RANK = 3  # of `Statement.rank`: from here on a source is whoever sells, not the trade
_TABLE = "titles_productfacts"
_STAGE = "sync_facts"


class Statement(NamedTuple):
    """What one source says about one product."""

    product_id: int
    source: str
    rank: int  # 0 is believed first
    gtin: int | None
    title: str
    facts: dict[str, Any]  # names of catalog_sync.records.FACT_FIELDS; only those it knows
    synthetic: bool = False  # some of them are made up, for the demo
    said_at: float = 0.0  # seconds since 1970; of two that are as full the newer counts
    gone: bool = False  # its source lists the title no more


# Columns of ProductFacts that the fold writes, with their type in a temporary table (foundation.bulk).
COLUMNS: dict[str, str] = {
    "gtin": "bigint",
    "subtitle": "text",
    "contributors": "json",
    "contributors_text": "text",
    "publisher": "text",
    "series": "text",
    "series_number": "text",
    "language": "text",
    "form": "text",
    "pages": "integer",
    "publication_date": "date",
    "description": "text",
    "subject_codes": "json",
    "subject_path": "json",
    "audience": "text",
    "unit_size": "text",
    "tax_code": "text",
    "weight_grams": "integer",
    "territory": "text",
    "age_limit": "text",
    "cover_source": "text",
    "is_book": "boolean",
    "synthetic": "boolean",
    "provenance": "json",
}
_VAGUE_FORMS = {"book", "goods"}  # said by a source that does not know better
# How much a value says, of each fact; in the order in which `provenance` names them.
_FACTS: dict[str, Callable[[Any], int]] = {
    **dict.fromkeys(("subtitle", "publisher", "series", "series_number", "language"), len),
    **dict.fromkeys(("audience", "unit_size", "tax_code", "contributors", "subjects"), len),
    "form": lambda form: form not in _VAGUE_FORMS,
    "pages": lambda pages: 1,
    "publication_date": len,
    "description": len,
    "cover": lambda address: address.startswith("https"),
    "weight": lambda grams: 1,
    **dict.fromkeys(("territory", "age_limit"), lambda said: 1),
}
_json = json.JSONEncoder(
    ensure_ascii=False, check_circular=False
).encode  # `dumps` would make an encoder for each value
_LISTS = ("contributors", "subject_codes", "subject_path")


def is_book(gtin: int | None) -> bool:
    """An ISBN: 978 or 979, but not 979-0, which is printed music."""
    if gtin is None:
        return False
    return 9_780_000_000_000 <= gtin < 9_800_000_000_000 and not 9_790_000_000_000 <= gtin < 9_791_000_000_000


def fold(product_ids: Sequence[int], statements: Iterable[Statement], *, now: datetime, new: bool = False) -> set[int]:
    """Write the facts of these products that differ from what is stored, and Oscar's title with them; mark what changed
    for the index. `product_ids` are at most some thousands; `statements` are all there are about them. Returns the
    products that changed. `new`: none of them has facts yet. One query, one more where subjects of other schemes are
    mapped and, where something differs, two statements."""
    if not product_ids:
        return set()
    said: dict[int, list[Statement]] = {}
    for statement in statements:
        said.setdefault(statement.product_id, []).append(statement)
    stored = _titles(product_ids) if new else _stored(product_ids)
    loaded = cache(subjects.mappings)
    changed, retitled = [], 0
    for product_id in product_ids:
        title, upc, facts = stored.get(product_id, ("", None, None))
        if product_id not in said or product_id not in stored:
            continue
        gtin = (facts and facts["gtin"]) or (int(upc) if upc and upc.isdigit() else None)
        folded_title, folded = fold_one(said[product_id], gtin=gtin, loaded=loaded)
        if folded_title != title or folded != facts:
            changed.append((product_id, folded_title or title, folded))
            retitled += folded_title not in ("", title)
    _write(changed, now, retitled=retitled > 0)
    if not new:
        _show([product_id for product_id, _, _ in changed if stored[product_id][2] is None])
    return {product_id for product_id, _, _ in changed}


def forget(product_ids: Sequence[int]) -> None:
    """Titles of which no source says anything any more: without facts, and not shown. They come back with the next
    source. Their rows stay, since orders may name them."""
    if not product_ids:
        return
    among, ids = bulk.among(product_ids)
    bulk.execute(f"DELETE FROM {_TABLE} WHERE product_id {among}", ids)
    bulk.execute(f"UPDATE catalogue_product SET is_public = false WHERE id {among}", ids)


def _show(product_ids: Sequence[int]) -> None:
    """Titles that had been forgotten; not those that an operator has not said yes to."""
    if product_ids:
        among, ids = bulk.among(product_ids)
        bulk.execute(
            f"UPDATE catalogue_product SET is_public = true WHERE NOT is_public AND id {among} AND NOT EXISTS ("
            "SELECT 1 FROM titles_moderation m WHERE m.product_id = catalogue_product.id AND m.answer <> 'yes')",
            ids,
        )


def fold_one(
    statements: Sequence[Statement], *, gtin: int | None, loaded: Callable[[], subjects.Mappings] = dict
) -> tuple[str, dict[str, Any]]:
    """(title, columns of ProductFacts) for one product. The pure rule; no database but for what `loaded` asks."""
    title, said, provenance = _said_alone(*statements) if len(statements) == 1 else _best(statements)
    found = said.get
    people = [{"name": name, "role": role} for name, role in found("contributors") or ()]
    codes = subjects.thema_codes(found("subjects") or (), loaded)
    return title[:PRODUCT_TITLE_LENGTH], {
        "gtin": gtin,
        "subtitle": (found("subtitle") or "")[:300],
        "contributors": people,
        "contributors_text": contributors_text(people),
        "publisher": (found("publisher") or "")[:200],
        "series": (found("series") or "")[:200],
        "series_number": (found("series_number") or "")[:20],
        "language": (found("language") or "")[:3],
        "form": found("form") or "",
        "pages": found("pages"),
        "publication_date": whole_date(found("publication_date") or ""),
        "description": sanitise(found("description") or ""),
        "subject_codes": codes,
        "subject_path": subjects.path(codes[0]) if codes else [],
        "audience": (found("audience") or "")[:60],
        "unit_size": (found("unit_size") or "")[:60],
        "tax_code": (found("tax_code") or "")[:40],
        "weight_grams": found("weight"),
        "territory": found("territory") or "",
        "age_limit": _age_limit(said, statements, gtin),
        "cover_source": found("cover") or "",
        "is_book": is_book(gtin),
        "synthetic": any(s.synthetic and s.source in provenance.values() for s in statements),
        "provenance": provenance,
    }


def _age_limit(said: dict[str, Any], statements: Sequence[Statement], gtin: int | None) -> str:
    """As an operator states it, else the strictest of what is stated and of what follows from what any source says:
    neither silence nor one shop's lower figure lifts a limit."""
    stated = said.get("age_limit") or ""
    if "age_limit" in said and any(s.rank < 0 and "age_limit" in s.facts for s in statements):
        return stated
    limits = [limit for s in statements if (limit := sale_limits.implied(s.facts))]
    if not limits and not stated:
        return ""
    implied = [one for one in limits if one != sale_limits.ALCOHOL or not is_book(gtin)]
    return sale_limits.strictest([*implied, *(s.facts.get("age_limit") or "" for s in statements)])


def _said_alone(said: Statement) -> tuple[str, dict[str, Any], dict[str, str]]:
    """As `_best` of one: most titles that come new have a single source."""
    facts, source = said.facts, said.source
    known = {fact: facts[fact] for fact in _FACTS if facts.get(fact) or (said.rank < 0 and fact in facts)}
    return said.title, known, dict.fromkeys(["title", *known] if said.title else known, source)


def _best(statements: Sequence[Statement]) -> tuple[str, dict[str, Any], dict[str, str]]:
    """(title, the best of each fact that is said, the source of each)."""
    title, known, provenance = "", {}, {}
    if titled := [s for s in statements if s.title]:
        chosen = min(titled, key=lambda s: (s.rank, s.title.isupper(), -len(s.title), -s.said_at, s.source))
        title, provenance["title"] = chosen.title, chosen.source
    for fact, weight in _FACTS.items():
        found = [s for s in statements if s.facts.get(fact) or (s.rank < 0 and fact in s.facts)]
        if not found:
            continue
        if fact == "territory" and not (found := _binding(found, statements)):
            continue
        chosen = found[0]
        if len(found) > 1:
            full = {id(s): weight(s.facts[fact]) if s.facts[fact] else 0 for s in found}
            chosen = min(found, key=lambda s: (s.rank, -full[id(s)], -s.said_at, s.source))
        known[fact], provenance[fact] = chosen.facts[fact], chosen.source
    return title, known, provenance


def _binding(saying: list[Statement], statements: Sequence[Statement]) -> list[Statement]:
    """Of those that say where a title may be sold, whose word counts: the trade's, which has the rights; a shop's for
    what it alone lists, since it must not take a title from the others."""
    if trade := [s for s in saying if s.rank < SHOP_RANK]:
        return trade
    shops = {s.source for s in statements if s.rank >= SHOP_RANK}
    return saying if len(shops) == 1 else []


def contributors_text(people: Sequence[dict[str, str]]) -> str:
    """As shown beside a title: "Albert Camus, Jean Grenier"; of several roles the one that made the work."""
    for role in SHOWN_ROLES:
        names = [person["name"] for person in people if person["role"] == role]
        if names:
            return ", ".join(names)[:CONTRIBUTORS_TEXT_LENGTH]
    return ", ".join(person["name"] for person in people)[:CONTRIBUTORS_TEXT_LENGTH]


def whole_date(text: str) -> date | None:
    """A date as exact as known, as a day: the first of its month or year."""
    try:
        return date.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    except ValueError:
        return None


def _titles(product_ids: Sequence[int]) -> dict[int, tuple[str, str | None, None]]:
    """The same of products without facts: {product: (title, upc, None)}."""
    among, ids = bulk.among(product_ids)
    found = bulk.rows(f"SELECT id, title, upc FROM catalogue_product WHERE id {among}", ids)
    return {product_id: (title, upc, None) for product_id, title, upc in found}


def _stored(product_ids: Sequence[int]) -> dict[int, tuple[str, str | None, dict[str, Any] | None]]:
    """{product: (title, upc, facts as `fold_one` gives them, or None)}, without titles that were joined with another:
    those have no facts whoever still speaks of them. One query."""
    among, ids = bulk.among(product_ids)
    names = ", ".join(f"f.{name}" for name in COLUMNS)
    found = {}
    for product_id, title, upc, has_facts, *values in bulk.rows(
        f"SELECT p.id, p.title, p.upc, f.product_id, {names} FROM catalogue_product p"
        f" LEFT JOIN {_TABLE} f ON f.product_id = p.id WHERE p.id {among}"
        " AND NOT EXISTS (SELECT 1 FROM titles_productredirect d WHERE d.old_id = p.id)",
        ids,
    ):
        facts = None if has_facts is None else _read(values)
        found[product_id] = (title, upc, facts)
    return found


def _read(values: Sequence[Any]) -> dict[str, Any]:
    facts = dict(zip(COLUMNS, values, strict=True))
    for name in (*_LISTS, "provenance"):
        if isinstance(facts[name], str):
            facts[name] = json.loads(facts[name])
    if isinstance(facts["publication_date"], str):
        facts["publication_date"] = date.fromisoformat(facts["publication_date"])
    for name in ("is_book", "synthetic"):
        facts[name] = bool(facts[name])
    return facts


def _write(changed: list[tuple[int, str, dict[str, Any]]], now: datetime, *, retitled: bool) -> None:
    """One statement for the facts, one for Oscar's titles where one differs. What the fold does not know (the cover
    itself) stays."""
    if not changed:
        return
    kinds = {"product_id": "bigint", "title": "text", **COLUMNS}
    bulk.create_temporary(_STAGE, kinds)
    bulk.load(_STAGE, list(kinds), [(product_id, title, *_plain(facts)) for product_id, title, facts in changed])
    names = ", ".join(COLUMNS)
    updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    bulk.execute(
        f"INSERT INTO {_TABLE} (product_id, {names}, cover, updated_at)"
        f" SELECT product_id, {names}, '', %(now)s FROM {_STAGE} WHERE true ORDER BY product_id"
        f" ON CONFLICT (product_id) DO UPDATE SET {updates}, updated_at = excluded.updated_at",
        {"now": bulk.moment(now)},
    )
    if retitled:
        bulk.execute(
            f"UPDATE catalogue_product SET title = x.title, date_updated = %(now)s FROM {_STAGE} x"
            " WHERE x.product_id = catalogue_product.id AND catalogue_product.title <> x.title",
            {"now": bulk.moment(now)},
        )
    _want_covers(now, named=any(facts["cover_source"] for _product_id, _title, facts in changed))
    bulk.drop_temporary(_STAGE)


def _want_covers(now: datetime, *, named: bool) -> None:
    """Covers that a sender names are due to be fetched, and whoever fetches the one named before loses its lease; where
    nobody names one any more, none is shown."""
    if named:
        bulk.execute(
            "INSERT INTO titles_coverfetch (product_id, source, due_at, attempts, lease_token, last_error)"
            f" SELECT product_id, cover_source, %(now)s, 0, '', '' FROM {_STAGE} WHERE cover_source <> ''"
            " ON CONFLICT (product_id) DO UPDATE SET source = excluded.source, due_at = excluded.due_at, attempts = 0,"
            " parked_at = NULL, last_error = '', lease_until = NULL, lease_token = ''"
            " WHERE titles_coverfetch.source <> excluded.source",
            {"now": bulk.moment(now)},
        )
    bulk.execute(
        f"UPDATE {_TABLE} SET cover = '' WHERE cover <> '' AND product_id IN"
        f" (SELECT product_id FROM {_STAGE} WHERE cover_source = '')"
    )


def _plain(facts: dict[str, Any]) -> Iterable[Any]:
    """The values of columns in their order, JSON as text."""
    texts = {name: _json(facts[name]) if facts[name] else "[]" for name in _LISTS}
    texts["provenance"] = _provenance(tuple(facts["provenance"].items()))
    return (facts | texts).values()


@lru_cache(maxsize=4096)  # a list says much the same facts of all its titles
def _provenance(named: tuple[tuple[str, str], ...]) -> str:
    return _json(dict(named))
