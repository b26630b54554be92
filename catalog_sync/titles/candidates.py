"""New articles without a GTIN, compared with the titles there are: found by block, scored, and matched or asked about.

A *block* is a text that two descriptions of one title nearly always share (`describing.block_keys`); `TitleBlock` is
the index from its hash to titles. It is derived: titles that a first list makes are filed by a step, or when somebody
asks before it, others where their facts are folded. A block with more than MOST titles in it says nothing and is
passed over, so that an article is compared with a bounded number of them.

From `likeness.HIGH` on an article is that title, from LOW on it is a question for the operator and is not sold until
it is answered, below it is a new title; where several titles reach HIGH, it is a question too. Two exceptions: a title
that this shop alone has without a number, or another new article of the same list, is the same from HIGH on and else
another one: a shop knows what it lists twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from catalog_sync.banding import APPLY, PLAN
from catalog_sync.hashing import stable_hashes
from catalog_sync.models import Feed
from catalog_sync.titles.describing import Described, block_keys, described
from catalog_sync.titles.likeness import HIGH, LOW, Likeness, score
from marketplace.foundation import bulk

QUESTION = "question"
MOST = 50  # titles in a block
_ASKED, _FOUND, _FILED = "sync_asked_blocks", "sync_alike", "sync_filed"
_BATCH = 2000
_FILE_BATCH = 2000  # the write lock is held for a fraction of a second
_NOTHING = 0  # the block of titles that have no words: they are filed, and nobody finds them
# Titles made by a transaction that was open when the last were filed have lower numbers than those.
_OVERLAP = 100_000
_LACKING = f"c.is_new AND c.gtin IS NULL AND c.product_id IS NULL AND c.verdict = '{APPLY}' AND c.title <> ''"


_COMPARED = ("subtitle", "publisher", "publication_date", "language", "form", "unit_size", "series_number")


class Candidate(NamedTuple):
    """A title that an article may be. `alone`: only this shop has it, under a number of its own."""

    product_id: int
    likeness: Likeness
    alone: bool = False


def own_code(shop_id: int, sku: str) -> str:
    """Oscar's `code` of a title without a GTIN that one shop has brought."""
    return f"shop-{shop_id}:{sku}"


def compare(feed: Feed) -> None:
    """Match the plan's new articles without a GTIN, or make questions of them. Where there are none, one query."""
    if not bulk.rows(f"SELECT 1 FROM {PLAN} c WHERE {_LACKING} LIMIT 1"):
        return
    file_new()
    bulk.create_temporary(_ASKED, {"n": "bigint", "key": "bigint"}, key="key")
    for batch in _batches(_lacking()):  # read to its end before: during a COPY the connection answers nothing else
        bulk.load(_ASKED, ["n", "key"], [(n, key) for n, _sku, of in batch for key in _keys(of)])
    bulk.index(_ASKED, "n")
    bulk.analyse(_ASKED, "n", "key")
    for batch in _batches(_lacking()):
        _settle(feed, batch)
    bulk.drop_temporary(_ASKED, _FOUND)


def candidates(wanted: dict[Any, Described], *, shop_ids: dict[Any, int]) -> dict[Any, list[Candidate]]:
    """Titles that each of these descriptions may be, from LOW on, the likest first. Two queries."""
    names = list(wanted)
    asked = [(place, key) for place, name in enumerate(names) for key in _keys(wanted[name])]
    by_key = defaultdict(set)
    among, keys = bulk.among({key for _place, key in asked})
    for key, product_id in bulk.rows(_IN_BLOCKS.format(among=among), {**keys, "most": MOST}):
        by_key[key].add(product_id)
    pairs: dict[int, set[int]] = defaultdict(set)
    for place, key in asked:
        pairs[place] |= by_key[key]
    titles = _titles({product_id for found in pairs.values() for product_id in found})
    return {name: _scored(wanted[name], pairs[place], titles, shop_ids[name]) for place, name in enumerate(names)}


def file_new() -> int:
    """File the titles that are in no block yet. Returns how many were. Derived rows: a dry run may write them too."""
    filed = 0
    while count := _file_next():
        filed += count
    return filed


def file_titles(now: datetime) -> int:
    """The step: file the next titles that are in no block yet. Returns how many."""
    return _file_next()


