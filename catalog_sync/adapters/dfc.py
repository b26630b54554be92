"""Data Food Consortium: a JSON-LD graph of catalogue items, their products, offers and planned transformations.

Source: the DFC ontology as the Open Food Network, LiteFarm and the Food Data Collaboration write it. A negative stock
limit is no limit. A planned transformation says how many units make a case. The @context is never fetched: names
are read by their last part, so that old and new prefixes read alike.

Options: `delta`.
"""

from collections.abc import Iterator

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.dfc_graph import Graph, Node, Packing, in_stock, packings, unit_size
from catalog_sync.adapters.spreadsheet import stamp_notes
from catalog_sync.prices import Priced, read_price
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.json_text import read_document
from catalog_sync.reading.stamps import as_of
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text

# dfc-m: the measures that are currencies.
CURRENCIES = {"Euro": "EUR", "PoundSterling": "GBP", "CanadianDollar": "CAD", "AustralianDollar": "AUD"}


class DataFoodConsortium(FileAdapter):
    kind = "dfc"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        document, decoding = read_document(file.path, self.feed.encoding, "JSON-LD (DFC)")
        graph = Graph(document)
        if not any("type" in node for node in graph.nodes):
            raise feed_error("file_wrong_kind", permanent=True, found="JSON", expected="JSON-LD (DFC)")
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), [decoding.note(), *stamp_notes(file)])
        packed = packings(graph)
        for number, item in enumerate(graph.of_type("CatalogItem"), 1):
            self._take(item, number, graph, packed, writer, lane)
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=True)

    def _take(
        self, item: Node, number: int, graph: Graph, packed: dict[str, Packing], writer: ChunkWriter, lane: Lane
    ) -> None:
        product = graph.product_of(item)
        sku = graph.text(item, "sku") or (graph.name(item) if len(graph.name(item)) <= cleaning.SKU_LENGTH else "")
        title = cleaning.title(graph.text(item, "name") or graph.text(product, "name"))
        why_not = None if sku else reason("sku_missing")
        if why_not is None and not title and lane is Lane.CATALOGUE:
            why_not = reason("title_missing")
        if why_not is not None:
            raw = str({name: value for name, value in item.items() if isinstance(value, list)})
            writer.refused.append(Refused(raw_text(raw), why_not, number, cleaning.sku(sku)))
            return
        offers = graph.objects(item, "offeredThrough")
        price = self._price(graph, offers)
        units, availability, odd = in_stock(graph, item, packed)
        record = CatalogRecord(
            sku=cleaning.sku(sku),
            gtin=None,
            title=title,
            price=price.price,
            currency=price.currency,
            price_kind=PriceKind.RETAIL,
            quantity=units,
            contains_our_orders=self.contains_our_orders,
            availability=availability,
            condition=Condition.NEW,
            as_of=writer.as_of,
            speaks_for=self.speaks_for(lane),
            publisher=cleaning.name(graph.supplier_of(product)),
            subjects=_subjects(graph, product),
            description=cleaning.description(graph.text(product, "description")),
            cover=cleaning.web_address(graph.text(product, "image")),
            unit_size=unit_size(graph, product, packed),
        )
        writer.records.append(record)
        reasons: list[Reason | None] = [price.reason if lane is Lane.CATALOGUE else None, odd]
        if len(offers) > 1:
            reasons.append(reason("offers_several", count=len(offers)))
        writer.issues.extend(Issue(record.sku, why, number) for why in reasons if why is not None)

    def _price(self, graph: Graph, offers: list[Node]) -> Priced:
        """The price of the first offer: a number, or a Price with its value and currency."""
        offer = offers[0] if offers else {}
        name = "hasPrice" if "hasPrice" in offer else "price"
        stated = next(iter(graph.objects(offer, name)), None)
        if stated is None:
            return read_price(graph.text(offer, name), self.feed.currency, ".")
        unit = graph.word(stated, "hasUnit")
        if unit and unit not in CURRENCIES:
            return Priced(None, self.feed.currency, reason("currency_unknown", value=unit))
        return read_price(graph.text(stated, "value"), CURRENCIES.get(unit, self.feed.currency), ".")


def _subjects(graph: Graph, product: Node) -> tuple[tuple[str, str, str], ...]:
    kind = cleaning.one_line(graph.word(product, "hasType"))
    return (("dfc", kind, ""),) if kind else ()
