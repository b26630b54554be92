"""The feeds of the demo's shops: each shop's list in its own dialect, the same for the same seed.

write_feeds(Path("var/feeds"))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from demo.assortment import offers_by_shop
from demo.dialects import onix, sheets, webshops
from demo.goods import CRAFTS, FOOD, Good
from demo.shop_records import DemoShop
from demo.shops import SHOPS, TIMEZONE
from demo.titles import french, goodbooks

SEED = 20260101

# A dialect writes a shop's list as of a moment: (the file's bytes, its rows).
Dialect = Callable[[DemoShop, Sequence[Any], datetime], tuple[bytes, int]]
DIALECTS: dict[str, Dialect] = {
    "onix30_reference": onix.onix30_reference,
    "onix30_short": onix.onix30_short,
    "onix21": onix.onix21,
    "french_semicolon": sheets.french_semicolon,
    "english_comma": sheets.english_comma,
    "till_tab": sheets.till_tab,
    "workbook": sheets.workbook,
    "second_hand": sheets.second_hand,
    "own_list": sheets.own_list,
    "shopify": webshops.shopify,
    "merchant_rss": webshops.merchant_rss,
}
_OPTIONS: dict[str, dict[str, Any]] = {
    "till_tab": {"columns": sheets.TILL_COLUMNS},
    "own_list": {"columns": sheets.OWN_LIST_COLUMNS},
}
_ENCODINGS = {"french_semicolon": "cp1252"}  # declared by the shop, as nothing in the file tells
_GOODS: dict[str, tuple[Good, ...]] = {"own_list": FOOD, "merchant_rss": CRAFTS}


class WrittenFeed(NamedTuple):
    """One shop's file. `kind` and `options` are the adapter's; `rows` counts articles as written, bad ones too."""

    shop: str  # slug
    kind: str
    path: Path
    options: dict[str, Any]
    rows: int
    encoding: str = ""  # declared charset; empty: the file tells
    changed: bool = True  # the content differs from what stood there


def write_feeds(folder: Path, *, seed: int = SEED, sent_at: datetime | None = None) -> list[WrittenFeed]:
    """Write every shop's feed into `folder` and say what was written, in the order of `SHOPS`.

    `sent_at` (with zone) is the time of the export, by default the last full hour: written into files that carry one,
    and set as every file's own time. A file whose content is the same is not written again.
    """
    sent_at = sent_at or last_export(datetime.now(ZoneInfo(TIMEZONE)))
    folder.mkdir(parents=True, exist_ok=True)
    titles = [*goodbooks(seed), *french(seed)]
    offers = offers_by_shop(SHOPS, titles, seed=seed)
    return [_write(folder, shop, _GOODS.get(shop.feed_dialect) or offers[shop.slug], sent_at) for shop in SHOPS]


def last_export(now: datetime) -> datetime:
    """The latest export not after `now`: the shops of the demo export on the hour."""
    return now.astimezone(ZoneInfo(TIMEZONE)).replace(minute=0, second=0, microsecond=0)


def _write(folder: Path, shop: DemoShop, articles: Sequence[Any], sent_at: datetime) -> WrittenFeed:
    content, rows = DIALECTS[shop.feed_dialect](shop, articles, sent_at.astimezone(ZoneInfo(TIMEZONE)))
    path = folder / shop.file_name
    changed = not path.is_file() or path.read_bytes() != content
    if changed:
        path.write_bytes(content)
    os.utime(path, (sent_at.timestamp(), sent_at.timestamp()))
    return WrittenFeed(
        shop=shop.slug,
        kind=shop.feed_kind,
        path=path,
        options=dict(_OPTIONS.get(shop.feed_dialect, {})),
        rows=rows,
        encoding=_ENCODINGS.get(shop.feed_dialect, ""),
        changed=changed,
    )
