"""What an invoice, a credit note and a commission invoice say, in the active language. The words are kept with the
document, so that it stays as it was sent whatever is changed later.

What the law wants on it: Directive 2006/112/EC, article 226; in France CGI annexe II, article 242 nonies A, and Code de
commerce, article L441-9; in Canada Input Tax Credit Information (GST/HST) Regulations, SOR/91-45, section 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from oscar.apps.order.models import Order

from marketplace.checkout import tax_words
from marketplace.checkout.institutions import institution_of
from marketplace.checkout.tax_places import EU
from marketplace.foundation import money, network
from marketplace.foundation.models import Network
from marketplace.payments import invoice_parts, receivables
from marketplace.payments.invoice_parts import DELIVERY, GOODS
from marketplace.payments.models import Invoice, LocalUse, Payment, Receivable, RefundRequest, Settlement
from marketplace.payments.worth import units_worth
from shops.models import Condition, Shop, ShopOrder, ShopOrderLine

Said = dict[str, Any]


def invoice(
    shop_order: ShopOrder,
    lines: Sequence[ShopOrderLine],
    whole: invoice_parts.Parts,
    given_back: invoice_parts.Parts,
    *,
    now: datetime,
) -> Said:
    """`whole`: what was handed over; `given_back`: what of it the reader got back before."""
    shop, currency = shop_order.shop, shop_order.currency
    rows = [_line_row(line, whole, currency) for line in lines if line.left_units]
    if invoice_parts.net_of(whole, DELIVERY):
        rows.append(_row(f"{_('Delivery')}: {shop_order.delivery_name}", whole, DELIVERY, currency))
    if given_back:
        net = invoice_parts.total_of(given_back) - invoice_parts.tax_of(given_back)
        rows.append([_("Given back before"), "", "", "", _amount(-net, currency)])
    handed_over = shop_order.handed_over_at or now
    payment = Payment.objects.filter(checkout__order=shop_order.order_id).first()
    facts = [(_("Date"), _day(now, shop)), (_("Handed over on"), _day(handed_over, shop))]
    facts += [(_("Order"), shop_order.number), *_purchase_order(shop_order.order)]
    notes = [tax_words.note(shop_order.tax_note)]
    left = invoice_parts.less(whole, [given_back])
    owed = Receivable.objects.filter(checkout__order=shop_order.order_id).select_related("terms__institution").first()
    if owed:
        more_facts, more_notes = _to_pay(owed, payment, sum(left.values()), day_of(now, shop))
        facts += more_facts
        notes += more_notes
    elif payment and payment.paid_at:
        facts.append((_("Paid on"), _day(payment.paid_at, shop)))
        notes.append(_("Paid. Nothing is left to pay."))
        notes.append(_in_local_currency(shop_order))
    if borne := _borne(shop_order, lines):
        amount = {"amount": _amount(borne, currency)}
        notes.append(_("Of this, %(amount)s was paid for the buyer: another shop had sold it for less.") % amount)
    return _document(_("Invoice"), shop_order, facts, rows, left, [*notes, _on_behalf(shop)])


def _borne(shop_order: ShopOrder, lines: Sequence[ShopOrderLine]) -> int:
    """What somebody else pays of a shop order, since its shop is dearer than the one before."""
    if not shop_order.instead_of_id:
        return 0
    given_back: dict[int | None, int] = {}
    for request in shop_order.refund_requests.exclude(line=None):
        given_back[request.line_id] = given_back.get(request.line_id, 0) + request.borne_minor
    return sum(max(0, line.borne_left_minor - given_back.get(line.pk, 0)) for line in lines)


def _to_pay(
    owed: Receivable, payment: Payment | None, total_minor: int, on: date
) -> tuple[list[tuple[str, str]], list[str]]:
    """Until when, to whom, under which reference; facts and notes. What was paid beforehand is of the whole order."""
    until = date_format(on + timedelta(days=owed.days), "DATE_FORMAT")
    reference = receivables.shown_reference(owed.reference or "")
    facts = [(_("To pay by"), until), (_("Payment reference"), reference)]
    words = {"amount": _amount(total_minor, owed.currency), "day": until, "reference": reference}
    notes = [_("Please pay %(amount)s by %(day)s to the account below, with the reference %(reference)s.") % words]
    notes.append(network.current().bank_details.strip())
    if owed.received_minor:
        received = _amount(owed.received_minor, owed.currency)
        notes.append(_("For the whole order %(amount)s came in already.") % {"amount": received})
    if payment and payment.other_minor:
        other = _amount(payment.other_minor, owed.currency)
        notes.append(_("Of the whole order %(amount)s are paid beforehand: pay that much less.") % {"amount": other})
    return facts, notes


def _in_local_currency(shop_order: ShopOrder) -> str:
    """A local currency is a payment, and no discount: price and tax are those of the whole amount."""
    use = LocalUse.objects.filter(checkout__order=shop_order.order_id, spent_at__isnull=False).first()
    share = use.shares.filter(shop=shop_order.shop_id).first() if use else None
    if use is None or share is None:
        return ""
    amount, units = _amount(share.value_minor, shop_order.currency), _amount(use.amount_minor, use.currency.code)
    words = {"amount": amount, "name": use.currency.name, "units": units}
    return _("Of this invoice %(amount)s were paid in %(name)s (%(units)s for the whole order).") % words


def day_of(at: datetime, shop: Shop) -> date:
    """By the shop's clock."""
    return at.astimezone(ZoneInfo(shop.timezone)).date()


