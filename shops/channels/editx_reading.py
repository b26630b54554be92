"""An EDItX order response as what it says of our lines.

No schema of the response is public; what is known of it and used here:

- the code lists of EDItX (`editx_codelists.xsd`): types of a response (NoDetail, AllLines, ExceptionsOnly), status of
  an order (AcceptedShipping, AcceptedBackordered, CanceledSeeDetail, …), references BuyersOrderReference and
  BuyersOrderLineReference, kinds of availability codes (EDItEURAlpha, EDItEURNumeric); composites are named by them as
  those of the order are (a CodeType beside a Code);
- the quantities of a line as Baker & Taylor's responses have them: QuantityShipping, QuantityBackordered,
  QuantityCanceled, with LineStatusDescription; units in none of them are cancelled;
- EDItEUR's list 54 and ONIX list 65 for the codes.

So elements are found by their local names, wherever in their line they stand, and quantities count before codes. What
is not understood is told and changes nothing. The file is a stranger's: no document type, no entities, limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml import etree

from shops.channels.base import Answer, LineAnswer
from shops.models import ShopOrderLine

DEPTH, ELEMENTS, MOST_UNITS = 16, 50_000, 1_000_000
ROOTS = {"OrderResponse", "CDFOrderResponse"}
# EDItEUR's list 54, and of ONIX list 65 the codes for what is not to be had.
CODES = {
    "AB": "cancelled",
    "AD": "available direct from the publisher only",
    "CS": "availability uncertain",
    "EX": "no longer stocked",
    "NP": "not yet published",
    "NY": "newly catalogued, not yet in stock",
    "OF": "other format available",
    "OI": "out of stock indefinitely",
    "OP": "out of print",
    "OR": "replaced by a new edition",
    "PP": "publication postponed indefinitely",
    "RF": "refer to another supplier",
    "RM": "remaindered",
    "RP": "reprinting",
    "RU": "reprinting, undated",
    "TO": "special order",
    "TP": "temporarily out of stock because the publisher cannot supply",
    "TU": "temporarily unavailable",
    "UR": "unavailable, awaiting reissue",
    "WR": "will be remaindered",
    "WS": "withdrawn from sale",
    "10": "not yet available",
    "11": "awaiting stock",
    "22": "to order",
    "30": "temporarily unavailable",
    "31": "out of stock",
    "32": "reprinting",
    "33": "awaiting reissue",
    "34": "temporarily withdrawn",
    "40": "not available",
    "41": "replaced by a new product",
    "42": "other format available",
    "43": "no longer supplied",
    "44": "apply direct",
    "46": "withdrawn from sale",
    "47": "remaindered",
    "48": "replaced by print on demand",
    "49": "recalled",
    "51": "out of print",
    "52": "not sold in this market",
    "99": "contact the supplier",
}


class ResponseError(Exception):
    """The file is no order response that we can read; the message says why, for staff."""


@dataclass
class Item:
    """One line of it. Quantities are None where it says none."""

    reference: str = ""
    number: str = ""
    ids: list[str] = field(default_factory=list)  # EANs and ISBNs
    shipping: int | None = None
    back_ordered: int | None = None
    canceled: int | None = None
    code: str = ""
    words: str = ""

    @property
    def note(self) -> str:
        said = f"{self.code}: {CODES[self.code]}" if self.code in CODES else self.code
        return "; ".join(part for part in (said, self.words) if part)[:200]


@dataclass
class Response:
    """`order`: our number; `reference`: its own."""

    order: str
    reference: str
    kind: str
    status: str
    items: list[Item]


def read(content: bytes) -> list[Response]:
    """The order responses of a file, one at least. Raises `ResponseError`."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ResponseError(f"it is no XML ({error}).") from error
    if tree.getroottree().docinfo.doctype:
        raise ResponseError("it brings a document type, which is not read.")
    _check_size(tree)
    found = [element for element in tree.iter() if _name(element) in ROOTS]
    if not found:
        raise ResponseError(f"it is no order response, but “{_name(tree)[:40]}”.")
    return [_response(element) for element in found]


def answers(response: Response, lines: Sequence[ShopOrderLine]) -> tuple[list[LineAnswer], list[str]]:
    """What it says of each line, and what could not be understood."""
    said: dict[int, LineAnswer] = {}
    problems: list[str] = []
    for item in response.items:
        line = _line_of(item, lines)
        if line is None:
            problems.append(f"its line {item.number or item.reference or '?'} is none of this order.")
        elif line.pk in said:
            problems.append(f"it answers the line “{line.sku}” twice.")
            said[line.pk] = LineAnswer(line.pk, Answer.CHANGED, note="answered twice")
        else:
            said[line.pk] = _answer(item, line, response.status)
    for line in lines:
        if line.pk not in said and (rest := _unlisted(response, line)):
            said[line.pk] = rest
    if not said:
        problems.append(f"it says nothing that we understand ({response.status or response.kind or 'no status'}).")
    return [said[line.pk] for line in lines if line.pk in said], problems


