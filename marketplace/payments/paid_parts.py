"""Of an order by invoice over several shops: the parts that what its institution paid reaches. The oldest invoice
first, as the reminders ask for them: of several debts that are due the oldest is paid first where nobody says otherwise
(Code civil, article 1342-10; Code civil du Québec, article 1572). What is handed over later waits for its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from marketplace.payments.models import PaidPart, Receivable
from marketplace.payments.worth import NOTHING, Returned, not_paid_for, returned
from shops.models import ShopOrder


def reach(receivable: Receivable, *, now: datetime) -> None:
    """Mark the parts that its payments reach, so that their shops are paid; unmark those that they do no longer, since
    the bank took one back, as far as nothing is booked of them. Called under the receivable's lock, whenever what is
    open has changed, or a part is handed over."""
    parts = ShopOrder.objects.filter(order__checkout=receivable.checkout_id).prefetch_related("lines")
    paid = {part.pk for part in paid_for(list(parts), receivable.open_minor)}
    known = set(PaidPart.objects.filter(receivable=receivable).values_list("shop_order", flat=True))
    PaidPart.objects.bulk_create(
        PaidPart(receivable=receivable, shop_order_id=pk, at=now) for pk in sorted(paid - known)
    )
    PaidPart.objects.filter(receivable=receivable, shop_order__in=known - paid, shop_order__booked_at=None).delete()


def paid_for(parts: Sequence[ShopOrder], open_minor: int) -> list[ShopOrder]:
    """Of all `parts` of one order, with their lines, those handed over of which nothing is open any more: what is open
    is no more than what those after them cost. What was declined or given back a moment ago lowers that, and what is
    open later: until then they wait."""
    back = returned(part.pk for part in parts)
    asked = {part.pk: _asked(part, back.get(part.pk, NOTHING)) for part in parts}
    finished = [part for part in parts if part.handed_over_at]
    after, found = sum(asked.values()), []
    for part in sorted(finished, key=lambda part: (part.handed_over_at, part.pk)):
        after -= asked[part.pk]
        if open_minor <= after:
            found.append(part)
    return found


def _asked(part: ShopOrder, back: Returned) -> int:
    """What the institution pays of it: all but what was declined or given back."""
    lines = list(part.lines.all())
    return max(0, sum(line.paid_minor for line in lines) - not_paid_for(lines, back) - back.total_minor)
