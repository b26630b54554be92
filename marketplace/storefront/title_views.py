"""The title page: what it is, and every shop's offer of it. Three queries for a visitor, however many shops sell it,
and one more each where there are other editions of the work, or reviews of readers."""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from oscar.apps.catalogue.models import Product

from marketplace.catalogue.models import ProductFacts, ProductRedirect
from marketplace.foundation import network
from marketplace.readers import reviews
from marketplace.readers.reviews import Reviews
from marketplace.storefront import page_memory, structured, title_rows
from marketplace.storefront.beside import Beside, beside
from search import limits, listings, offers
from search.directory import ShopCard
from search.limits import Limit
from search.listings import Crumb
from search.offers import Offer
from search.reader import Reader, entrance_of, reader_of
from shops import sharing, special_orders
from shops.models import Shop
from shops.special_orders import KnownPrice

_TEMPLATE = "storefront/title.html"
SHOWN_OFFERS = 5
SHOWN_REVIEWS = 3
EDITIONS = 24
SUBJECTS = 4
_SHOWN_OF_EDITIONS = ("product__title", "product__slug", "form", "language", "publication_date", "publisher", "work_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferGroup:
    """New or used offers, best first: the first few are shown, the rest folds behind a link until it is asked for
    (thirty rows cost as much as the rest of the page twice over, and most readers take one of the first)."""

    used: bool
    offers: Sequence[Offer]
    all_shown: bool = False
    shop_name: str = ""
    """Of the offers of the shop whose entrance this is, new and used."""

    @property
    def shown(self) -> Sequence[Offer]:
        if self.all_shown or len(self.offers) <= SHOWN_OFFERS:
            return self.offers
        return self.offers[:SHOWN_OFFERS]

    @property
    def folded(self) -> Sequence[Offer]:
        return self.offers[len(self.shown) :]


def title(request: HttpRequest, slug: str, pk: str) -> HttpResponse:
    asked_at = clock.monotonic()
    kept = page_memory.of_this_second(request, asked_at=asked_at)
    if kept is not None:
        return kept
    read = title_rows.title(int(pk))
    if read is None:
        joined = ProductRedirect.objects.filter(old_id=int(pk)).select_related("product").first()
        if joined is None:
            raise Http404
        return redirect(joined.product)  # not for good: browsers would keep it when the join is undone
    product, facts, picks = read
    if slug != product.slug:
        return redirect(product, permanent=True)
    reader = reader_of(request)
    works = editions(facts) if facts and facts.work_id else []
    offered = offers.offers_of([product.pk, *(edition.pk for edition in works)], reader)
    entrance = entrance_of(request)
    found = offers.of_one_first(offered.get(product.pk, []), entrance)
    limit = limits.of(facts, reader)
    near = beside(product, facts) if facts else Beside()
    trail = trail_of(facts)
    reviewed = reviews.of_title(product, most=SHOWN_REVIEWS)
    context = {
        "product": product,
        "facts": facts,
        "groups": groups(found, all_shown=request.GET.get("offers") == "all", entrance=entrance),
        "reader": reader,
        "buyable": offers.best(found),
        "my_shop_orders": _my_shop_orders(product.pk, found, reader, limit),
        "limit": limit,
        "editions": [Edition(edition, offered.get(edition.pk, [])) for edition in works],
        "beside": near,
        "picks": picks,
        "reviewed": reviewed,
        "trail": trail,
        "subjects": subjects_of(facts),
        # Called by the template, so not at all where a kept page is sent
        "summary": partial(summary, facts),
        "structured": partial(structured_block, request, product, facts, found, trail, reviewed),
    }
    if not page_memory.is_stranger(request):
        return render(request, _TEMPLATE, context)
    context["csrf_token"] = page_memory.CSRF_MARK
    titles = [*works, *near.all]
    rows = [product, *([facts] if facts else []), *titles, *(other.product for other in titles), *picks]
    everybody = tuple((product_id, tuple(those)) for product_id, those in sorted(offered.items()))
    shown = (everybody, len(works), reviewed, *map(page_memory.values_of, rows))
    return page_memory.answer(
        request, shown, lambda: render_to_string(_TEMPLATE, context, request), now=reader.now, asked_at=asked_at
    )


def _my_shop_orders(product_id: int, found: Sequence[Offer], reader: Reader, limit: Limit | None) -> KnownPrice | None:
    """The price holds in every shop, where no shop has the title and the reader's own orders any."""
    mine = reader.shop
    if mine is None or Shop.Service.ORDERING not in mine.services:
        return None
    if any(offer.buyable or offer.can_order for offer in found) or (limit and limit.hinders(used=False)):
        return None
    return special_orders.known_price(product_id, network.current().currency)


@dataclass(frozen=True, slots=True)
class Edition:
    """Another edition of the same work, with what shops ask for it."""

    facts: ProductFacts
    offers: Sequence[Offer]

    @property
    def there(self) -> Sequence[Offer]:
        """Those that can be bought now."""
        return [offer for offer in self.offers if offer.buyable]

    @property
    def shops(self) -> int:
        """How many have it now."""
        return len({offer.shop.pk for offer in self.there})

    @property
    def cheapest(self) -> Offer | None:
        """Of those that can be bought; where there is none, of all."""
        return min(self.there or self.offers, key=lambda offer: offer.price_minor, default=None)


def editions(facts: ProductFacts) -> list[ProductFacts]:
    """The other editions of its work: the reader's language is not known here, so by language, form and year, the
    youngest first. One query."""
    rows = ProductFacts.objects.filter(product__is_public=True, work_id=facts.work_id).exclude(pk=facts.pk)
    found = list(rows.select_related("product").only(*_SHOWN_OF_EDITIONS).order_by("product_id")[:EDITIONS])
    found.sort(key=lambda other: (other.language != facts.language, other.language, other.form, _age(other)))
    return found


def _age(facts: ProductFacts) -> int:
    return -facts.publication_date.toordinal() if facts.publication_date else 0


def groups(found: Sequence[Offer], *, all_shown: bool = False, entrance: ShopCard | None = None) -> list[OfferGroup]:
    """New first, used after; in a shop's own entrance its offers before both, as in `found`. A group without offers is
    left out."""
    own = [offer for offer in found if entrance and offer.shop.pk == entrance.pk]
    others = found[len(own) :]
    parts = [
        OfferGroup(used=False, offers=own, all_shown=True, shop_name=entrance.name if entrance else ""),
        *(
            OfferGroup(used=used, offers=[offer for offer in others if offer.is_used is used], all_shown=all_shown)
            for used in (False, True)
        ),
    ]
    return [part for part in parts if part.offers]


def home() -> Crumb:
    return Crumb(network.current().name, "/")


def trail_of(facts: ProductFacts | None) -> tuple[Crumb, ...]:
    """The levels of its first subject. No query."""
    path = facts.subject_path if facts else []
    return listings.subject_trail(path[-1]) if path else ()


def subjects_of(facts: ProductFacts | None) -> list[Crumb]:
    """The pages of its subjects, each once. No query."""
    trails = [listings.subject_trail(code) for code in facts.subject_codes] if facts else []
    return list(dict.fromkeys(trail[-1] for trail in trails if trail))[:SUBJECTS]


def summary(facts: ProductFacts | None) -> str:
    return structured.plain(facts.description) if facts else ""


def structured_block(
    request: HttpRequest,
    product: Product,
    facts: ProductFacts | None,
    found: Sequence[Offer],
    trail: Sequence[Crumb],
    reviewed: Reviews | None,
) -> str:
    crumbs = [home(), *trail, Crumb(product.title, product.get_absolute_url())]
    index, needed = sharing.Use.INDEX, (sharing.Kind.TITLES, sharing.Kind.PRICES)
    told = [offer for offer in found if sharing.allows(offer.shop, index, *needed)]
    said = structured.title(request, product, facts, told, reviewed)
    return structured.block([said, structured.trail(request, crumbs)])