def _answer(item: Item, line: ShopOrderLine, status: str) -> LineAnswer:
    ordered = line.quantity - line.cancelled
    if line.gtin and item.ids and f"{line.gtin:013}" not in item.ids:
        said = f"{', '.join(item.ids)[:60]} {item.note}".strip()
        return LineAnswer(line.pk, Answer.SUBSTITUTED, note=said, article=item.ids[0])
    quantities = (item.shipping, item.back_ordered, item.canceled)
    if all(quantity is None for quantity in quantities):
        return _by_status(line, status, item.note)
    shipping, later = min(item.shipping or 0, ordered), item.back_ordered or 0
    if later:
        gone = min(item.canceled or 0, ordered - shipping)
        note = f"{later} × {item.note}"
        return LineAnswer(line.pk, Answer.BACK_ORDERED, shipping, gone, _reason(item), note, units=later)
    if shipping == ordered:
        return LineAnswer(line.pk, Answer.ACCEPTED, shipping, note=item.note)
    kind = Answer.CHANGED if shipping else Answer.DECLINED
    return LineAnswer(line.pk, kind, shipping, ordered - shipping, _reason(item), item.note)


def _by_status(line: ShopOrderLine, status: str, note: str) -> LineAnswer:
    """A line without quantities, by what is said of the whole order."""
    ordered = line.quantity - line.cancelled
    if status == "AcceptedShipping":
        return LineAnswer(line.pk, Answer.ACCEPTED, ordered, note=note)
    if status.startswith("Canceled"):
        return LineAnswer(line.pk, Answer.DECLINED, 0, ordered, ShopOrderLine.Reason.SOLD, note or status)
    kind = Answer.BACK_ORDERED if status == "AcceptedBackordered" else Answer.CHANGED
    return LineAnswer(line.pk, kind, note=note or status or "no quantity")


def _unlisted(response: Response, line: ShopOrderLine) -> LineAnswer | None:
    """A line that it does not list: accepted where it lists exceptions alone, and as the whole order is where it lists
    none."""
    if response.kind == "ExceptionsOnly" and response.status.startswith("Accepted"):
        return _by_status(line, "AcceptedShipping", "")
    if not response.items and response.status in ("AcceptedShipping", "AcceptedBackordered", "CanceledSeeMessage"):
        return _by_status(line, response.status, "")
    return None


def _reason(item: Item) -> str:
    """That its system has none is known to that system: as if it had been sold at the counter. What a sender says with
    a code of its own may be anything."""
    known = not item.code or item.code in CODES
    return ShopOrderLine.Reason.SOLD if known else ShopOrderLine.Reason.OTHER


def _line_of(item: Item, lines: Sequence[ShopOrderLine]) -> ShopOrderLine | None:
    """By our reference; without one by its article, where one line has it; else by its number as we gave it."""
    if item.reference:
        return next((line for line in lines if str(line.pk) == item.reference), None)
    same = [line for line in lines if line.gtin and f"{line.gtin:013}" in item.ids]
    if len(same) == 1:
        return same[0]
    number = int(item.number) if item.number.isdecimal() and len(item.number) < 6 else 0
    return lines[number - 1] if 1 <= number <= len(lines) else None


def _response(element: etree._Element) -> Response:
    header = _first(element, "Header")
    references = dict(_references(header)) if header is not None else {}
    head = header if header is not None else element
    own = _text(head, "OrderResponseNumber")
    return Response(
        order=(references.get("BuyersOrderReference") or own)[:40],
        reference=own[:60],
        kind=_text(head, "OrderResponseTypeCode") or _text(head, "ResponseTypeCode"),
        status=_text(head, "OrderStatusCode"),
        items=[_item(item) for item in element.iterchildren() if _name(item) == "ItemDetail"],
    )


def _item(element: etree._Element) -> Item:
    ids = [_text(one, "Identifier") for one in element.iter() if _name(one) == "ProductID"]
    digits = ["".join(each for each in value if each.isdigit()) for value in ids]
    return Item(
        reference=dict(_references(element)).get("BuyersOrderLineReference", ""),
        number=_text(element, "LineNumber"),
        ids=[value for value in digits if len(value) == 13],
        shipping=_units(element, "QuantityShipping"),
        back_ordered=_units(element, "QuantityBackordered"),
        canceled=_units(element, "QuantityCanceled"),
        code=(_text(element, "AvailabilityCode") or _text(element, "OrderLineStatusCode"))[:20],
        words=_text(element, "LineStatusDescription")[:200],
    )


def _references(element: etree._Element) -> Iterator[tuple[str, str]]:
    for child in element.iterchildren():
        if _name(child) == "ReferenceCoded":
            yield _text(child, "ReferenceTypeCode"), _text(child, "ReferenceNumber")


def _units(element: etree._Element, name: str) -> int | None:
    text = _text(element, name)
    if not text:
        return None
    if not text.isdecimal() or int(text[:9]) > MOST_UNITS:
        raise ResponseError(f"“{text[:20]}” is no quantity.")
    return int(text[:9])


def _text(element: etree._Element, name: str) -> str:
    found = _first(element, name)
    return (found.text or "").strip() if found is not None else ""


def _first(element: etree._Element, name: str) -> etree._Element | None:
    return next((one for one in element.iter() if _name(one) == name), None)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _check_size(tree: etree._Element) -> None:
    depth = 0
    for count, (event, _) in enumerate(etree.iterwalk(tree, events=("start", "end"))):
        depth += 1 if event == "start" else -1
        if depth > DEPTH or count > 2 * ELEMENTS:
            raise ResponseError("it is nested too deep, or too long.")
