"""What a voucher takes off each line, within what book law allows; without a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from django.utils import timezone

from marketplace.foundation import money
from shops import book_law
from shops.models import DeliveryOption

if TYPE_CHECKING:
    from marketplace.checkout.planning import PlannedLine, PlannedParcel

WHOLE = 10_000  # basis points


class Rule(Protocol):
    """What is read of a voucher."""

    shop_id: int | None
    only_shop_id: int | None
    basis_points: int | None
    amount_minor: int | None
    minimum_minor: int
    subject: str


def off_each(voucher: Rule, parcels: Sequence[PlannedParcel]) -> dict[int, int]:
    """Minor units by basket line, of every line; 0 for those that it does not fit."""
    lines = [(parcel, line) for parcel in parcels for line in parcel.lines]
    # Whose goods they are, not who sells them: a shop earns downloads of the network by its readers' choice.
    of_shop = voucher.shop_id or voucher.only_shop_id
    fitting = [
        (parcel, line)
        for parcel, line in lines
        if of_shop in (None, line.record.partner.shop.pk) and fits(voucher, _subjects(line))
    ]
    goods = [(line.quantity * (line.unit_price_minor or 0), limit(parcel, line)) for parcel, line in fitting]
    off = {line.basket_line_id: 0 for _, line in lines}
    for (_, line), minor in zip(fitting, amounts(voucher, goods), strict=True):
        off[line.basket_line_id] = minor
    return off


def _subjects(line: PlannedLine) -> Sequence[str]:
    facts = getattr(line.record.product, "facts", None)
    return facts.subject_codes if facts else []


def limit(parcel: PlannedParcel, line: PlannedLine) -> int | None:
    """The most that book law lets anybody take off, in basis points; while it is not known how the parcel reaches its
    reader, as if it were sent."""
    option, shop, trip = parcel.option, parcel.shop, parcel.trip
    counters = {DeliveryOption.Kind.PICKUP: shop, DeliveryOption.Kind.OTHER_SHOP: option and option.receiving_shop}
    counter = counters.get(DeliveryOption.Kind(option.kind)) if option else None
    sent_to = None if trip is None or (option and option.is_collected) else trip.to
    now = trip.now if trip else timezone.now()
    terms = getattr(line.record, "terms", None)
    return book_law.discount_limit(
        sent_to.country if sent_to else (counter or shop).country,
        new_book=line.is_new_book,
        in_bookshop=bool(counter and counter.sells_books),
        on=now.astimezone(ZoneInfo(shop.timezone)).date(),
        price_fixed=bool(terms and terms.price_kind == "fixed"),
    )


def fits(voucher: Rule, subject_codes: Sequence[str]) -> bool:
    """Whether it is for a title of these Thema codes; any of them counts."""
    return not voucher.subject or any(code.startswith(voucher.subject) for code in subject_codes)


def amounts(voucher: Rule, lines: Sequence[tuple[int, int | None]]) -> list[int]:
    """Of each line that it fits, given as (goods in minor units, the most that law allows in basis points or None).
    Shared by largest remainder; a line that may give less does, and no other gives more for it."""
    goods = [minor for minor, _ in lines]
    if not sum(goods) or sum(goods) < voucher.minimum_minor:
        return [0] * len(lines)
    most = [minor if limit is None else minor * min(limit, WHOLE) // WHOLE for minor, limit in lines]
    if voucher.amount_minor is not None:
        wanted = min(voucher.amount_minor, sum(most))
        return money.split(wanted, most) if wanted else [0] * len(lines)
    rate = voucher.basis_points or 0
    free = [minor if limit is None or limit >= rate else 0 for minor, limit in lines]
    shared = money.split(money.share(sum(free), rate), free) if sum(free) else [0] * len(lines)
    # Rounding half up must not pass the law's limit.
    return [min(part, bound) if whole else bound for part, whole, bound in zip(shared, free, most, strict=True)]
