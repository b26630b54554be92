"""One order: what is to do, and the answers. Each is one POST that says which version of the order it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.checkout import tax
from marketplace.foundation.models import AuditEntry
from shops import queries
from shops.models import Cancellation, Parcel, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, missing, reader_mail
from shops.orders.picklists import pick_list
from shops.portal import once
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import AcceptForm, DeclineForm, HandOverForm, OrderForm
from shops.portal.queries import invoices_for
from shops.portal.queue import is_overdue, queue, when
from shops.portal.words import DEEDS, DELIVERIES, REASONS, moment, status_word

Status = ShopOrder.Status
HISTORY_SHOWN = 30


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


@require_safe
@portal_page
def order(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return _order_page(request, workplace, _find(request, workplace, number))


@portal_action
def accept_all(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        fulfilment.accept_all(shop_order, by=request.user, now=timezone.now())

    return _act(request, workplace, number, Failed("accept_all", OrderForm(request.POST)), change, _("Accepted."))


@portal_action
def accept(request: StaffRequest, workplace: Workplace, number: str, line_id: int) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        line = _line(shop_order, line_id)
        fulfilment.accept(line, answer["units"], by=request.user, now=timezone.now())

    form = AcceptForm(request.POST, auto_id=f"accept{line_id}_%s")
    return _act(request, workplace, number, Failed("accept", form, line_id=line_id), change, _("Accepted."))


@portal_action
def decline(request: StaffRequest, workplace: Workplace, number: str, line_id: int) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        fulfilment.decline(
            _line(shop_order, line_id),
            answer["units"],
            by=request.user,
            reason=answer["reason"],
            note=answer["note"],
            left=answer["left"],
            now=timezone.now(),
        )

    form = DeclineForm(request.POST, auto_id=f"decline{line_id}_%s")
    said = _("Declined. The reader is told, and does not pay for it.")
    return _act(request, workplace, number, Failed("decline", form, line_id=line_id), change, said)


@portal_action
def pack(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        fulfilment.pack(shop_order, by=request.user, now=timezone.now())

    said = _("Packed. The reader is told.")
    return _act(request, workplace, number, Failed("pack", OrderForm(request.POST)), change, said)


@portal_action
def hand_over(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        fulfilment.hand_over(
            shop_order,
            by=request.user,
            now=timezone.now(),
            code=answer["code"],
            carrier=answer["carrier"],
            tracking=answer["tracking"],
        )

    form = HandOverForm(request.POST, auto_id="hand_over_%s")
    return _act(request, workplace, number, Failed("hand_over", form), change, _("Handed over."))


@portal_action
def put_back(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    def change(shop_order: ShopOrder, answer: dict) -> None:
        fulfilment.put_back(shop_order, by=request.user, now=timezone.now())

    said = _("Put back. It is for sale again.")
    return _act(request, workplace, number, Failed("put_back", OrderForm(request.POST)), change, said)


@require_safe
@portal_page
def slip(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """The packing slip that lies in the parcel, or waits with it at the counter."""
    shop_order = _find(request, workplace, number)
    lines = [line for line in shop_order.lines.all() if line.left_units]
    context = {"order": shop_order, "lines": lines, "recipient": recipient(shop_order)}
    return page(request, workplace, "portal/slip.html", context)


@require_safe
@portal_page
def picking_one(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    shop_order = _find(request, workplace, number)
    context = {"rows": pick_list(shop_order), "orders": [shop_order], "beyond": 0, "order": shop_order}
    return page(request, workplace, "portal/pick_list.html", context)


def recipient(shop_order: ShopOrder) -> dict[str, object]:
    """Whom it is for: name, the way to reach them, and the address where it is sent there."""
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


def _find(request: StaffRequest, workplace: Workplace, number: str) -> ShopOrder:
    found = queries.order_for(request.user, number)
    if found is None or found.shop_id != workplace.shop.pk:
        raise Http404
    return found


def _line(shop_order: ShopOrder, line_id: int) -> ShopOrderLine:
    """One of its lines, bound to this instance and so to the version the person saw."""
    line = shop_order.lines.filter(pk=line_id).first()
    if line is None:
        raise Http404
    line.shop_order = shop_order
    return line


def _act(
    request: StaffRequest,
    workplace: Workplace,
    number: str,
    sent: Failed,
    change: Callable[[ShopOrder, dict], None],
    said: str,
) -> HttpResponse:
    """Check the form, change the order as the person saw it, show it again. What went wrong is said where it was done,
    and nothing is changed then."""
    shop_order = _find(request, workplace, number)
    if not sent.form.is_valid():
        problem = _("This page is too old. Look at the order again.") if "version" in sent.form.errors else ""
        failed = Failed(sent.name, sent.form, problem, sent.line_id)
        return _order_page(request, workplace, shop_order, failed, status=422)
    answer = sent.form.cleaned_data
    shop_order.version = answer["version"]
    try:
        with once.doing(request, answer["once"]):
            change(shop_order, answer)
    except fulfilment.FulfilmentError as error:
        if not once.was_done(request, answer["once"]):
            failed = Failed(sent.name, sent.form, str(error), sent.line_id)
            return _order_page(request, workplace, _find(request, workplace, number), failed, status=409)
    else:
        messages.success(request, said)
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


def _order_page(
    request: StaffRequest, workplace: Workplace, shop_order: ShopOrder, failed: Failed | None = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    lines = list(shop_order.lines.select_related("product__facts"))
    parcels = list(shop_order.parcels.select_related("carried_to", "waits_at").order_by("pk"))
    context = {
        "groups": queue(request.user, workplace.shop, now=now),
        "order": shop_order,
        "borne_minor": (borne := sum(line.borne_minor for line in lines)),
        "paid_minor": shop_order.total_minor - borne,
        "open_number": shop_order.number,
        "once": once.token(),
        "status_word": status_word(shop_order),
        "delivery_word": DELIVERIES.get(shop_order.delivery_kind, shop_order.delivery_name),
        "when": when(shop_order, now),
        "overdue": is_overdue(shop_order, now),
        "rows": [_line_row(line, workplace, failed) for line in lines],
        "ended": missing.what_became(shop_order) if shop_order.expired_at else "",
        "to_put_back": _to_put_back(shop_order),
        "first_open": next((line.pk for line in lines if line.open_units), None),
        "recipient": recipient(shop_order),
        "hand_over": _hand_over_form(shop_order, workplace, failed),
        "failed": failed,
        "history": _history(shop_order, lines, parcels, now),
        "parcels": parcels,
        "taxes": tax.by_rate(tax.thawed(line.tax_parts) for line in lines),
        "documents": invoices_for(request.user).filter(shop_order=shop_order).order_by("pk"),
        "can_refund": queries.keeps_accounts(request.user, workplace.shop),
    }
    return page(request, workplace, "portal/order.html", context, status=status)


def _to_put_back(shop_order: ShopOrder) -> list[tuple[str, int]]:
    """Titles and copies that the reader took back, and that staff have not put back yet."""
    waiting = Cancellation.objects.filter(line__shop_order=shop_order, put_back_at=None).order_by("pk")
    return list(waiting.values_list("line__title", "units"))


def _line_row(line: ShopOrderLine, workplace: Workplace, failed: Failed | None) -> LineRow:
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
        row.decline = DeclineForm(initial={"units": line.open_units or 1}, auto_id=f"decline{line.pk}_%s")
        row.decline.fields["units"].widget.attrs["max"] = row.decline_most
    if mine and mine.name == "accept" and row.accept:
        row.accept = mine.form
    elif mine and mine.name == "decline" and row.decline:
        row.decline = mine.form
    return row


def _states(line: ShopOrderLine) -> list[str]:
    """What became of its copies, in words: "2 accepted", "1 declined"."""
    counts = [
        (_("%(units)s to answer"), line.open_units),
        (_("%(units)s accepted"), line.accepted - line.packed),
        (_("%(units)s packed"), line.packed - line.handed_over),
        (_("%(units)s handed over"), line.handed_over),
        (_("%(units)s declined"), line.missing_units),
        (_("%(units)s cancelled by the reader"), line.cancelled),
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


def _history(
    shop_order: ShopOrder, lines: list[ShopOrderLine], parcels: list[Parcel], now: object
) -> list[dict[str, object]]:
    """Who did what, oldest first. Of those who hand over for this shop their place is told, not the person."""
    titles = {line.pk: line.title for line in lines}
    about = Q(subject_type=ShopOrder._meta.label_lower, subject_id=str(shop_order.pk))
    about |= Q(subject_type=Parcel._meta.label_lower, subject_id__in=[str(parcel.pk) for parcel in parcels])
    entries = AuditEntry.objects.filter(about, action__in=DEEDS).order_by("pk")[:HISTORY_SHOWN]
    return [
        {
            "when": moment(entry.at, now),  # type: ignore[arg-type]
            "who": entry.facts.get("place") or entry.actor_label,
            "deed": DEEDS[entry.action],
            "title": titles.get(entry.facts.get("line"), ""),
            "units": entry.facts.get("units") if isinstance(entry.facts.get("units"), int) else None,
        }
        for entry in entries
    ]
