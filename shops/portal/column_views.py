"""What stands in the columns of a shop's list: its first rows, what we understand, what the shop says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import mapping
from catalog_sync.column_words import FIELD_WORDS
from catalog_sync.identifiers import isbn_hyphenated
from catalog_sync.models import Feed
from catalog_sync.reasons import FeedError, Reason
from marketplace.foundation import money
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.queries import feeds_for


@require_safe
@portal_page
def columns(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    return _show(request, workplace, _feed(request, workplace, name))


@portal_action
def choose(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """The shop says which column is which: it is tried out on the first articles, or kept and read again at once."""
    feed = _feed(request, workplace, name)
    if not mapping.has_columns(feed):
        return _show(request, workplace, feed)
    try:
        with mapping.opened(feed) as file:
            sighting = mapping.look(feed, file)
            chosen = [_chosen(request, place) for place in range(len(sighting.columns))]
            if request.POST.get("seen") != _digest(sighting):
                messages.info(request, _("The list is another one now. Look at its columns again."))
                return _show(request, workplace, feed)
            options = mapping.options_of(feed, sighting, chosen)
            problem = mapping.wrong(chosen) or mapping.attempt(feed, file, options).trouble
    except FeedError:
        return _show(request, workplace, feed)
    if problem is None and request.POST.get("do") == "keep":
        mapping.remember(feed, options, by=request.user, now=timezone.now())
        messages.success(request, _("Thank you. The columns are remembered, and the list is read again now."))
        return redirect("portal:feeds", slug=workplace.shop.slug)
    return _show(request, workplace, feed, chosen, problem)


def _feed(request: StaffRequest, workplace: Workplace, name: str) -> Feed:
    return get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop).select_related("shop"), name=name)


def _chosen(request: StaffRequest, place: int) -> str:
    field = request.POST.get(f"column{place}", "")
    return field if field in FIELD_WORDS else ""


def _show(
    request: StaffRequest,
    workplace: Workplace,
    feed: Feed,
    chosen: Sequence[str] | None = None,
    problem: Reason | None = None,
) -> HttpResponse:
    """The page, with what the shop has just chosen or else with what we understand."""
    context: dict[str, object] = {"feed": feed}
    try:
        if not mapping.has_columns(feed):
            context["nothing"] = _("This feed is no table, so that it has no columns.")
            return page(request, workplace, "portal/columns.html", context)
        with mapping.opened(feed) as file:
            sighting = mapping.look(feed, file)
            fields = list(chosen) if chosen is not None else [column.field for column in sighting.columns]
            problem = problem or (sighting.trouble if chosen is None else None)
            tried = None
            if problem is None:
                options = feed.options if chosen is None else mapping.options_of(feed, sighting, fields)
                tried = mapping.attempt(feed, file, options)
                problem = tried.trouble
    except FeedError as error:
        context["nothing"] = error.reason.words() if error.reason else str(error)
        return page(request, workplace, "portal/columns.html", context)
    context |= {
        "seen": _digest(sighting),
        "named": sighting.named,
        "columns": _worded(sighting, fields),
        "rows": sighting.rows,
        "fields": [(field, _(word)) for field, word in FIELD_WORDS.items()],
        "problem": problem.words() if problem else "",
        "tried": _tried(tried) if tried else None,
    }
    return page(request, workplace, "portal/columns.html", context)


def _worded(sighting: mapping.Sighting, fields: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "place": place,
            "name": column.name,
            "field": field,
            "why": column.why.words() if field == column.field else "",
            "maybe": _(FIELD_WORDS[column.maybe]) if column.maybe and not field else "",
        }
        for place, (column, field) in enumerate(zip(sighting.columns, fields, strict=True))
    ]


def _tried(trial: mapping.Trial) -> dict[str, object]:
    return {
        "articles": [
            {
                "title": record.title,
                "gtin": isbn_hyphenated(record.gtin) if record.gtin else "",
                "sku": record.sku,
                "price": ""
                if record.price is None
                else money.display(record.price, record.currency, get_language() or ""),
                "units": record.quantity,
                "availability": _availability(record.availability),
                "issues": [why.words() for why in trial.issues.get(record.sku, [])],
            }
            for record in trial.records
        ],
        "refused": [(each.position, each.reason.words()) for each in trial.refused],
        "remarks": [note.words() for note in trial.remarks],
    }


def _availability(value: str) -> str:
    """In two words, for where no number says it."""
    words = {
        "in_stock": pgettext("article", "in stock"),
        "orderable": pgettext("article", "to order"),
        "preorder": pgettext("article", "to come"),
        "temporarily_unavailable": pgettext("article", "not there"),
        "unavailable": pgettext("article", "not sold any more"),
        "digital": pgettext("article", "digital"),
    }
    return words.get(value, pgettext("article", "not known"))


def _digest(sighting: mapping.Sighting) -> str:
    """By which it is noticed that the list has other columns than those that were looked at."""
    return hashlib.sha256("\0".join(column.name for column in sighting.columns).encode()).hexdigest()[:16]
