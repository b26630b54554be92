"""Another copy for what is lost on its way: its shop sends it in the place of the money.

For the order nothing changes: it is handed over, and paid, once. The other copies come from the shelf and leave at
once: until the shop's number contains that they are withheld, as the first ones were promised (DESIGN §5)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from shops import absorbing, sellable, stock, withholding
from shops.models import DeliveryOption, Parcel, ParcelLine, Shop, ShopOrderLine, Supply
from shops.orders import reader_mail
from shops.orders.changing import FulfilmentError

BROUGHT = {DeliveryOption.Kind.POST, DeliveryOption.Kind.COURIER}


def may_be_sent_again(parcel: Parcel) -> bool:
    """What another shop was to hand over, once it is said to be missing; what a carrier has, whenever its shop says
    so. Neither what was collected, nor what is paid back or replaced already."""
    if parcel.collected_at or parcel.missing_ended_at or parcel.uncollected_at:
        return False
    return bool(parcel.missing_at) or (parcel.place is None and parcel.kind in BROUGHT)


def send_again(parcel: Parcel, *, by: object, now: datetime, carrier: str = "", tracking: str = "") -> Parcel:
    """The shop that sold it sends other copies of all that was in it; the reader is told. FulfilmentError where it
    turned up or was given up meanwhile, and where not enough copies are on the shelf."""
    if not may_be_sent_again(parcel):
        raise FulfilmentError(_not_any_more())
    shop_order = parcel.shop_order
    with transaction.atomic():
        there = Parcel.objects.filter(pk=parcel.pk, collected_at=None, missing_ended_at=None, uncollected_at=None)
        said = {"missing_at": parcel.missing_at or now, "missing_said": parcel.missing_said or Parcel.Said.SENDER}
        if not there.filter(missing_at=parcel.missing_at).update(missing_ended_at=now, **said):
            raise FulfilmentError(_not_any_more())
        made = Parcel.objects.create(
            shop_order=shop_order,
            kind=parcel.kind,
            carried_to_id=parcel.carried_to_id,
            waits_at_id=parcel.waits_at_id,
            carrier=carrier[:60],
            tracking=tracking[:80],
            handed_over_at=now,
            instead_of=parcel,
        )
        rows = list(parcel.lines.select_related("line__stock_record").order_by("line__stock_record_id", "pk"))
        for row in rows:
            ParcelLine.objects.create(parcel=made, line=row.line, units=row.units)
            _take(row.line, row.units, shop_order.shop, by, now)
        audit.record(
            "parcel.send_again", parcel, by=by, shop_id=parcel.carried_to_id, number=shop_order.number,
            place=shop_order.shop.name,
        )  # fmt: skip
        reader_mail.sent_again(shop_order, list(shop_order.lines.all()), made, now=now)
        failpoint("parcel_again.before_commit")
    failpoint("parcel_again.after_commit")
    return made


def _take(line: ShopOrderLine, units: int, shop: Shop, by: object, now: datetime) -> None:
    """Off the shelf, for good; what was ordered for the reader is ordered again and takes none."""
    if line.supply != Supply.STOCK or line.stock_record_id is None:
        return
    with stock.locked([line.stock_record_id], now=now) as records:
        record = records[line.stock_record_id]
        if sellable.units_at_desk(record, shop=shop, terms=getattr(record, "terms", None)) < units:
            said = {"title": line.title}
            raise FulfilmentError(
                _("By your numbers there is no other copy of “%(title)s”: give the money back.") % said
            )
        reflected_at = absorbing.rung_up_time(shop, recorded_at=now)
        withholding.withhold(record, units, now=now, by=by, reflected_at=reflected_at)


def _not_any_more() -> str:
    return _("It turned up, was collected, is paid back, or other copies are on their way: look again.")
