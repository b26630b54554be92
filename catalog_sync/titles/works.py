"""Editions of one work: paper, e-book and audio, other languages; found again whenever something is said of a title.

Two titles are editions of one work where they share a key: a work's identifier or the number of another edition (from
ONIX, while the source that says so is not retired), or the same title, first author and volume. Volumes that are known
and differ are never one work, whatever links them; what contains a title is no edition of it. The groups depend on
nothing but what is said: not on order, nor on time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from catalog_sync.hashing import stable_hash
from marketplace.catalogue.models import Form, WorkChange
from marketplace.foundation import bulk
from search import text
from search.engines.fields import VOLUME_WORDS, volume_number, volume_tokens

SAME_WORK, OTHER_EDITION = "work", ("other_format", "other_language")  # relations in the canonical schema's `related`
MOST_EDITIONS = 200  # a key that more titles share is no work's ("N/A" as an identifier)
_AT_ONCE = 1000
_LOCK = 7_041_779
_NEVER = {Form.CALENDAR, Form.GAME, Form.STATIONERY, Form.GOODS, Form.VIDEO, Form.MUSIC}  # by title and author alone
_ROMAN_TEXT = """
i ii iii iv v vi vii viii ix x xi xii
"""
_ROMAN = {word: str(number) for number, word in enumerate(_ROMAN_TEXT.split(), 1)}
_GROUPED = "sync_works"


class Key(NamedTuple):
    hashed: int
    gtin: int | None = None


def group_works(now: datetime) -> int:
    """Step: group the titles that are marked; returns how many. One process at a time."""
    with transaction.atomic():
        if bulk.is_postgres() and not bulk.rows(f"SELECT pg_try_advisory_xact_lock({_LOCK})")[0][0]:
            return 0
        marks = list(WorkChange.objects.order_by("pk").values_list("pk", "product_id")[:_AT_ONCE])
        product_ids = {product_id for _, product_id in marks}
        group(product_ids)
        WorkChange.objects.filter(pk__in=[key for key, _ in marks]).delete()
    return len(product_ids)


def group(product_ids: Collection[int]) -> int:
    """Find the works of these titles and of all that are linked with them, before or now. Returns how many titles are
    of another work than before."""
    if not product_ids:
        return 0
    once = _linked(product_ids)
    _write_keys(product_ids)
    among, ids = bulk.among(product_ids)
    before = bulk.rows(
        "SELECT o.product_id FROM titles_productfacts f JOIN titles_productfacts o ON o.work_id = f.work_id"
        f" WHERE f.work_id IS NOT NULL AND f.product_id {among}"
        f" UNION SELECT product_id FROM titles_productfacts WHERE work_id {among}",
        ids,
    )
    keys = _linked({*once, *(product_id for (product_id,) in before)})
    volumes = _volumes(keys)  # of those that have facts: a title that was emptied or forgotten is no edition
    return _write(grouped({product_id: keys[product_id] for product_id in volumes}, volumes))


def grouped(keys: dict[int, set[int]], volumes: dict[int, str]) -> dict[int, int | None]:
    """The pure rule: {title: lowest key of its work, None where it is alone} out of the keys of each title and the
    volumes that are known. Where titles that are linked are of several volumes, only the same volume is one work."""
    found: dict[int, int | None] = {}
    for together in _components(keys, keys):
        if len({volumes[one] for one in together if volumes.get(one)}) < 2:
            parts = [together]
        else:
            by_volume: dict[str, set[int]] = defaultdict(set)
            for one in together:
                by_volume[volumes.get(one, "")].add(one)
            parts = [part for same in by_volume.values() for part in _components(keys, same)]
        for part in parts:
            found |= dict.fromkeys(part, min(part) if len(part) > 1 else None)
    return found


def _components(keys: dict[int, set[int]], members: Iterable[int]) -> list[set[int]]:
    """Members that share keys, directly or through others."""
    holders: dict[int, list[int]] = defaultdict(list)
    left = set(members)
    for member in left:
        for key in keys[member]:
            holders[key].append(member)
    found = []
    while left:
        together, queue = set(), [left.pop()]
        while queue:
            member = queue.pop()
            together.add(member)
            near = {other for key in keys[member] for other in holders[key]} & left
            left -= near
            queue += near
        found.append(together)
    return found


def title_key(title: str, people: Iterable[dict[str, str]], series_number: str) -> tuple[str, str]:
    """(what editions of one work have in common, "" where it cannot be told; the volume, "" where there is none)."""
    words, volume = _without_volume(text.tokens(title))
    volume = volume or " ".join(volume_tokens(series_number))
    author = next((person["name"] for person in people if person.get("role") == "author"), "")
    short = text.without_article(" ".join(words))
    if not short or not author:
        return "", volume
    return f"{short}|{text.name_key(author)}|{volume}", volume


def _without_volume(words: list[str]) -> tuple[list[str], str]:
    """The words of a title, and its volume: "Dune, tome 2", "Dune T02", "Dune, book II" → dune, 2."""
    for place, word in enumerate(words):
        if place and not word.isdigit() and (number := volume_number(word)):
            return words[:place] + words[place + 1 :], number
        if place and word in VOLUME_WORDS and place + 1 < len(words):
            after = words[place + 1]
            if number := _ROMAN.get(after) or (after.isdigit() and volume_number(after)) or "":
                return words[:place] + words[place + 2 :], number
    return words, ""


def _hashed(kind: str, value: object) -> int:
    return stable_hash(f"{kind}\0{value}")


def _write_keys(product_ids: Collection[int]) -> None:
    """The keys of these titles, as said now."""
    among, ids = bulk.among(product_ids)
    found: dict[int, set[Key]] = defaultdict(set)
    for product_id, title, people, series_number, form in bulk.rows(
        "SELECT f.product_id, p.title, f.contributors, f.series_number, f.form FROM titles_productfacts f"
        f" JOIN catalogue_product p ON p.id = f.product_id WHERE f.product_id {among}",
        ids,
    ):
        key, _volume = title_key(title, _read(people), series_number)
        if key and form not in _NEVER:
            found[product_id].add(Key(_hashed("title", key)))
    has_related = "r.facts::jsonb ? 'related'" if bulk.is_postgres() else "json_type(r.facts, '$.related') IS NOT NULL"
    for product_id, facts in bulk.rows(
        f"SELECT r.product_id, r.facts FROM catalog_sync_sourcerecord r WHERE r.product_id {among}"
        f" AND r.retired_at IS NULL AND {has_related}",
        ids,
    ):
        found[product_id].update(_related(_read(facts)["related"]))
    bulk.execute(f"DELETE FROM titles_workkey WHERE product_id {among}", ids)
    bulk.create_temporary(_GROUPED, {"product_id": "bigint", "key": "bigint", "gtin": "bigint"})
    rows = [(product_id, *key) for product_id in sorted(found) for key in sorted(found[product_id], key=lambda k: k[0])]
    bulk.load(_GROUPED, ["product_id", "key", "gtin"], rows)
    bulk.execute(f"INSERT INTO titles_workkey (product_id, key, gtin) SELECT product_id, key, gtin FROM {_GROUPED}")
    bulk.drop_temporary(_GROUPED)


def _related(said: Iterable[Any]) -> list[Key]:
    """`related` of the canonical schema: lists of relation, kind of identifier, value."""
    keys = []
    for relation, kind, value in said:
        if relation == SAME_WORK and value:
            keys.append(Key(_hashed("work", f"{kind}:{value}".casefold())))
        elif relation in OTHER_EDITION and str(value).isdigit():
            keys.append(Key(_hashed("gtin", int(value)), int(value)))
    return keys


def _linked(start: Collection[int]) -> dict[int, set[int]]:
    """{title: its keys} of these titles and all that share a key with one of them, directly or through others. Three
    queries for each step outwards."""
    found: dict[int, set[int]] = {}
    edge = set(start)
    while edge:
        among, ids = bulk.among(edge)
        found |= {product_id: set() for product_id in edge}
        for product_id, key in bulk.rows(f"SELECT product_id, key FROM titles_workkey WHERE product_id {among}", ids):
            found[product_id].add(key)
        own = bulk.rows(
            f"SELECT product_id, gtin FROM titles_productfacts WHERE product_id {among} AND gtin IS NOT NULL"
            f" UNION ALL SELECT product_id, gtin FROM titles_othergtin WHERE product_id {among}"
            f" UNION ALL SELECT id, CAST(upc AS bigint) FROM catalogue_product WHERE id {among} AND upc <> ''",
            ids,
        )
        for product_id, gtin in own:
            found[product_id].add(_hashed("gtin", gtin))
        edge = _holders({key for product_id in edge for key in found[product_id]}, found) - set(found)
    return found


def _holders(keys: Collection[int], found: dict[int, set[int]]) -> set[int]:
    """All titles with one of these keys. Those of a key that too many share are no edge, and the key is none."""
    among, ids = bulk.among(keys)
    holders: dict[int, set[int]] = defaultdict(set)
    for key, product_id in bulk.rows(
        f"SELECT key, product_id FROM titles_workkey WHERE key {among}"
        " UNION ALL SELECT k.key, f.product_id FROM titles_workkey k JOIN titles_productfacts f ON f.gtin = k.gtin"
        f" WHERE k.key {among}"
        " UNION ALL SELECT k.key, o.product_id FROM titles_workkey k JOIN titles_othergtin o ON o.gtin = k.gtin"
        f" WHERE k.key {among}",
        ids,
    ):
        holders[key].add(product_id)
    for key in [key for key, them in holders.items() if len(them) > MOST_EDITIONS]:
        del holders[key]
        for product_id in found:
            found[product_id].discard(key)
    return {product_id for them in holders.values() for product_id in them}


def _volumes(product_ids: Iterable[int]) -> dict[int, str]:
    """{title: its volume}, of those that have facts."""
    among, ids = bulk.among(product_ids)
    return {
        product_id: title_key(title, [], series_number)[1]
        for product_id, title, series_number in bulk.rows(
            "SELECT f.product_id, p.title, f.series_number FROM titles_productfacts f"
            f" JOIN catalogue_product p ON p.id = f.product_id WHERE f.product_id {among}",
            ids,
        )
    }


def _write(found: dict[int, int | None]) -> int:
    bulk.create_temporary(_GROUPED, {"product_id": "bigint", "work_id": "bigint"})
    bulk.load(_GROUPED, ["product_id", "work_id"], sorted(found.items()))
    written = bulk.execute(
        f"UPDATE titles_productfacts SET work_id = x.work_id FROM {_GROUPED} x"
        " WHERE x.product_id = titles_productfacts.product_id"
        f" AND titles_productfacts.work_id {bulk.differs()} x.work_id"
    )
    bulk.drop_temporary(_GROUPED)
    return written


def _read(stored: Any) -> Any:
    return json.loads(stored) if isinstance(stored, str) else stored