def _file_next() -> int:
    rows = bulk.rows(_UNFILED, {"overlap": _OVERLAP, "most": _FILE_BATCH})
    if rows:
        _file(rows)
    return len(rows)


def refile(product_ids: Collection[int]) -> None:
    """File titles anew whose facts have changed. Those above all that are filed wait for `file_new`: it goes on from
    the highest, and would pass over the ones before it."""
    if not product_ids:
        return
    among, ids = bulk.among(product_ids)
    named = bulk.rows(f"{_NAMED} WHERE p.id {among} AND p.id <= {_HIGHEST_FILED}", ids)
    bulk.execute(f"DELETE FROM catalog_sync_titleblock WHERE product_id {among}", ids)
    _file(named)


def _file(rows: Iterable[tuple[int, str, str, Any]]) -> None:
    found = [
        (product_id, key)
        for product_id, title, subtitle, people in rows
        for key in _keys(described(title, {"subtitle": subtitle, "contributors": _read(people)})) or [_NOTHING]
    ]
    bulk.create_temporary(_FILED, {"product_id": "bigint", "key": "bigint"})
    bulk.load(_FILED, ["product_id", "key"], found)
    bulk.execute(
        "INSERT INTO catalog_sync_titleblock (key, product_id)"
        f" SELECT DISTINCT key, product_id FROM {_FILED} WHERE true ORDER BY key, product_id ON CONFLICT DO NOTHING"
    )
    bulk.drop_temporary(_FILED)


def _keys(of: Described) -> Sequence[int]:
    return stable_hashes(block_keys(of))


