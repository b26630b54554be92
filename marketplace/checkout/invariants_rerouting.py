"""What must be true of what another shop took over. Each function returns its violations as short texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone

from marketplace.payments import captures
from marketplace.payments.models import LedgerEntry, MoneyCall
from marketplace.payments.worth import NOTHING, borne, returned
from shops.models import Allocation, Alternative, ReroutedUnits, Rerouting, ShopOrder, ShopOrderLine
from shops.orders import alternatives

DECIDED_WITHIN = timedelta(hours=24)


def only_what_is_missing_moves() -> list[str]:
    """Of no line more units are looked for elsewhere than its shop said are missing; each goes to one line of as many
    units of the same title, or of what the shop offered instead, in a shop order in the place of its own."""
    lines = ShopOrderLine.objects.annotate(noted=Sum("reroutings__units")).filter(
        noted__gt=F("declined") - F("cancelled")
    )
    found = [f"line {line.pk}: {line.noted} units looked for, {line.missing_units} missing" for line in lines]
    related = ("line", "moved_to__shop_order", "rerouting__alternative")
    for part in ReroutedUnits.objects.exclude(moved_to=None).select_related(*related):
        there = part.moved_to
        assert there is not None
        before = there.shop_order.instead_of_id
        if (there.quantity, there.product_id, before) != (
            part.units, _title_of(part), part.rerouting.shop_order_id,
        ):  # fmt: skip
            found.append(f"line {there.pk} is not what line {part.line_id} lacked")
    strays = ShopOrderLine.objects.filter(shop_order__instead_of__isnull=False, moved_from=None)
    return found + [f"line {pk} is in the place of nothing" for pk in strays.values_list("pk", flat=True)]


def _title_of(part: ReroutedUnits) -> int | None:
    """Which title is supplied for it."""
    offered = getattr(part.rerouting, "alternative", None)
    if offered and offered.state == Alternative.State.TAKEN and offered.line_id == part.line_id:
        return offered.product_id
    return part.line.product_id


def what_is_offered_is_held() -> list[str]:
    """Copies that a shop has offered a reader are held until they have answered, and not after; what was not answered
    in time has ended."""
    rows = Allocation.objects.filter(hold_key__startswith="alternative:", cause=Allocation.Cause.HOLD, ended_at=None)
    kept: dict[str, int] = dict(rows.values_list("hold_key").annotate(Sum("units")))
    found = []
    still_open = Alternative.objects.filter(state=Alternative.State.OPEN).prefetch_related("rerouting__parts__line")
    for row in still_open:
        wanted = sum(part.units for part in row.rerouting.parts.all() if alternatives.held_record(row, part.line))
        if kept.pop(row.key, 0) != wanted:
            found.append(f"{row.key}: its {wanted} copies are not held")
        if row.answer_by < timezone.now() - DECIDED_WITHIN:
            found.append(f"{row.key}: nobody has answered since {row.answer_by:%Y-%m-%d %H:%M}")
    return found + [f"{key} has ended and holds {units} copies" for key, units in kept.items()]


def readers_pay_what_they_agreed_to() -> list[str]:
    """For what another shop took over no more is asked than for what it is instead of."""
    found = []
    rows = ShopOrder.objects.filter(instead_of__isnull=False).prefetch_related("lines__moved_from")
    for shop_order in rows:
        lines = list(shop_order.lines.all())
        paid = sum(line.paid_minor for line in lines)
        agreed = sum(line.moved_from.agreed_minor for line in lines if hasattr(line, "moved_from"))
        if paid > agreed:
            found.append(f"{shop_order}: {paid} asked, {agreed} agreed")
    strays = ShopOrderLine.objects.filter(shop_order__instead_of=None, borne_minor__gt=0)
    return found + [f"line {pk} is borne and took over from nobody" for pk in strays.values_list("pk", flat=True)]


def differences_are_borne() -> list[str]:
    """Once a shop that took over has earned, what its reader does not pay is booked to whoever bears it."""
    booked = dict(LedgerEntry.objects.filter(key__startswith="borne:reroute:").values_list("key", "amount_minor"))
    earned = ShopOrder.objects.filter(instead_of__isnull=False, ledger_entries__kind="earning").distinct()
    back = returned(earned.values_list("pk", flat=True))
    said = {row: borne(row.lines.all(), back.get(row.pk, NOTHING)) for row in earned.prefetch_related("lines")}
    return [
        f"{row}: {minor} is borne, {booked.get(f'borne:reroute:{row.number}', 0)} booked"
        for row, minor in said.items()
        if booked.get(f"borne:reroute:{row.number}", 0) != minor
    ]


def another_shop_is_not_looked_for_for_ever() -> list[str]:
    looking = Rerouting.objects.filter(outcome=Rerouting.Outcome.LOOKING)
    late = looking.filter(declined_at__lt=timezone.now() - DECIDED_WITHIN).select_related("shop_order")
    late = late.exclude(alternative__answer_by__gt=timezone.now() - DECIDED_WITHIN)  # its reader has the choice
    return [f"{row.shop_order}: another shop is looked for since {row.declined_at:%Y-%m-%d %H:%M}" for row in late]


def no_other_shop_is_asked_too_late() -> list[str]:
    """While the payment waits for answers another shop takes over a day before the authorisation ends, or not at all;
    what was captured before waits for nothing."""
    captured_before = MoneyCall.objects.filter(
        payment=OuterRef("shop_order__order__checkout__payment"),
        kind="capture",
        due_at=None,
        done_at__lte=OuterRef("decided_at"),
    )
    late = Rerouting.objects.filter(
        ~Exists(captured_before),
        outcome=Rerouting.Outcome.MOVED,
        decided_at__gt=F("shop_order__order__checkout__payment__capture_before") - captures.MARGIN,
    )
    return [f"{row.shop_order}: another shop took over too late" for row in late.select_related("shop_order")]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "only what is missing moves to another shop": only_what_is_missing_moves,
    "for what another shop supplies readers pay what they agreed to": readers_pay_what_they_agreed_to,
    "what a dearer shop asks is borne": differences_are_borne,
    "what shops offer instead is held until it is answered": what_is_offered_is_held,
    "another shop takes over while the payment waits": no_other_shop_is_asked_too_late,
    "another shop is not looked for for ever": another_shop_is_not_looked_for_for_ever,
}