def credit_note(
    corrected: Invoice, shop_order: ShopOrder, request: RefundRequest, parts: invoice_parts.Parts, *, now: datetime
) -> Said:
    shop, currency = shop_order.shop, shop_order.currency
    if request.line:
        what, units = request.line.title, str(request.units)
    elif request.kind == RefundRequest.Kind.DELIVERY:
        what, units = _("Delivery"), ""
    else:
        what, units = _("Lower price"), ""
    net = invoice_parts.total_of(parts) - invoice_parts.tax_of(parts)
    rates = {rate for kind in (GOODS, DELIVERY) for rate in invoice_parts.rates_of(parts, kind)}
    rows = [[what, units, "", _rates(sorted(rates)), _amount(net, currency)]]
    of = {"number": corrected.label, "day": _day(corrected.issued_at, shop)}
    facts = [(_("Date"), _day(now, shop)), (_("Corrects"), _("%(number)s of %(day)s") % of)]
    facts += [(_("Order"), shop_order.number), *_purchase_order(shop_order.order)]
    notes = [_("Why: %(reason)s") % {"reason": request.reason}, tax_words.note(shop_order.tax_note)]
    owed = Receivable.objects.filter(checkout__order=shop_order.order_id).exists()
    lowered = _("So much less is to pay; what is paid already comes back to you.")
    notes.append(lowered if owed else _("The amount goes back the way it was paid."))
    if request.borne_minor:
        borne = {"amount": _amount(request.borne_minor, currency)}
        notes.append(_("Of this, %(amount)s goes back to who had paid it for the buyer.") % borne)
    return _document(_("Credit note"), shop_order, facts, rows, parts, [*notes, _on_behalf(shop)])


def commission(
    settlement: Settlement, parts: invoice_parts.Parts, *, orders: int, reverse: bool, now: datetime
) -> Said:
    """The network's, to a shop, for one month. `orders`: of how many; `reverse`: the shop owes the tax."""
    shop, home, currency = settlement.shop, network.current(), settlement.currency
    words = {
        invoice_parts.COMMISSION: _("Commission on sales (orders: %(orders)s)") % {"orders": orders},
        invoice_parts.COMMISSION_BACK: _("Commission given back on refunds"),
        invoice_parts.DUES: _("Dues"),
        invoice_parts.COUNTER: _("Commission on sales paid at the counter"),
    }
    rows = [_row(word, parts, what, currency) for what, word in words.items() if invoice_parts.net_of(parts, what)]
    month = date_format(settlement.month.astimezone(ZoneInfo(shop.timezone)), "F Y")
    facts = [(_("Date"), _day(now, shop)), (_("Month"), month), (_("Statement"), str(settlement.number))]
    notes = [tax_words.note(tax_words.note_code(home)), tax_words.name("reverse") if reverse else ""]
    notes.append(_("Paid: it was kept back from what the shop earned. See the statement."))
    below = invoice_parts.total_of(parts) < 0
    return {
        "title": _("Credit note on commission") if below else _("Commission invoice"),
        "seller": _network(home),
        "buyer": seller(shop),
        "colour": home.colour,
    } | _body(facts, rows, parts, currency, notes)


def seller(shop: Shop) -> list[str]:
    """Name, address, numbers: who sells, as the law has it told."""
    names = [shop.legal_name or shop.name, shop.name if shop.legal_name and shop.legal_name != shop.name else ""]
    address = _address(shop.line1, "", shop.city, shop.region, shop.postcode, shop.country)
    registration = _("Company number: %(number)s") % {"number": shop.registration} if shop.registration else ""
    return _filled([*names, *address, shop.email, registration, *_tax_numbers(shop)])


def buyer(order: Order) -> list[str]:
    """Name and address as given at checkout; an institution by its own name."""
    checkout = order.checkout
    institution = institution_of(order.user_id)
    lines = [institution.name if institution else "", checkout.name]
    if not checkout.recipient_name:  # else the address is where somebody else lives
        given = (checkout.line1, checkout.line2, checkout.city, checkout.region, checkout.postcode, checkout.country)
        lines += _address(*given)
    return _filled([*lines, checkout.email])