def _read(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored


def _lacking() -> Iterator[tuple[int, str, Described]]:
    """(number in the plan, SKU, description) of the articles to compare, in order."""
    last = 0
    while rows := bulk.rows(
        f"SELECT c.n, c.sku, c.title, c.facts FROM {PLAN} c WHERE c.n > %s AND {_LACKING} ORDER BY c.n LIMIT {_BATCH}",
        [last],
    ):
        for n, sku, title, facts in rows:
            yield n, sku, described(title, _read(facts))
        last = rows[-1][0]


def _batches(articles: Iterable[tuple[int, str, Described]]) -> Iterator[list[tuple[int, str, Described]]]:
    batch = []
    for article in articles:
        batch.append(article)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _settle(feed: Feed, batch: list[tuple[int, str, Described]]) -> None:
    """Decide what each article of a batch is, in order, and write it into the plan."""
    span = {"low": batch[0][0], "high": batch[-1][0], "most": MOST}
    by_title, by_article = defaultdict(set), defaultdict(set)
    for n, product_id in bulk.rows(_ALIKE_TITLES, span):
        by_title[n].add(product_id)
    for n, earlier in bulk.rows(_ALIKE_ARTICLES, span):
        by_article[n].add(earlier)
    titles = _titles({product_id for found in by_title.values() for product_id in found})
    before = _articles({earlier for found in by_article.values() for earlier in found})
    decided = []
    for n, sku, of in batch:
        outcome = _outcome(of, _scored(of, by_title[n], titles, feed.shop_id), [before[m] for m in by_article[n]])
        if n in before:
            before[n] = (of, sku, *outcome)
        if outcome != (None, APPLY, None):
            decided.append((n, *outcome))
    if not decided:
        return
    bulk.create_temporary(_FOUND, {"n": "bigint", "product_id": "bigint", "verdict": "text", "like_sku": "text"})
    bulk.load(_FOUND, ["n", "product_id", "verdict", "like_sku"], decided)
    bulk.execute(
        f"UPDATE {PLAN} SET product_id = x.product_id, verdict = x.verdict, like_sku = x.like_sku FROM {_FOUND} x"
        f" WHERE x.n = {PLAN}.n"
    )


_Outcome = tuple[int | None, str, str | None]  # product, verdict, SKU of the article whose new title it shares


def _outcome(
    of: Described, titles: list[Candidate], before: list[tuple[Described, str, int | None, str, str | None]]
) -> _Outcome:
    same = [candidate.product_id for candidate in titles if candidate.likeness.score >= HIGH]
    if same:
        return (same[0], APPLY, None) if len(same) == 1 else (None, QUESTION, None)
    alike = [(score(of, other[0]).score, other) for other in before]
    best = max(alike, key=lambda one: (one[0], one[1][1]), default=None)
    if best and best[0] >= HIGH:
        _of, sku, product_id, verdict, like_sku = best[1]
        return product_id, verdict, None if product_id or verdict == QUESTION else like_sku or sku
    if any(not candidate.alone for candidate in titles):
        return None, QUESTION, None
    return None, APPLY, None


def _scored(of: Described, product_ids: Iterable[int], titles: dict[int, Any], shop_id: int) -> list[Candidate]:
    found = []
    for product_id in product_ids:
        if product_id in titles:
            other, code = titles[product_id]
            candidate = Candidate(product_id, score(of, other), (code or "").startswith(own_code(shop_id, "")))
            if candidate.likeness.score >= LOW:
                found.append(candidate)
    return sorted(found, key=lambda candidate: (-candidate.likeness.score, candidate.product_id))


def _titles(product_ids: Collection[int]) -> dict[int, tuple[Described, str | None]]:
    """{product: (description, Oscar's code)}. One query."""
    if not product_ids:
        return {}
    among, ids = bulk.among(product_ids)
    columns = ", ".join(f"f.{name}" for name in _COMPARED)
    return {
        product_id: (
            described(title, {**dict(zip(_COMPARED, values, strict=True)), "contributors": _read(people)}),
            code,
        )
        for product_id, title, code, people, *values in bulk.rows(
            f"SELECT p.id, p.title, p.code, f.contributors, {columns} FROM catalogue_product p"
            f" JOIN titles_productfacts f ON f.product_id = p.id WHERE p.id {among}",
            ids,
        )
    }


def _articles(numbers: Collection[int]) -> dict[int, tuple[Described, str, int | None, str, str | None]]:
    """{number in the plan: (description, SKU, product, verdict, SKU whose title it shares)}. One query."""
    if not numbers:
        return {}
    among, ids = bulk.among(numbers)
    return {
        n: (described(title, _read(facts)), sku, product_id, verdict, like_sku)
        for n, title, facts, sku, product_id, verdict, like_sku in bulk.rows(
            f"SELECT n, title, facts, sku, product_id, verdict, like_sku FROM {PLAN} WHERE n {among}", ids
        )
    }


# Only titles of which something is said: what was forgotten or merged into another has no facts.
_NAMED = """
SELECT p.id, p.title, f.subtitle, f.contributors FROM catalogue_product p
JOIN titles_productfacts f ON f.product_id = p.id
"""

_HIGHEST_FILED = "COALESCE((SELECT max(product_id) FROM catalog_sync_titleblock), 0)"

_UNFILED = f"""
{_NAMED} WHERE p.id > {_HIGHEST_FILED} - %(overlap)s
    AND NOT EXISTS (SELECT 1 FROM catalog_sync_titleblock b WHERE b.product_id = p.id)
ORDER BY p.id LIMIT %(most)s
"""

_FEW_ENOUGH = "(SELECT count(*) FROM (SELECT 1 FROM {table} x WHERE x.key = a.key LIMIT %(most)s + 1) y) <= %(most)s"

_IN_BLOCKS = f"""
SELECT a.key, a.product_id FROM catalog_sync_titleblock a
WHERE a.key {{among}} AND {_FEW_ENOUGH.format(table="catalog_sync_titleblock")}
"""

_ASKED_KEYS = f"SELECT DISTINCT key FROM {_ASKED} WHERE n BETWEEN %(low)s AND %(high)s"

_ALIKE_TITLES = f"""
WITH narrow AS (
    SELECT a.key FROM ({_ASKED_KEYS}) a WHERE {_FEW_ENOUGH.format(table="catalog_sync_titleblock")}
)
SELECT DISTINCT q.n, b.product_id FROM narrow k
JOIN {_ASKED} q ON q.key = k.key AND q.n BETWEEN %(low)s AND %(high)s
JOIN catalog_sync_titleblock b ON b.key = k.key
"""

_ALIKE_ARTICLES = f"""
WITH narrow AS (SELECT a.key FROM ({_ASKED_KEYS}) a WHERE {_FEW_ENOUGH.format(table=_ASKED)})
SELECT DISTINCT q.n, e.n FROM narrow k
JOIN {_ASKED} q ON q.key = k.key AND q.n BETWEEN %(low)s AND %(high)s
JOIN {_ASKED} e ON e.key = k.key AND e.n < q.n
"""
