"""Orders into Dolibarr, over REST (`shops.systems.dolibarr`).

Our number is the customer's reference (`ref_client`), which Dolibarr searches and does not keep unique. An order is
made as a draft and validated by a second call, which takes its units off the warehouse; a draft that is there is
validated, and nothing else is, since Dolibarr would take the units again. More than there is may be taken: what is not
there is asked before, and refused line by line. Shipments are what leaves the shop.

htdocs/commande/class/api_orders.class.php, commande.class.php (valid, cancel)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape

from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.foundation.money import to_decimal
from shops.channels.base import Answer, LineSaid, OrderState, ParcelSaid, Receipt
from shops.channels.lines import answers_of
from shops.channels.messages import delivery_lines
from shops.channels.system import SystemChannel
from shops.models import ShopOrder, ShopOrderLine
from shops.systems.calling import NO_CUSTOMER, Trouble
from shops.systems.dolibarr import Dolibarr, Row, copies, status

CANCELLED, DRAFT, VALIDATED, ON_ITS_WAY, CLOSED = "-1", "0", "1", "2", "3"
BOOKED = {VALIDATED, ON_ITS_WAY, CLOSED}
SENT = {"1", "2"}  # a shipment that is validated, or closed
DROPPED = "-1"
STOCK = [("mode", "1"), ("includestockdata", "1")]


class DolibarrChannel(SystemChannel):
    kind = "dolibarr"

    def find(self, client: Dolibarr, number: str) -> Row | None:
        """Of several the one that stands: a cancelled one may have been made anew."""
        found = client.of("/orders", "ref_client", [number], [("thirdparty_ids", _customer(client))])
        found = [order for order in found if str(order.get("ref_client")) == number]
        return max(found, key=lambda order: (status(order) != CANCELLED, -int(order["id"])), default=None)

    def free(self, client: Dolibarr, lines: list[ShopOrderLine]) -> dict[str, int]:
        return {sku: _left(client, product) for sku, product in _products(client, [line.sku for line in lines]).items()}

    def enter(self, client: Dolibarr, shop_order: ShopOrder, lines: list[ShopOrderLine]) -> Row:
        products, customer = _products(client, [line.sku for line in lines]), _customer(client)
        order = {
            "socid": customer,
            "date": int(timezone.now().timestamp()),
            "type": 0,
            "ref_client": shop_order.number,
            "warehouse_id": client.options["warehouse_id"],
            "note_public": _note(shop_order),
            "lines": [_sold(line, products[line.sku], shop_order.currency) for line in lines],
        }
        made = client.caller.post("/orders", order)
        if not isinstance(made, int | str) or not str(made).isdigit():
            raise client.caller.refused("no id", Trouble.UNCLEAR, unknown_outcome=True)
        return self._read(client, made)

    def finish(self, client: Dolibarr, order: Row) -> Row:
        if status(order) != DRAFT:
            return order
        house = {"idwarehouse": int(client.options["warehouse_id"]), "notrigger": 0}
        client.caller.post(f"/orders/{order['id']}/validate", house)
        return self._read(client, order["id"])

    def number(self, client: Dolibarr, order: Row) -> str:
        return str(order["ref_client"])

    def units(self, order: Row) -> dict[str, int]:
        return _sum(order.get("lines") or [])

    def said(self, client: Dolibarr, order: Row) -> OrderState:
        stands, units = status(order), self.units(order)
        shipments = self._shipments(client, order) if stands in (ON_ITS_WAY, CLOSED) else []
        lines: list[LineSaid] = []
        if stands == CANCELLED:
            why = _("Cancelled in our system.")
            lines = [LineSaid(sku, Answer.DECLINED, count, why) for sku, count in units.items()]
        elif stands in BOOKED:
            products = _products(client, list(units), sold=False) if stands == VALIDATED else {}
            back = _given_up(units, shipments) if stands == CLOSED and shipments else {}
            lines = answers_of(units, back, {sku: _left(client, product) for sku, product in products.items()})
        is_booked = stands in BOOKED and self.books_here(client)
        parcels = _parcels(order, shipments, units)
        receipt = Receipt(str(order.get("ref") or order["id"]), is_booked, lines=tuple(lines))
        return OrderState(self.number(client, order), receipt, parcels)

    def changed(self, client: Dolibarr, since: datetime) -> Iterator[Row]:
        ours, test = [("thirdparty_ids", _customer(client))], client.changed_since(since)
        met: set[str] = set()
        for page in client.each("/orders", ours, test):
            for order in page:
                met.add(str(order["id"]))
                if order.get("ref_client"):
                    yield order
        shipped = (row for page in client.each("/shipments", ours, test) for row in page)
        others = {str(row["origin_id"]) for row in shipped if row.get("origin_id")} - met
        yield from (order for order in client.of("/orders", "rowid", sorted(others)) if order.get("ref_client"))

    def _read(self, client: Dolibarr, key: object) -> Row:
        found = client.found(f"/orders/{key}")
        if found is None:
            raise client.caller.refused("no order", Trouble.UNCLEAR, unknown_outcome=True)
        return found

    def _shipments(self, client: Dolibarr, order: Row) -> list[Row]:
        """Those that stand, with what is in each, by article: `units`."""
        names = {str(line["fk_product"]): _sku(line) for line in order.get("lines") or [] if line.get("fk_product")}
        found = [row for row in client.rows(f"/orders/{order['id']}/shipment") if status(row) != DROPPED]
        return [{**row, "units": _sum(row.get("lines") or [], names)} for row in found]


def _given_up(units: dict[str, int], shipments: list[Row]) -> dict[str, int]:
    """Of an order that is closed what is in no shipment, sent or to be sent."""
    sent: dict[str, int] = {}
    for row in shipments:
        for sku, count in row["units"].items():
            sent[sku] = sent.get(sku, 0) + count
    return {sku: max(0, count - sent.get(sku, 0)) for sku, count in units.items()}


def _parcels(order: Row, shipments: list[Row], units: dict[str, int]) -> tuple[ParcelSaid, ...]:
    """Its shipments; of one that is closed without any all of it was handed over."""
    parcels = [
        ParcelSaid(
            str(row["id"]),
            {sku: count for sku, count in row["units"].items() if count > 0},
            str(row.get("shipping_method") or ""),
            str(row.get("tracking_number") or ""),
        )
        for row in shipments
        if status(row) in SENT
    ]
    if not shipments and status(order) == CLOSED:
        all_of_it = {sku: count for sku, count in units.items() if count > 0}
        parcels = [ParcelSaid(str(order["id"]), all_of_it, is_counted=False)]
    return tuple(parcel for parcel in parcels if parcel.units)


def _customer(client: Dolibarr) -> str:
    """The third party that stands for the network."""
    if not client.options.get("customer_id"):
        raise client.caller.refused(NO_CUSTOMER, Trouble.CONTEXT)
    return str(client.options["customer_id"])


def _products(client: Dolibarr, skus: list[str], *, sold: bool = True) -> dict[str, Row]:
    """Goods alone: an address of one product knows no `mode`."""
    found = [row for row in client.products(skus, STOCK) if str(row.get("type") or "0") == "0"]
    return {str(row["ref"]): row for row in found if not sold or status(row) == "1"}


def _left(client: Dolibarr, product: Row) -> int:
    """What was never in the warehouse is not there."""
    return int(copies(product, client.options["warehouse_id"]) or 0)


def _sold(line: ShopOrderLine, product: Row, currency: str) -> Row:
    """As the reader pays it: which taxes are in it is told by the network's statement."""
    price = to_decimal(line.unit_price_minor, currency)
    common = {"fk_product": int(product["id"]), "product_type": 0, "desc": str(product.get("label") or "")}
    return {**common, "qty": line.left_units, "subprice": f"{price:f}", "tva_tx": 0, "remise_percent": 0}


def _sku(line: Row) -> str:
    return str(line.get("product_ref") or line.get("ref") or "")


def _sum(lines: Iterable[Row], names: dict[str, str] | None = None) -> dict[str, int]:
    """`names`: article numbers by product, where lines do not say theirs."""
    units: dict[str, int] = {}
    for line in lines:
        sku = _sku(line) or (names or {}).get(str(line.get("fk_product")), "")
        if sku:
            units[sku] = units.get(sku, 0) + int(float(line.get("qty") or 0))
    return units


def _note(shop_order: ShopOrder) -> str:
    """How it is handed over, and to whom it is sent where it is, as HTML, which Dolibarr shows."""
    return "<br>".join(escape(line) for line in delivery_lines(shop_order))
