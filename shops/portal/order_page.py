"""The page of one order: its lines with the forms that answer them, what was done, and what waits to be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F
from django.forms import Form
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.checkout import tax
from shops import carriers, queries
from shops.models import Alternative, Cancellation, ShopOrder, ShopOrderLine, Side, Thread
from shops.orders import held, missing, reader_mail, resending, sight
from shops.orders.projecting import project
from shops.portal import offer_search
from shops.portal.access import StaffRequest, Workplace, page
from shops.portal.forms import AcceptForm, DeclineForm, HandOverForm
from shops.portal.history import history
from shops.portal.pressing import undo_of
from shops.portal.queries import invoices_for
from shops.portal.queue import QueueGroup, is_overdue, when
from shops.portal.queue_context import queue_context
from shops.portal.said import Filled, SaidOfLine, articles, filled, said_of
from shops.portal.words import DELIVERIES, REASONS, status_word
from shops.threads import lines as lines_of_thread
from shops.threads import writing

Status = ShopOrder.Status


@dataclass(frozen=True)
class Failed:
    """What came back wrong: which form (`name`, of which line), and what is to be said above it."""

    name: str
    form: Form
    problem: str = ""
    line_id: int = 0


@dataclass
class LineRow:
    """A line with its forms, where there is something to answer."""

    line: ShopOrderLine
    reason: str = ""
    accept: Form | None = None
    decline: Form | None = None
    decline_most: int = 0
    problem: str = ""
    states: list[str] = field(default_factory=list)
    offers: list[Alternative] = field(default_factory=list)
    said: SaidOfLine | None = None


def recipient(shop_order: ShopOrder) -> dict[str, object]:
    """Whom it is for: name, the way to reach them, and the address where it is sent there; `gone` once the shop has
    lost sight of them."""
    if not sight.is_seen(shop_order, timezone.now()):
        return {"gone": True}
    order = shop_order.order
    try:
        checkout = order.checkout
    except ObjectDoesNotExist:
        checkout = None
    option = shop_order.delivery_option
    address = None if option is None or option.is_collected else order.shipping_address
    where = option and (option.point or option.receiving_shop)
    carried = [where.name, where.line1, f"{where.postcode} {where.city}"] if where else []
    name = (
        getattr(checkout, "recipient_name", "")
        or (address and address.name)
        or (checkout and checkout.name)
        or (order.user and order.user.get_full_name())
    )
    return {
        "agreed": _agreed(checkout),
        "only_whole": checkout is not None and not checkout.agrees_in_part,
        "name": name or "",
        "email": reader_mail.address_of(order),
        "phone": checkout.phone if checkout else "",
        "buyer": checkout.name if checkout and checkout.recipient_name else "",
        "gift_note": checkout.gift_note if checkout else "",
        "purchase_order": checkout.purchase_order if checkout else "",
        "address": [part for part in address.active_address_fields() if part] if address else carried,
    }


def _agreed(checkout: object) -> list[str]:
    """What the reader agreed to before paying, in the order of what the shop can offer them."""
    whole = [] if getattr(checkout, "agrees_in_part", True) else [_("whole or not at all")]
    words = {
        "agrees_in_part": _("the rest even if one copy is missing"),
        "agrees_later": _("later than said"),
        "agrees_other_shop": _("from another shop"),
    }
    return whole + [word for name, word in words.items() if getattr(checkout, name, False)]


def find(request: StaffRequest, workplace: Workplace, number: str) -> ShopOrder:
    found = queries.order_for(request.user, number)
    if found is None or found.shop_id != workplace.shop.pk:
        raise Http404
    return found


def order_page(
    request: StaffRequest, workplace: Workplace, shop_order: ShopOrder, failed: Failed | None = None, status: int = 200
) -> HttpResponse:
    """As it will be once what waits is done; `failed` is said where it was sent."""
    now = timezone.now()
    waiting, after = held.pressed_on(shop_order)
    shown = project(shop_order, shop_order.lines.select_related("product__facts"), waiting)
    shop_order, lines = shown.order, list(shown.lines.values())
    sent = shop_order.parcels.select_related("carried_to", "waits_at").prefetch_related("lines__line")
    parcels = list(sent.order_by("pk"))
    thread = Thread.objects.filter(shop_order=shop_order.pk).select_related("shop").first()
    words = lines_of_thread.of_order(shop_order, thread, Side.SHOP)
    if workplace.can_work and thread:
        writing.look([thread], Side.SHOP)
    beside = queue_context(request, workplace)
    context = beside | {
        "next_number": _next(beside["groups"], shop_order.number),
        "order": shop_order,
        "borne_minor": (borne := sum(line.borne_minor for line in lines)),
        "paid_minor": shop_order.total_minor - borne,
        "open_number": shop_order.number,
        "after": after,
        "undo": undo_of(waiting, now) if workplace.can_work else None,
        "status_word": status_word(shop_order),
        "delivery_word": DELIVERIES.get(shop_order.delivery_kind, shop_order.delivery_name),
        "when": when(shop_order, now),
        "overdue": is_overdue(shop_order, now),
        "rows": _with_offers(_line_rows(shop_order, lines, workplace, failed, now)),
        "ended": missing.what_became(shop_order) if shop_order.expired_at else "",
        "to_put_back": _to_put_back(shop_order),
        "kept_too_long": is_overdue(shop_order, now) and shop_order.status == Status.PACKED,
        "first_open": next((line.pk for line in lines if line.open_units), None),
        "recipient": recipient(shop_order),
        "hand_over": _hand_over_form(shop_order, workplace, failed),
        "several_left": sum(line.to_hand_over for line in lines) > 1,
        "carriers": carriers.NAMES,
        "failed": failed,
        "history": history(shop_order, lines, parcels, now),
        "parcels": parcels,
        "now": now,
        "sent_again": {parcel.instead_of_id for parcel in parcels},
        "may_send_again": [row for row in parcels if workplace.can_work and resending.may_be_sent_again(row)],
        "several_parcels": len(parcels) > 1 or bool(parcels and shop_order.status != Status.HANDED_OVER),
        "words": words,
        "taxes": tax.by_rate(tax.thawed(line.tax_parts) for line in lines),
        "documents": invoices_for(request.user).filter(shop_order=shop_order).order_by("pk"),
        "can_refund": workplace.keeps_accounts,
    }
    return page(request, workplace, "portal/order.html", context, status=status)


def _next(groups: list[QueueGroup], number: str) -> str:
    """The next order to answer, for the thumb that has just answered one."""
    rows = next((group.rows for group in groups if group.key == Status.NEW), [])
    return next((row.number for row in rows if row.number != number), "")


def _to_put_back(shop_order: ShopOrder) -> list[tuple[str, int]]:
    """Titles and copies that the reader took back, and that staff have not put back yet."""
    waiting = Cancellation.objects.filter(line__shop_order=shop_order, put_back_at=None).order_by("pk")
    return list(waiting.values_list("line__title", "units"))


def _line_rows(
    shop_order: ShopOrder, lines: list[ShopOrderLine], workplace: Workplace, failed: Failed | None, now: datetime
) -> list[LineRow]:
    """With what the shop's own system said of each, and its forms filled in by that. A query more where it named
    another article."""
    rows, titles = [], offer_search.titles(workplace.shop, articles(lines))
    for line in lines:
        row = _line_row(line, filled(line, shop_order, now=now), workplace, failed)
        row.said = said_of(line, shop_order, titles, now=now)
        rows.append(row)
    return rows


def _line_row(line: ShopOrderLine, begins: Filled, workplace: Workplace, failed: Failed | None) -> LineRow:
    mine = failed if failed and failed.line_id == line.pk else None
    row = LineRow(line, problem=mine.problem if mine else "", states=_states(line))
    row.reason = str(REASONS.get(line.decline_reason, ""))
    row.decline_most = line.open_units + line.accepted - line.handed_over
    if not workplace.can_work:
        return row
    if line.open_units:
        row.accept = AcceptForm(initial={"units": line.open_units}, auto_id=f"accept{line.pk}_%s")
        row.accept.fields["units"].widget.attrs["max"] = line.open_units
    if row.decline_most:
        initial = {"units": begins.units or line.open_units or 1, "reason": begins.reason}
        row.decline = DeclineForm(initial=initial, auto_id=f"decline{line.pk}_%s")
        row.decline.fields["units"].widget.attrs["max"] = row.decline_most
    if mine and mine.name == "accept" and row.accept:
        row.accept = mine.form
    elif mine and mine.name == "decline" and row.decline:
        row.decline = mine.form
    return row


def _with_offers(rows: list[LineRow]) -> list[LineRow]:
    """Beside each line what was offered in its place; `made` is the number of the order that came of it. One
    query where something is declined."""
    by_line = {row.line.pk: row.offers for row in rows if row.line.missing_units}
    if not by_line:
        return rows
    made = F("rerouting__parts__moved_to__shop_order__number")
    offers = Alternative.objects.filter(line__in=by_line, rerouting__parts__line=F("line")).annotate(made=made)
    for one in offers.order_by("pk"):
        by_line[one.line_id].append(one)
    return rows


def _states(line: ShopOrderLine) -> list[str]:
    """What became of its copies, in words: "2 accepted", "1 declined"."""
    counts = [
        (_("%(units)s to answer"), line.open_units),
        (_("%(units)s accepted"), line.accepted - line.packed),
        (_("%(units)s packed"), line.packed - line.handed_over),
        (_("%(units)s handed over"), line.handed_over),
        (_("%(units)s declined"), line.missing_units),
        (_("%(units)s cancelled by the reader"), line.called_off_units),
        (_("%(units)s not collected"), line.uncollected),
    ]
    return [text % {"units": units} for text, units in counts if units]


def _hand_over_form(shop_order: ShopOrder, workplace: Workplace, failed: Failed | None) -> Form | None:
    if not workplace.can_work or shop_order.status not in {Status.ACCEPTED, Status.PACKED}:
        return None
    if failed and failed.name == "hand_over":
        return failed.form
    form = HandOverForm(auto_id="hand_over_%s")
    # The browser leads to the code that is still missing, also from the key H.
    form.fields["code"].widget.attrs["required"] = True
    return form
