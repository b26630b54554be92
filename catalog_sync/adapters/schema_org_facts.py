"""What a schema.org product and its offer say, in our fields."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.identifiers import Identified, gtin_text, identify, identify_isbn
from catalog_sync.prices import Priced, read_price
from catalog_sync.reading.json_text import as_list, as_text
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import CatalogRecord, Condition, Form, PriceKind

PRODUCTS = frozenset({"Product", "Book", "Audiobook", "IndividualProduct", "ProductModel", "SomeProducts"})
# Where products stand inside other things.
INSIDE = (
    *("@graph", "itemListElement", "item", "dataFeedElement", "mainEntity", "hasVariant", "itemOffered"),
    "workExample",
)
GTINS = ("gtin13", "gtin", "gtin14", "gtin12", "gtin8")
ROLES = {
    "author": "author",
    "editor": "editor",
    "translator": "translator",
    "illustrator": "illustrator",
    "readBy": "narrator",
    "contributor": "other",
}
FORMS = {"AudiobookFormat": Form.AUDIO, "GraphicNovel": Form.COMIC}
NOT_THE_PRICE = frozenset({"ListPrice", "StrikethroughPrice", "SRP", "MSRP", "InvoicePrice", "MinimumAdvertisedPrice"})


class Sale(NamedTuple):
    """A product and the one offer of it that is read; `others`: how many more there were."""

    product: dict[str, Any]
    offer: dict[str, Any]
    others: int
    nodes: "Nodes"


class Nodes:
    """The nodes of one document by @id, so that {"@id": …} finds what it means."""

    def __init__(self, value: Any) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                waiting.extend(each)
            elif isinstance(each, dict):
                name = each.get("@id")
                if isinstance(name, str) and len(each) > len(self.by_id.get(name, {})):
                    self.by_id[name] = each
                waiting.extend(part for part in each.values() if isinstance(part, dict | list))

    def all(self, node: dict[str, Any], name: str) -> list[Any]:
        """The values of a property, references followed one step."""
        found = as_list(node.get(name, node.get(f"schema:{name}")))
        return [self.by_id.get(str(each["@id"]), each) if _is_reference(each) else each for each in found]

    def objects(self, node: dict[str, Any], name: str) -> list[dict[str, Any]]:
        return [each for each in self.all(node, name) if isinstance(each, dict)]

    def text(self, node: dict[str, Any], *names: str) -> str:
        """The first text of the first of these properties that has one: plain, or of a thing with a name or a value."""
        return next((text for name in names for each in self.all(node, name) if (text := _plain(each))), "")


def _is_reference(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and "@id" in value


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        inner = value.get("@value", value.get("name", value.get("value", value.get("url"))))
        return next((text for each in as_list(inner) if (text := as_text(each).strip())), "")
    return as_text(value).strip()


def word(text: str) -> str:
    """The last part of an address or a prefixed name: "https://schema.org/InStock" and "schema:InStock" are
    "InStock"."""
    return text.rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1].strip()


def types(node: dict[str, Any]) -> set[str]:
    return {word(each) for each in as_list(node.get("@type")) if isinstance(each, str)}


def sales(value: Any, nodes: Nodes) -> Iterator[Sale]:
    """The articles in a document. A product is one, and each of its offers where they have numbers of their own; a work
    whose editions are listed, and a group whose variants are, is none."""
    if isinstance(value, list):
        for each in value:
            yield from sales(each, nodes)
    elif isinstance(value, dict):
        listed = bool(value.get("workExample") or value.get("hasVariant"))
        if types(value) & PRODUCTS and not (listed and not value.get("offers")):
            yield from _sales_of(value, nodes)
            return
        given = value if types(value) & {"Offer"} else None
        for name in INSIDE:
            for each in as_list(value.get(name)):
                if given is not None and isinstance(each, dict) and "offers" not in each:
                    each = {**nodes.by_id.get(str(each.get("@id")), {}), **each, "offers": given}
                yield from sales(each, nodes)


def _sales_of(product: dict[str, Any], nodes: Nodes) -> Iterator[Sale]:
    offers = []
    for offer in nodes.objects(product, "offers"):
        inner = nodes.objects(offer, "offers")
        offers.extend(inner or [offer])
    numbers = {nodes.text(offer, "sku") for offer in offers}
    if len(offers) > 1 and len(numbers) == len(offers) and "" not in numbers:
        for offer in offers:
            yield Sale(product, offer, 0, nodes)
    else:
        yield Sale(product, offers[0] if offers else {}, max(0, len(offers) - 1), nodes)


def read_sale(
    sale: Sale, feed: FeedSettings, counts_from: datetime
) -> tuple[CatalogRecord, list[Reason], Reason | None]:
    """The record of an article, what to tell about it, and why it cannot be taken."""
    product, offer, others, nodes = sale
    gtin, wrong = _gtin(sale)
    price = _price(sale, feed.currency)
    stock = next(iter(nodes.objects(offer, "inventoryLevel")), {})
    quantity = cleaning.quantity(nodes.text(stock, "value") or as_text(offer.get("inventoryLevel")))
    availability = cleaning.availability(word(nodes.text(offer, "availability")))
    condition = cleaning.condition(word(nodes.text(offer, "itemCondition") or nodes.text(product, "itemCondition")))
    language = cleaning.language(nodes.text(product, "inLanguage"))
    stated = cleaning.sku(nodes.text(offer, "sku") or nodes.text(product, "sku", "productID"))
    series = next(iter(nodes.objects(product, "isPartOf")), {})
    form = word(nodes.text(product, "bookFormat"))
    record = CatalogRecord(
        sku=stated or ("" if gtin is None else gtin_text(gtin)),
        gtin=gtin,
        title=cleaning.title(nodes.text(product, "name")),
        price=price.price,
        currency=price.currency,
        price_kind=PriceKind.RETAIL,
        quantity=quantity.value,
        contains_our_orders=False,
        availability=cleaning.availability_of(availability.value, quantity.value),
        condition=condition.value or Condition.NEW,
        as_of=counts_from,
        available_from=cleaning.partial_date(nodes.text(offer, "availabilityStarts")),
        contributors=_contributors(sale),
        publisher=cleaning.name(nodes.text(product, "publisher", "brand", "manufacturer")),
        subjects=_subjects(sale),
        language=str(language.value),
        form=FORMS.get(form, "") or cleaning.form(form),
        pages=cleaning.pages(nodes.text(product, "numberOfPages")),
        publication_date=cleaning.partial_date(nodes.text(product, "datePublished")),
        description=cleaning.description(nodes.text(product, "description")),
        cover=_cover(sale),
        series=cleaning.name(nodes.text(series, "name")),
        series_number=cleaning.one_line(nodes.text(product, "volumeNumber", "position") if series else ""),
    )
    reasons = [wrong, price.reason, availability.reason, quantity.reason, condition.reason, language.reason]
    if others:
        reasons.append(reason("offers_several", count=others + 1))
    why_not = None if record.sku else wrong or reason("sku_missing")
    return record, [why for why in reasons if why is not None], why_not


def _gtin(sale: Sale) -> Identified:
    product, offer, _, nodes = sale
    stated = nodes.text(offer, *GTINS) or nodes.text(product, *GTINS)
    if stated:
        return identify(stated)
    return identify_isbn(nodes.text(product, "isbn"))


def _price(sale: Sale, currency: str) -> Priced:
    """The price asked: the offer's own, or that of a specification that is no list price. A range is none."""
    _, offer, _, nodes = sale
    specification = next(
        (
            each
            for each in nodes.objects(offer, "priceSpecification")
            if word(nodes.text(each, "priceType")) not in NOT_THE_PRICE
        ),
        {},
    )
    named = nodes.text(offer, "priceCurrency") or nodes.text(specification, "priceCurrency") or currency
    low, high = nodes.text(offer, "lowPrice"), nodes.text(offer, "highPrice")
    text = nodes.text(offer, "price") or nodes.text(specification, "price")
    if not text and low and high and low != high:
        return Priced(None, currency, reason("price_not_understood", value=f"{low} – {high}"))
    if specification.get("valueAddedTaxIncluded") is False:
        return Priced(None, currency, reason("price_net_only"))
    return read_price(text or low, named.strip().upper(), ".")


def _contributors(sale: Sale) -> tuple[tuple[str, str], ...]:
    product, _, _, nodes = sale
    found: list[tuple[str, str]] = []
    for name, role in ROLES.items():
        for each in nodes.all(product, name):
            text = _plain(each)
            named = [cleaning.one_line(text)] if isinstance(each, dict) else cleaning.names(text)
            found.extend((person, role) for person in named if person and "://" not in person)
    return tuple(dict.fromkeys(found))


def _subjects(sale: Sale) -> tuple[tuple[str, str, str], ...]:
    texts = [
        cleaning.one_line(_plain(each)) for name in ("category", "genre") for each in sale.nodes.all(sale.product, name)
    ]
    return tuple(dict.fromkeys(("sender", "", text) for text in texts if text and "://" not in text))


def _cover(sale: Sale) -> str:
    for each in sale.nodes.all(sale.product, "image"):
        stated = each.get("contentUrl", each.get("url")) if isinstance(each, dict) else each
        for text in as_list(stated):
            if found := cleaning.web_address(as_text(text)):
                return found
    return ""
