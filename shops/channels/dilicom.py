"""The order file of the French book trade, as it is left at Dilicom's or a distributor's server: fixed lines, the last
one counts them.

Written from the layout that Abelujo (a free bookshop program) notes in its `search/dilicom_command.py`, and tried at no
server of Dilicom's: A recipient, B who orders, C the order's number, unique for a year, D its day, E how it is sent
("09" and "0": as agreed with the recipient), L one article (EAN-13, six digits of copies), Q how many lines there are.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from stdnum import ean

from shops.channels.base import ChannelError
from shops.channels.drops import DropChannel
from shops.models import Condition, ShopOrder

AS_AGREED = "090"  # way of sending, notation
MOST_LINES, MOST_UNITS = 9_990, 999_999


class DilicomChannel(DropChannel):
    kind = "dilicom"

    def unsaid(self, shop_order: ShopOrder) -> bool:
        """Used copies, and what has no EAN."""
        lines = [line for line in shop_order.lines.all() if line.left_units]
        return len(lines) > MOST_LINES or any(
            line.condition != Condition.NEW or not ean.is_valid(_ean(line.gtin)) or line.left_units > MOST_UNITS
            for line in lines
        )

    def content(self, shop_order: ShopOrder, *, now: datetime) -> bytes:
        day = now.astimezone(ZoneInfo(self.shop.timezone)).strftime("%Y%m%d")
        recipient, orderer = self._number("gln", "the GLN of who gets"), self._number("our_gln", "the GLN of who sends")
        said = [recipient, orderer, shop_order.number, day, AS_AGREED]
        rows = [
            f"{letter}{number:04}{value}" for number, (letter, value) in enumerate(zip("ABCDE", said, strict=True), 1)
        ]
        for line in shop_order.lines.all():
            if line.left_units:
                rows.append(f"L{len(rows) + 1:04}{_ean(line.gtin)}{line.left_units:06}")
        rows.append(f"Q{len(rows) + 1:04}")
        return "\n".join(rows).encode("ascii")

    def _number(self, name: str, what: str) -> str:
        number = self.setting(name, f"{what} its order files")
        if len(number) != 13 or not ean.is_valid(number):
            raise ChannelError(f"{number} is no GLN: thirteen digits, the last one checks them.", permanent=True)
        return number


def _ean(gtin: int | None) -> str:
    return f"{gtin:013}" if gtin else ""
