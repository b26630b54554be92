"""A few articles of each kind of change in a plan, for whoever must approve it or only wanted to know."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language, gettext_lazy

from catalog_sync.banding import APPLY, PLAN
from catalog_sync.models import Feed, SyncRun
from catalog_sync.planning import GONE
from marketplace.foundation import bulk, money

SHOWN = 5  # of each kind
NEW, PRICE, NUMBER, TITLE, GONE_WORD = "new", "price", "number", "title", "gone"

WORDS: dict[str, Any] = {  # lazy texts, which Django's stubs give no public name
    NEW: gettext_lazy("New"),
    PRICE: gettext_lazy("Price"),
    NUMBER: gettext_lazy("Copies"),
    TITLE: gettext_lazy("Title"),
    GONE_WORD: gettext_lazy("Gone"),
}

Sample = dict[str, list[dict[str, Any]]]


def sample(feed: Feed) -> Sample:
    """{kind of change: [{sku, title, before, after, currency}]}, without the kinds of which there is none. Prices are
    in minor units."""
    words = {"feed": feed.pk, "shown": SHOWN}
    found = {kind: [_article(*row) for row in bulk.rows(query, words)] for kind, query in _QUERIES.items()}
    return {kind: articles for kind, articles in found.items() if articles}


def examples(run: SyncRun) -> list[tuple[str, list[dict[str, str]]]]:
    """[(kind of change in words, articles with `before` and `after` as they are shown)], in the active language."""
    return [(str(WORDS[kind]), [_shown(kind, article) for article in found]) for kind, found in run.sample.items()]


def _shown(kind: str, article: dict[str, Any]) -> dict[str, str]:
    def said(value: Any) -> str:
        if value is None:
            return "–"
        if kind in (NEW, PRICE):
            return money.display(value, article["currency"], get_language() or "fr")
        return str(value)

    return {**article, "before": said(article["before"]), "after": said(article["after"])}


def _article(sku: str, title: str, before: Any, after: Any, currency: str) -> dict[str, Any]:
    return {"sku": sku, "title": title, "before": before, "after": after, "currency": currency}


def _changed(before: str, after: str, where: str) -> str:
    return (
        f"SELECT c.sku, c.title, {before}, {after}, c.currency FROM {PLAN} c"
        f" WHERE c.verdict = '{APPLY}' AND {where} ORDER BY c.n LIMIT %(shown)s"
    )


_QUERIES = {
    NEW: _changed("NULL", "c.price_minor", "c.is_new"),
    PRICE: _changed("c.old_price", "c.price_minor", "NOT c.is_new AND c.old_price <> c.price_minor"),
    NUMBER: _changed(
        "c.number",
        "c.quantity",
        "NOT c.is_new AND c.number_counts AND COALESCE(c.number, -1) <> COALESCE(c.quantity, -1)",
    ),
    TITLE: (
        f"SELECT c.sku, c.title, r.title, c.title, c.currency FROM {PLAN} c"
        " JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = c.sku"
        f" WHERE c.verdict = '{APPLY}' AND c.facts_changed AND r.title <> c.title ORDER BY c.n LIMIT %(shown)s"
    ),
    GONE_WORD: (
        f"SELECT c.sku, r.title, r.quantity, NULL, r.currency FROM {GONE} c"
        " JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = c.sku ORDER BY c.n LIMIT %(shown)s"
    ),
}
