"""Where something is that its reader sends back, as a line of stations."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.storefront.order_stations import ShopPart, Station
from shops.models import Return
from shops.returns import asking, rights

State = Return.State
_REACHED = {State.ASKED: 1, State.AGREED: 2, State.SENT: 3, State.ARRIVED: 4, State.CHECKED: 5, State.REFUNDED: 6}


def of(row: Return) -> list[Station]:
    """Asked, agreed (not of what asks nobody), sent, arrived, checked, paid; cut off where it was refused."""
    state = State(row.state)
    withdrawn = row.basis == Return.Basis.WITHDRAWAL
    first = Station(_("You withdrew") if withdrawn else _("You asked"), "done", row.asked_at)
    if state == State.CALLED_OFF:
        return [first, Station(_("You keep it"), "off", row.ended_at)]
    if state == State.REFUSED:
        return [first, Station(_("It is not taken back"), "off", row.ended_at, note=row.desk_note)]
    shop = {"shop": row.goes_to.name}
    steps = [
        (_("The shop takes it back"), _("The shop answers you"), row.agreed_at),
        (_("On its way back"), _("Send it, or bring it"), row.sent_at),
        (_("Arrived at %(shop)s") % shop, _("On its way to %(shop)s") % shop, row.arrived_at),
        (_("Looked at"), _("The shop looks at it"), row.checked_at),
        (_("Money given back"), _("Your money comes back"), row.ended_at),
    ]
    made = [first]
    for position, (done, at_hand, at) in enumerate(steps, start=1):
        if withdrawn and position == 1:
            continue
        if position < _REACHED[state]:
            made.append(Station(done, "done", at))
        elif position == _REACHED[state]:
            made.append(Station(at_hand, "now", by=row.refund_by if position >= 4 else None))
        else:
            made.append(Station(done, "next"))
    return made


def may_withdraw(parts: Sequence[ShopPart]) -> set[int]:
    """The shop orders whose page says that the law lets one withdraw: of an institution's it is said on the next page
    that it does not."""
    now = timezone.now()
    cases = {
        part.shop_order.pk: asking.case_of(part.shop_order, part.parcels, is_consumer=True, now=now)
        for part in parts
        if part.shop_order.handed_over_at
    }
    return {pk for pk, case in cases.items() if rights.by_basis(case, rights.Basis.WITHDRAWAL)}
