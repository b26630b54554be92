"""A decline with an offer: the reader may have something else of the shop in the place of what is gone, or the same
later. What is gone waits for their answer: nobody else is looked for, and its money is neither taken nor given back."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from shops.models import ShopOrder, ShopOrderLine
from shops.orders import alternatives, missing, reader_mail
from shops.orders.alternatives import Offered
from shops.orders.changing import FulfilmentError


def write_down(
    shop_order: ShopOrder,
    row: ShopOrderLine,
    before: missing.Counts,
    offered: Offered,
    *,
    is_whole: bool,
    by: object,
    now: datetime,
) -> None:
    """In the transaction of the decline of `row`; `before` and `is_whole` as of `missing.note`. FulfilmentError where a
    copy that is offered, or one that goes with it, is gone meanwhile."""
    rerouting = missing.write_down(
        shop_order, row, missing.gone(before), before, is_whole=is_whole, now=now, due_at=offered.answer_by
    )
    elsewhere = bool(missing.sought(shop_order, before, is_whole=is_whole))
    try:
        made = alternatives.write(rerouting, offered, by=by, looks_elsewhere=elsewhere, now=now)
    except alternatives.NotThereError as gone:
        raise FulfilmentError(
            _("Of what you offer there are not enough copies any more, by your numbers. Nothing was done.")
        ) from gone
    lines = list(shop_order.lines.all())
    reader_mail.offered(shop_order, lines, made, silence=alternatives.silence(made), now=now)