def _network(home: Network) -> list[str]:
    return _filled([home.legal_name or home.name, *home.legal_address.splitlines(), *_tax_numbers(home)])


def _tax_numbers(of: Shop | Network) -> list[str]:
    code = "VAT" if of.country in EU else f"{tax_words.name('GST')}/{tax_words.name('HST')}"
    numbers = ((tax_words.name(code), of.tax_number), (tax_words.name("QST"), of.qst_number))
    return [_("%(tax)s number: %(number)s") % {"tax": name, "number": number} for name, number in numbers if number]


def _document(
    title: str,
    shop_order: ShopOrder,
    facts: Sequence[tuple[str, str]],
    rows: list[list[str]],
    parts: invoice_parts.Parts,
    notes: Sequence[str],
) -> Said:
    head = {"title": title, "seller": seller(shop_order.shop), "buyer": buyer(shop_order.order)}
    colour = shop_order.shop.colour or network.current().colour
    return head | {"colour": colour} | _body(facts, rows, parts, shop_order.currency, notes)


def _body(
    facts: Sequence[tuple[str, str]],
    rows: list[list[str]],
    parts: invoice_parts.Parts,
    currency: str,
    notes: Sequence[str],
) -> Said:
    net = invoice_parts.total_of(parts) - invoice_parts.tax_of(parts)
    sums = [[_("Without tax"), _amount(net, currency)]]
    for code, place, rate, base, tax in invoice_parts.by_rate(parts):
        of = {"tax": _tax_name(code, place, rate), "amount": _amount(base, currency)}
        sums.append([_("%(tax)s on %(amount)s") % of, _amount(tax, currency)])
    columns = [_("What"), _("Qty"), _("Unit price without tax"), _("Tax"), _("Amount without tax")]
    return {
        "to": _("Invoiced to"),
        "facts": [list(fact) for fact in facts],
        "columns": columns,
        "rows": rows,
        "sums": sums,
        "total": [_("Total with tax (%(currency)s)") % {"currency": currency}, _amount(sum(parts.values()), currency)],
        "notes": _filled(notes),
    }


def _line_row(line: ShopOrderLine, whole: invoice_parts.Parts, currency: str) -> list[str]:
    about = [line.title]
    if line.condition != Condition.NEW:
        about.append(line.condition_label)
    if line.gtin:
        about.append(f"ISBN {line.gtin}" if str(line.gtin).startswith(("978", "979")) else str(line.gtin))
    discount = line.unit_price_minor * line.quantity - line.goods_minor
    if discount > 0:
        off = discount - units_worth(discount, line.declined, line.quantity)
        about.append(_("after a discount of %(amount)s") % {"amount": _amount(off, currency)})
    net, units = invoice_parts.net_of(whole, GOODS, line.pk), line.left_units
    unit = int((Decimal(net) / units).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    rates = _rates(invoice_parts.rates_of(whole, GOODS, line.pk))
    return ["\n".join(about), str(units), _amount(unit, currency), rates, _amount(net, currency)]


def _row(word: str, parts: invoice_parts.Parts, what: str, currency: str) -> list[str]:
    net = invoice_parts.net_of(parts, what)
    return [word, "", "", _rates(invoice_parts.rates_of(parts, what)), _amount(net, currency)]


def _rates(rates: Sequence[tuple[str, int]]) -> str:
    return "\n".join(f"{tax_words.name(code)} {tax_words.percent(rate)}" for code, rate in rates) or "–"


def _tax_name(code: str, place: str, rate_milli: int) -> str:
    if not rate_milli:  # the ledger's own word for a tax whose row is gone
        return _("Tax (%(place)s)") % {"place": tax_words.place_name(place)}
    return f"{tax_words.name(code)} {tax_words.percent(rate_milli)}"


def _purchase_order(order: Order) -> list[tuple[str, str]]:
    number = order.checkout.purchase_order
    return [(_("Your purchase order"), number)] if number else []


def _on_behalf(shop: Shop) -> str:
    words = {"network": network.current().name, "seller": shop.legal_name or shop.name}
    return _("Issued by %(network)s in the name and on behalf of %(seller)s.") % words


def _address(line1: str, line2: str, city: str, region: str, postcode: str, country: str) -> list[str]:
    """As it is written there: in Canada the postcode stands last."""
    town = " ".join(_filled([city, region, postcode] if country == "CA" else [postcode, city]))
    known = tax_words.place_name(country) if country and (line1 or city) else ""
    return [line1, line2, town, known]


def _day(at: datetime, shop: Shop) -> str:
    return date_format(at.astimezone(ZoneInfo(shop.timezone)), "DATE_FORMAT")


def _amount(minor: int, currency: str) -> str:
    return money.display(minor, currency, get_language() or "fr")


def _filled(texts: Sequence[str] | Mapping[str, str]) -> list[str]:
    return [text for text in texts if text]
