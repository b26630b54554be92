"""A DFC graph: its nodes by name, their properties whatever the prefix, and what packs into what."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from catalog_sync import cleaning
from catalog_sync.reading.json_text import as_list, as_text
from catalog_sync.reasons import Reason
from catalog_sync.records import Availability

Node = dict[str, Any]  # {local name of a property: its values as a list}; "id": the node's own name
# dfc-m: measures of what one unit holds, as they are printed. A piece is counted, not measured.
MOST_PIECES = 10_000  # in one case
MOST_UNITS = 999_999_999
MEASURES = {
    "Kilogram": "kg",
    "Gram": "g",
    "Litre": "l",
    "Liter": "l",
    "Decilitre": "dl",
    "Centilitre": "cl",
    "Millilitre": "ml",
    "Milliliter": "ml",
    "Piece": "",
    "Unit": "",
}


def local(name: str) -> str:
    """The last part of a name: "dfc-b:sku" and "https://…DFC_BusinessOntology.owl#sku" are "sku"."""
    return name.rsplit("#", 1)[-1].rsplit("/", 1)[-1].rsplit(":", 1)[-1]


class Graph:
    """The nodes of a document, nested ones among them. A node that is described twice is one."""

    def __init__(self, document: Any) -> None:
        self.nodes: list[Node] = []
        self.by_id: dict[str, Node] = {}
        waiting = [document]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting.extend(reversed(each))
            elif isinstance(each, dict):
                self._add(each)
                inside = reversed([value for name, value in each.items() if name != "@context"])
                waiting.extend(value for value in inside if isinstance(value, dict | list))
        self.referenced: dict[str, Node] = {}
        self.suppliers: dict[str, str] = {}
        for node in self.nodes:
            for name in self._names(node, "referencedBy"):
                self.referenced.setdefault(name, node)
            for name in self._names(node, "supplies"):
                self.suppliers.setdefault(name, self.text(node, "name"))
        self.items: dict[str, list[Node]] = {}
        for item in self.of_type("CatalogItem"):
            self.items.setdefault(self.name(self.product_of(item)), []).append(item)

    def _add(self, each: dict[str, Any]) -> None:
        name = each.get("@id")
        node: Node = {}
        if isinstance(name, str):
            if len(each) == 1:
                return  # a reference
            node = self.by_id.setdefault(name, node)
        if not node:
            self.nodes.append(node)
        for key, value in each.items():
            if key not in ("@context", "@graph", "@id"):
                node.setdefault(local(key) if key != "@type" else "type", as_list(value))
        node.setdefault("id", [name] if isinstance(name, str) else [])

    def of_type(self, kind: str) -> Iterator[Node]:
        for node in self.nodes:
            if any(isinstance(each, str) and local(each) == kind for each in node.get("type", ())):
                yield node

    def name(self, node: Node) -> str:
        return str(node["id"][0]) if node.get("id") else ""

    def _names(self, node: Node, name: str) -> list[str]:
        """The names of the nodes a property points to."""
        found = (each.get("@id") if isinstance(each, dict) else each for each in node.get(name, ()))
        return [each for each in found if isinstance(each, str)]

    def objects(self, node: Node, name: str) -> list[Node]:
        """The nodes a property points to, or holds."""
        found = []
        for each in node.get(name, ()):
            target = each.get("@id") if isinstance(each, dict) else each
            if isinstance(target, str) and target in self.by_id:
                found.append(self.by_id[target])
            elif isinstance(each, dict) and "@value" not in each and len(each) > ("@id" in each):
                found.append({local(key): as_list(value) for key, value in each.items()})
        return found

    def text(self, node: Node, name: str) -> str:
        for each in node.get(name, ()):
            text = as_text(each.get("@value") if isinstance(each, dict) else each).strip()
            if text:
                return text
        return ""

    def word(self, node: Node, name: str) -> str:
        """The last part of the name a property points to: "dfc-m:Euro" is "Euro"."""
        return next((local(each) for each in self._names(node, name)), "")

    def product_of(self, item: Node) -> Node:
        found = self.objects(item, "references")
        return found[0] if found else self.referenced.get(self.name(item), {})

    def supplier_of(self, product: Node) -> str:
        return self.suppliers.get(self.name(product), "")

    def items_of(self, product: str) -> list[Node]:
        """The catalogue items of a product, by its name."""
        return self.items.get(product, [])


class Packing(NamedTuple):
    """From `taken` of the product `source` come `given` of this one. `units`: how many of the smaller one pack into
    one of this; 0 where this one is the smaller."""

    source: str
    taken: int
    given: int
    units: int


def packings(graph: Graph) -> dict[str, Packing]:
    """What a planned transformation makes, by the name of the product: whole numbers, one product in and one out."""
    found: dict[str, Packing] = {}
    for each in graph.of_type("AsPlannedTransformation"):
        flows_in = graph.objects(each, "hasInput") or graph.objects(each, "hasIncome")
        flows_out = graph.objects(each, "hasOutput") or graph.objects(each, "hasOutcome")
        if len(flows_in) != 1 or len(flows_out) != 1:
            continue
        sources, results = graph.objects(flows_in[0], "consumes"), graph.objects(flows_out[0], "produces")
        taken, given = _pieces(graph, flows_in[0]), _pieces(graph, flows_out[0])
        if len(sources) != 1 or len(results) != 1 or not taken or not given or sources[0] is results[0]:
            continue
        source, result = graph.name(sources[0]), graph.name(results[0])
        found.setdefault(result, Packing(source, taken, given, taken if given == 1 and taken > 1 else 0))
        if taken == 1 and given > 1:  # a case opened: it packs that many
            found.setdefault(source, Packing(result, 0, 0, given))
    return found


def _pieces(graph: Graph, flow: Node) -> int:
    """How many pieces flow; 0 where it is no whole number of them."""
    amount = next(iter(graph.objects(flow, "hasQuantity")), {})
    number = _number(graph.text(amount, "value"))
    measured = MEASURES.get(graph.word(amount, "hasUnit"))
    if measured or number is None or number != number.to_integral_value() or not 0 < number <= MOST_PIECES:
        return 0
    return int(number)


def _number(text: str) -> Decimal | None:
    bare = text.strip()
    digits = bare.removeprefix("-").replace(".", "", 1)
    return Decimal(bare) if digits.isascii() and digits.isdigit() and len(bare) <= 15 else None


class _Limit(NamedTuple):
    """`units` free to sell; None: no limit, where `known`."""

    units: int | None
    known: bool
    odd: Reason | None = None


def _limit(graph: Graph, item: Node) -> _Limit:
    """The lowest of the limits an item and its offers state; a negative one is none."""
    units: int | None = None
    known, odd = False, None
    for node in (item, *graph.objects(item, "offeredThrough")):
        text = graph.text(node, "stockLimitation")
        number = _number(text)
        if number is not None and number < 0:
            known = True
        elif text:
            stated = cleaning.quantity(text)
            odd = odd or stated.reason
            if stated.value is not None:
                known, units = True, stated.value if units is None else min(units, stated.value)
    return _Limit(units, known, odd)


def in_stock(graph: Graph, item: Node, packed: dict[str, Packing]) -> tuple[int | None, str, Reason | None]:
    """Quantity and availability of an item. One that states no limit has what its source can be made into."""
    limit = _limit(graph, item)
    packing = packed.get(graph.name(graph.product_of(item)))
    if not limit.known and limit.odd is None and packing is not None and packing.taken:
        sources = graph.items_of(packing.source)
        source = _limit(graph, sources[0]) if len(sources) == 1 else limit
        made = 0 if source.units is None else min(source.units // packing.taken * packing.given, MOST_UNITS)
        units = None if source.units is None else made
        limit = _Limit(units, source.known)
    if limit.known and limit.units is None:
        return None, Availability.IN_STOCK, limit.odd
    return limit.units, cleaning.availability_of(None, limit.units), limit.odd


def unit_size(graph: Graph, product: Node, packed: dict[str, Packing]) -> str:
    """ "0.4 kg"; of a case "12 × 0.4 kg"."""
    packing = packed.get(graph.name(product))
    if packing is None or packing.units < 2:
        return _size(graph, product)
    unit = _size(graph, graph.by_id.get(packing.source, {}))
    return f"{packing.units} × {unit}" if unit else str(packing.units)


def _size(graph: Graph, product: Node) -> str:
    amount = next(iter(graph.objects(product, "hasQuantity")), {})
    number = _number(graph.text(amount, "value"))
    if number is None or number <= 0:
        return ""
    measure = graph.word(amount, "hasUnit")
    return f"{number.normalize():f} {MEASURES.get(measure, measure.lower())}".strip()
