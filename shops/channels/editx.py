"""Orders as EDItX messages, the XML of the book trade (EDItEUR), left in a folder; the order responses are read from
another one.

The order is written from the schema of EDItX Trade Order 1.2 and its code lists. No schema of the order response is
public: see `editx_reading.py`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from lxml import etree
from lxml.builder import E

from marketplace.foundation import folders, network
from marketplace.foundation.folders import FolderError
from shops import drops
from shops.channels import editx_reading
from shops.channels.base import Acknowledgement, Receipt
from shops.channels.drops import DropChannel
from shops.channels.editx_reading import Response
from shops.models import Condition, ShopOrder, ShopOrderLine

MOST_BYTES = 1024**2  # of a response
MOST_FILES, FETCHED_SECONDS = 50, 60.0  # at once; the others the next time
LOOK_BACK = timedelta(days=7)  # times of files may be those of their making


class EditxChannel(DropChannel):
    kind = "editx"
    capabilities = frozenset({"cancel", "acknowledgements"})
    ending = ".xml"

    def unsaid(self, shop_order: ShopOrder) -> bool:
        """Used copies: each is an article of its own."""
        return any(line.condition != Condition.NEW for line in shop_order.lines.all() if line.left_units)

    def content(self, shop_order: ShopOrder, *, now: datetime) -> bytes:
        lines = [(number, line) for number, line in enumerate(shop_order.lines.all(), start=1) if line.left_units]
        ours = ("GLN", self.setting("our_gln", "the GLN of who sends its order files"))
        theirs = ("GLN", self.setting("gln", "the GLN of who gets its order files"))
        order = E.Order(
            E.Header(
                E.OrderNumber(shop_order.number),
                E.IssueDateTime(now.astimezone(UTC).strftime("%Y%m%dT%H%MZ")),
                E.PurposeCode("Original"),
                E.CurrencyCode(shop_order.currency),
                E.FillTermsCode("FillPartKillRemainder"),
                _party("BuyerParty", ours, network.current().name),
                _party("SellerParty", theirs, self.shop.name),
                *_ship_to(shop_order, ours),
            ),
            *(_item(number, line) for number, line in lines),
            E.Summary(E.NumberOfLines(str(len(lines))), E.UnitsOrdered(str(sum(line.left_units for _, line in lines)))),
            version="1.2",
        )
        return etree.tostring(order, xml_declaration=True, encoding="UTF-8", pretty_print=True)

    def acknowledgements(self, since: datetime, known: Collection[str] = ()) -> Iterator[Acknowledgement]:
        if not drops.of(self.shop).answers:
            return
        for name, key, content in self._fetched(since, known):
            yield from self._read(content, name, key) if isinstance(content, bytes) else [_unread(content, name, key)]

    def _fetched(self, since: datetime, known: Collection[str]) -> list[tuple[str, str, bytes | str]]:
        """Names, keys and contents (or why there is none) of files that were not taken, a few at a time; the
        connection is not kept while they are."""
        fetched: list[tuple[str, str, bytes | str]] = []
        began = time.monotonic()
        with self.folder(of_answers=True) as folder:
            listed = [
                (entry.changed_at or since, entry.name, _key(entry))
                for entry in folder.entries()
                if entry.name.lower().endswith(".xml") and (entry.changed_at or since) >= since - LOOK_BACK
            ]
            for _, name, key in sorted(one for one in listed if one[2] not in known)[:MOST_FILES]:
                try:
                    fetched.append((name, key, folder.read(name, max_bytes=MOST_BYTES)))
                except FolderError as error:
                    if not error.permanent:
                        raise
                    fetched.append((name, key, str(error)))
                if time.monotonic() - began > FETCHED_SECONDS:
                    break
        return fetched

    def _read(self, content: bytes, name: str, key: str) -> Iterator[Acknowledgement]:
        """Of several responses in a file the last one has the file's own key: the file is known once all are taken."""
        try:
            responses = editx_reading.read(content)
        except editx_reading.ResponseError as error:
            yield _unread(str(error), name, key)
            return
        for left, response in zip(range(len(responses) - 1, -1, -1), responses, strict=True):
            yield self._understood(response, name, f"{key}:{left}" if left else key)

    def _understood(self, response: Response, name: str, key: str) -> Acknowledgement:
        order = ShopOrder.objects.filter(shop=self.shop, number=response.order).first()
        if order is None:
            problem = f"{name}: it answers the order {response.order}, which we do not know."
            return Acknowledgement(response.order, Receipt(), key, problem=problem)
        answers, problems = editx_reading.answers(response, list(order.lines.all()))
        return Acknowledgement(
            order.number,
            Receipt(reference=response.reference),
            key,
            tuple(answers),
            problem=f"{name}: {' '.join(problems)}" if problems else "",
        )


def _key(entry: folders.Entry) -> str:
    """A file that takes the place of one that was read is another one, where its server says when it was changed."""
    stamp = f":{entry.changed_at:%Y%m%d%H%M%S}" if entry.changed_at else ""
    return f"{entry.name}:{entry.size}{stamp}"


def _unread(why: str, name: str, key: str) -> Acknowledgement:
    return Acknowledgement("", Receipt(), key, problem=f"{name}: {why}")


def _party(tag: str, identifier: tuple[str, str], *names: str) -> etree._Element:
    kind, value = identifier
    party = E(tag, E.PartyID(E.PartyIDType(kind), E.Identifier(value)))
    if names:
        party.append(E.PartyName(*(E.NameLine(_plain(name)) for name in names)))
    return party


def _ship_to(shop_order: ShopOrder, ours: tuple[str, str]) -> list[etree._Element]:
    """Where it is sent to, which is nobody with a number of the trade: named by ours."""
    option, address = shop_order.delivery_option, shop_order.order.shipping_address
    if option is None or option.is_collected or address is None:
        return []
    name, *rest = [str(part) for part in address.active_address_fields()] or [""]
    party = _party("ShipToParty", ours, name)
    party.append(E.PostalAddress(*(E.AddressLine(_plain(part)) for part in rest or [name])))
    return [party]


def _item(number: int, line: ShopOrderLine) -> etree._Element:
    ids = [("EAN13", f"{line.gtin:013}")] if line.gtin and line.gtin < 10**13 else []
    item = E.ItemDetail(E.LineNumber(str(number)))
    for kind, value in [*ids, ("Seller", _plain(line.sku))]:
        item.append(E.ProductID(E.ProductIDType(kind), E.Identifier(value)))
    item.append(E.ItemDescription(E.TitleDetail(_plain(line.title))))
    item.append(E.OrderQuantity(str(line.left_units)))
    item.append(E.ReferenceCoded(E.ReferenceTypeCode("BuyersOrderLineReference"), E.ReferenceNumber(str(line.pk))))
    return item


def _plain(text: str) -> str:
    """Without what XML has no place for."""
    return "".join(each if each.isprintable() else " " for each in text)
