"""Where something is that its reader sends back, as a line of stations."""

from __future__ import annotations

from django.utils.translation import gettext as _

from marketplace.storefront.order_stations import Station
from shops.models import Return

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
