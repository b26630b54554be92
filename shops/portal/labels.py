"""What is stuck on a parcel: the address it goes to; or, where it waits at the counter, for whom, in initials, until
when and its code, which scanned at the desk hands it over. In the active language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from marketplace.foundation.paper import LABEL_MM, Labels, draw_qr
from shops.models import DeliveryOption, ShopOrder
from shops.portal.order_page import recipient

ADDRESS_MM, QR_MM = 52, 34
Kind = DeliveryOption.Kind


def labels_pdf(shop_orders: Sequence[ShopOrder], *, now: datetime, beyond: int = 0) -> bytes:
    """One page for each, as it is delivered; orders with their shop, option and order. A download has none. `beyond`:
    how many orders more have no label here, which a last page says."""
    title = ", ".join(row.number for row in shop_orders[:3])
    paper = Labels(title=_("Labels: %(numbers)s") % {"numbers": title}, language=_language(), made_at=now)
    for row in shop_orders:
        if row.is_download:
            continue
        paper.add_page()
        if row.delivery_kind == Kind.PICKUP:
            _shelf(paper, row)
        else:
            _address(paper, row)
    if beyond:
        paper.add_page()
        paper.said(said_of_beyond(beyond), size=13)
    if not paper.page:
        paper.add_page()
        paper.said(_("Nothing at present."), size=13)
    return paper.bytes()


def said_of_beyond(beyond: int) -> str:
    text = ngettext(
        "%(beyond)s more order has its label once these are handed over.",
        "%(beyond)s more orders have their labels once these are handed over.",
        beyond,
    )
    return text % {"beyond": beyond}


def initials(name: str) -> str:
    """ "Jean-Luc de la Rue": "J. R.": whoever passes by the shelf learns no name."""
    parts = [part for part in name.split() if part[:1].isalpha()]
    kept = parts if len(parts) < 2 else [parts[0], parts[-1]]
    return " ".join(f"{part[0].upper()}." for part in kept)


def address_lines(shop_order: ShopOrder) -> tuple[str, str, list[str]]:
    """Who sends it, to whom it is to be handed where it goes to a place first, and the lines of the address."""
    shop, to = shop_order.shop, recipient(shop_order)
    sender = ", ".join([shop.name, shop.line1, f"{shop.postcode} {shop.city}"])
    name, address = str(to["name"]), [str(part) for part in to["address"] if part != to["name"]]  # type: ignore[attr-defined]
    if shop_order.delivery_kind in {Kind.OTHER_SHOP, Kind.POINT}:
        return sender, name, address
    return sender, "", [name, *address]


def shelf_lines(shop_order: ShopOrder) -> list[str]:
    """For whom, in initials; until when; how many; the code."""
    said = [initials(str(recipient(shop_order)["name"])) or shop_order.number]
    if shop_order.keep_until:
        until = localtime(shop_order.keep_until, ZoneInfo(shop_order.shop.timezone))
        said.append(_("Kept until %(day)s") % {"day": date_format(until, "DATE_FORMAT")})
    units = sum(line.to_hand_over for line in shop_order.lines.all())
    return [*said, ngettext("%(count)s copy", "%(count)s copies", units) % {"count": units}, shop_order.pickup_code]


def _address(paper: Labels, shop_order: ShopOrder) -> None:
    sender, handed_to, lines = address_lines(shop_order)
    paper.said(_("From: %(shop)s") % {"shop": sender}, size=9, most_mm=16)
    paper.line(8, paper.get_y() + 3, LABEL_MM[0] - 8, paper.get_y() + 3)
    paper.ln(9)
    if handed_to:
        paper.said(_("To be handed to: %(name)s") % {"name": handed_to}, size=10, most_mm=14)
        paper.ln(3)
    paper.said("\n".join(lines), size=17, bold=True, most_mm=ADDRESS_MM)
    _foot(paper, shop_order, shop_order.number)


def _shelf(paper: Labels, shop_order: ShopOrder) -> None:
    first, *between, code = shelf_lines(shop_order)
    paper.said(first, size=40, bold=True, most_mm=20)
    paper.ln(4)
    for said in between:
        paper.said(said, size=13, most_mm=14)
        paper.ln(3)
    paper.said(code, size=26, bold=True, most_mm=14)
    _foot(paper, shop_order, code)


def _foot(paper: Labels, shop_order: ShopOrder, code: str) -> None:
    """The number, and what the desk's scan field reads."""
    draw_qr(paper, code, LABEL_MM[0] - 8 - QR_MM, LABEL_MM[1] - 8 - QR_MM, QR_MM)
    paper.set_xy(8, LABEL_MM[1] - 22)
    paper.set_right_margin(8 + QR_MM + 4)
    paper.said(f"{shop_order.number}\n{shop_order.delivery_name}", size=10, most_mm=16)
    paper.set_right_margin(8)


def _language() -> str:
    return (get_language() or "fr")[:2]
