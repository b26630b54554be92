"""Gift cards on paper, in the active language: the card itself, made while its code is told and kept nowhere; a receipt
for what was sold or redeemed."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.foundation import links, money, network
from marketplace.foundation.paper import FONT, MARGIN_MM, Paper, draw_qr
from marketplace.payments.journals import home_zone
from marketplace.payments.models import GiftCard, GiftCardEntry
from shops.models import Shop

# A card lists the shops by name as long as they fit on it.
MOST_NAMES = 24
CARD_MM, QR_MM = 110, 34
Kind = GiftCardEntry.Kind


def card_pdf(card: GiftCard, code: str, *, recipient: str = "", giver: str = "", message: str = "") -> bytes:
    """One A4 sheet: the card in a frame to cut out, its code as letters and as a QR code; below, how it is used."""
    name, amount = network.current().name, _amount(card.issued_minor, card)
    title = _("Gift card of %(amount)s") % {"amount": amount}
    paper = Paper(title=title, language=_language(), foot=name, made_at=card.issued_at)
    top, wide = paper.get_y(), paper.epw
    paper.set_draw_color(180)
    paper.rect(MARGIN_MM, top, wide, CARD_MM)
    paper.set_fill_color(*(int(network.current().colour[at : at + 2], 16) for at in (1, 3, 5)))
    paper.rect(MARGIN_MM, top, wide, 4, style="F")
    paper.set_margins(MARGIN_MM + 8, MARGIN_MM, MARGIN_MM + QR_MM + 14)  # words stay beside the QR code
    paper.set_xy(MARGIN_MM + 8, top + 11)
    paper.said(name, size=12, bold=True)
    paper.said(title, size=22, bold=True)
    paper.ln(2)
    for words in (
        recipient and _("For %(name)s") % {"name": recipient},
        giver and _("From %(name)s") % {"name": giver},
    ):
        if words:
            paper.said(words, size=11)
    if message:
        paper.ln(1)
        paper.said(" ".join(message.split()), size=9)
    draw_qr(paper, code, paper.w - MARGIN_MM - 8 - QR_MM, top + CARD_MM - QR_MM - 8, QR_MM)
    paper.set_xy(MARGIN_MM + 8, top + CARD_MM - 20)
    paper.set_font(FONT, "B", 17)
    paper.cell(0, 9, code)
    paper.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
    paper.set_xy(MARGIN_MM, top + CARD_MM + 8)
    for words in _how(card):
        paper.said(words, size=10)
        paper.ln(1.5)
    return paper.bytes()


def receipt_pdf(entry: GiftCardEntry) -> bytes:
    """For whoever bought a card or paid with one: what moved, where, what is left on it. No invoice: no goods are sold
    with a card, and what it paid for is on the till's."""
    sold, card, seller = entry.kind == Kind.ISSUE, entry.card, network.current()
    heading = _("Receipt: gift card sold") if sold else _("Receipt: paid by gift card")
    number = f"G{entry.pk:06d}"
    paper = Paper(title=f"{heading} {number}", language=_language(), foot=f"{seller.name} · {number}", made_at=entry.at)
    shop = entry.shop
    left = [shop.name, shop.line1, f"{shop.postcode} {shop.city}"] if shop else [seller.legal_name or seller.name]
    if not shop and seller.legal_address:
        left += seller.legal_address.splitlines()
    when = date_format(
        timezone.localtime(entry.at, ZoneInfo(shop.timezone) if shop else home_zone()), "DATETIME_FORMAT"
    )
    paper.letterhead(heading, left, [number, when])
    before = card.entries.filter(pk__lte=entry.pk).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    rows = [
        (_("Card"), str(card)),
        (_("Amount of the card") if sold else _("Taken off the card"), _amount(abs(entry.amount_minor), card)),
        (_("Left on it"), _amount(before, card)),
    ]
    paper.rows((_("What"), ""), rows, widths=(110, 64), numbers=1)
    if sold:
        words = _("No tax is due on the sale of a card: it is in the price of what the card pays for.")
        paper.said(words, size=9)
    else:
        paper.said(_("What was bought is on the shop’s own receipt."), size=9)
    paper.said(_("Every shop of %(network)s takes the card.") % {"network": seller.name}, size=9)
    return paper.bytes()


def as_file(content: bytes, name: str) -> HttpResponse:
    """To be kept by nobody between: it holds a code."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    answer["Cache-Control"] = "no-store, private"
    return answer


def _how(card: GiftCard) -> list[str]:
    """Where it is valid and how it is used, in sentences."""
    name, address = network.current().name, links.absolute("/")
    shops = Shop.objects.filter(status=Shop.Status.ACTIVE, sells_for_all=False).order_by("name")
    said = [
        _("Valid in every shop of %(network)s, online and at the counter; it can be used in parts.")
        % {"network": name},
        _("Online (%(address)s): fill your basket, go to checkout, and type the code before you pay.")
        % {"address": address},
        _("In a shop: show this sheet or say the code at the counter."),
        _("What is left on it: %(address)s") % {"address": links.absolute("/gift-cards/balance/")},
    ]
    if card.expires_at:
        last = date_format(timezone.localtime(card.expires_at, home_zone()), "DATE_FORMAT")
        said.append(_("It ends on %(day)s.") % {"day": last})
    said.append(_("Whoever has the code can use it. Lost? Whoever bought it can have it blocked and get a new code."))
    names = [f"{shop.name} ({shop.city})" for shop in shops[: MOST_NAMES + 1]]
    if names and len(names) <= MOST_NAMES:
        said.append(" · ".join(names))
    return said


def _amount(amount_minor: int, card: GiftCard) -> str:
    return money.display(amount_minor, card.currency, _language())


def _language() -> str:
    return (get_language() or "fr")[:2]
