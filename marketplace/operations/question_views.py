"""Articles without a number that may be a title we have: which, the operator says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from catalog_sync.models import Feed
from catalog_sync.titles import asking
from catalog_sync.titles.likeness import Likeness
from marketplace.operations.access import operator_action, operator_page

ROWS_SHOWN = 10
# (from this value on, the words), the best first; the last for everything below.
_WORDS: Mapping[str, list[tuple[float, Any]]] = {
    "title": [
        (1.0, gettext_lazy("the same title")),
        (0.9, gettext_lazy("nearly the same title")),
        (0.0, gettext_lazy("one title says more than the other")),
    ],
    "people": [
        (1.0, gettext_lazy("the same people")),
        (0.01, gettext_lazy("the people seem to be the same")),
        (0.0, gettext_lazy("other people")),
    ],
    "publisher": [
        (0.8, gettext_lazy("the same publisher")),
        (-1.0, gettext_lazy("another publisher")),
    ],
    "year": [
        (1.0, gettext_lazy("the same year")),
        (0.5, gettext_lazy("the year before or after")),
        (-1.0, gettext_lazy("another year")),
    ],
}
_UNKNOWN: Mapping[str, Any] = {
    "people": gettext_lazy("one of them names nobody"),
    "publisher": gettext_lazy("one of them names no publisher"),
    "year": gettext_lazy("one of them has no year"),
}
_DOUBTS: Mapping[str, Any] = {
    "volume": gettext_lazy("only one of them is numbered as a volume"),
    "unit_size": gettext_lazy("only one of them says how much is in it"),
    "form": gettext_lazy("one is called a paperback, the other a pocket book"),
    "on_paper": gettext_lazy("only one of them is said to be an e-book or an audiobook"),
}


def why(likeness: Likeness) -> list[Any]:
    """A score in words, what counts most first."""
    said = [
        next(word for least, word in words if value >= least)
        if (value := likeness.parts[name]) is not None
        else _UNKNOWN[name]
        for name, words in _WORDS.items()
    ]
    return [*said, *(_DOUBTS[doubt] for doubt in likeness.doubts)]


@require_safe
@operator_page
def questions(request: HttpRequest) -> HttpResponse:
    pages = Paginator(asking.waiting(timezone.now()), ROWS_SHOWN).get_page(request.GET.get("page"))
    found = [
        (question, [(choice, why(choice.likeness)) for choice in question.choices])
        for question in asking.questions_of(list(pages))
    ]
    return render(request, "operations/questions.html", {"pages": pages, "questions": found})


@operator_action
def answer(request: HttpRequest, feed_id: int) -> HttpResponse:
    feed = get_object_or_404(Feed.objects.select_related("shop__partner"), pk=feed_id)
    sku, said, now = request.POST.get("sku", ""), request.POST.get("answer", ""), timezone.now()
    if said == "later":
        asking.put_off(feed, sku, by=request.user, now=now)  # type: ignore[arg-type]
        messages.success(request, _("It is asked again in a week. Until then the article is not sold."))
    elif (said.isdigit() and len(said) < 19) or said == "new":
        product_id = None if said == "new" else int(said)
        product = asking.answer(feed, sku, product_id=product_id, by=request.user, now=now)  # type: ignore[arg-type]
        if product is None:
            messages.info(request, _("Nobody asks about this article any more."))
        else:
            messages.success(request, _("Noted: it is sold as “%(title)s”.") % {"title": product.title})
    else:
        messages.error(request, _("Choose an answer."))
    return redirect("operations:questions")
