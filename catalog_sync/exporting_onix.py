"""Records as an ONIX 3.0 message in reference tags, valid by EDItEUR's schema, that our own reader understands as the
same records. What ONIX has no place for is named in docs/formats.md; used copies are left out, since there they would
pass for new.

One product at a time: memory does not grow with the catalogue.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from lxml import etree

from catalog_sync import exporting_codes as codes
from catalog_sync.exporting import Writable
from catalog_sync.exporting_elements import NAMESPACE, Element, new
from catalog_sync.exporting_rights import age_limit, sales_rights
from catalog_sync.identifiers import gtin_text
from catalog_sync.reading.stamps import CLOCK_TOLERANCE
from catalog_sync.records import Availability, CatalogRecord, Chunk, Condition, PriceKind, Relation
from marketplace.foundation.money import to_decimal

_PERCENT = re.compile(r"^\d{1,2}(\.\d{1,3})?$")


class Written(NamedTuple):
    """Products of a message, and articles that ONIX cannot say: used copies, and updates of single fields."""

    products: int
    left_out: int


class MessageHeader(NamedTuple):
    """What is said once. `as_of`: when the numbers were read; `complete`: it lists all articles there are."""

    sender: str
    currency: str
    as_of: datetime
    complete: bool = False


def write_onix(records: Iterable[CatalogRecord], stream: Writable, header: MessageHeader) -> Written:
    """Write records as a message."""
    return _write(((record, "") for record in records), stream, header)


def write_onix_reading(chunks: Iterable[Chunk], stream: Writable, *, sender: str, currency: str) -> Written:
    """Write what a feed's reading gives, withdrawn articles as deletions. The message never counts as complete: whether
    the reading is shows at its end only, and a header comes first. Its age is that of the first chunk."""
    waiting = iter(chunks)
    first = next(waiting, None)
    if first is None:
        return Written(0, 0)

    def lines() -> Iterator[tuple[CatalogRecord | None, str]]:
        for chunk in (first, *waiting):
            yield from ((record, "") for record in chunk.records)
            yield from ((None, sku) for sku in chunk.gone)

    return _write(lines(), stream, MessageHeader(sender, currency, first.as_of))


def _write(lines: Iterable[tuple[CatalogRecord | None, str]], stream: Writable, header: MessageHeader) -> Written:
    products = left_out = 0
    with etree.xmlfile(_Bytes(stream), encoding="utf-8") as file:
        file.write_declaration()
        with file.element("ONIXMessage", {"release": "3.0"}, nsmap={None: NAMESPACE}):
            file.write("\n")
            file.write(_header(header))
            for record, gone in lines:
                if record is not None and not _can_be_said(record):
                    left_out += 1
                    continue
                file.write("\n")
                file.write(_deletion(gone) if record is None else _product(record, header.sender))
                products += 1
            if not products:
                file.write(etree.Element(f"{{{NAMESPACE}}}NoProduct"))
            file.write("\n")
    stream.write("\n")
    return Written(products, left_out)


class _Bytes:
    """A text stream for a writer of bytes."""

    def __init__(self, stream: Writable) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def write(self, data: bytes) -> None:
        self.stream.write(self.decoder.decode(data))


def _can_be_said(record: CatalogRecord) -> bool:
    if record.condition != Condition.NEW or record.signed:
        return False
    if not record.speaks_for:
        return True
    blocks = _blocks(record)
    filled = {  # a block without what the schema wants in it is none
        "DescriptiveDetail": record.title,
        "CollateralDetail": record.description or record.cover,
        "PublishingDetail": record.publisher or record.territory,
        "RelatedMaterial": record.related,
        "ProductSupply": True,
    }
    return set(record.speaks_for) == set(codes.fields_of(blocks)) and all(filled[name] for name in blocks)


def _blocks(record: CatalogRecord) -> list[str]:
    """The blocks that hold what a record speaks for; all of one that speaks for everything."""
    return [
        name
        for name, fields in codes.BLOCK_FIELDS.items()
        if not record.speaks_for or set(fields) & {*record.speaks_for}
    ]


def _header(header: MessageHeader) -> etree.Element:
    top = new("Header")
    top.child("Sender").add("SenderName", header.sender or "?")
    top.add("SentDateTime", f"{header.as_of + CLOCK_TOLERANCE:%Y%m%dT%H%M%SZ}")
    if not header.complete:
        top.add("MessageNote", codes.NOT_ALL)
    top.add("DefaultCurrencyCode", header.currency)
    return top.element


def _deletion(sku: str) -> etree.Element:
    product = new("Product")
    product.add("RecordReference", sku)
    product.add("NotificationType", "05")
    _identifiers(product, None, sku)
    return product.element


def _product(record: CatalogRecord, sender: str) -> etree.Element:
    product = new("Product")
    product.add("RecordReference", record.sku)
    product.add("NotificationType", "04" if record.speaks_for else "03")
    _identifiers(product, record.gtin, record.sku)
    blocks = _blocks(record)
    if "DescriptiveDetail" in blocks and record.title:
        _descriptive(product.child("DescriptiveDetail"), record)
    if "CollateralDetail" in blocks and (record.description or record.cover):
        _collateral(product.child("CollateralDetail"), record)
    if "PublishingDetail" in blocks and (record.publisher or record.territory):
        _publishing(product.child("PublishingDetail"), record)
    if "RelatedMaterial" in blocks and _sayable_relations(record):
        _related(product.child("RelatedMaterial"), record)
    if "ProductSupply" in blocks:
        supply = product.child("ProductSupply")
        if record.publication_date and not (record.publisher or record.territory) and not record.speaks_for:
            _market(supply.child("MarketPublishingDetail"), record)
        _supply(supply.child("SupplyDetail"), record, sender)
    return product.element


def _identifiers(product: Element, gtin: int | None, sku: str) -> None:
    if gtin is None:
        _identifier(product, "Product", "01", sku, "SKU")
        return
    digits = gtin_text(gtin)
    if len(digits) == 8:
        _identifier(product, "Product", "01", digits, codes.GTIN_8)
        return
    _identifier(product, "Product", "14" if len(digits) == 14 else "03", digits)
    if digits.startswith(("978", "979")) and not digits.startswith("9790") and len(digits) == 13:
        _identifier(product, "Product", "15", digits)


def _identifier(element: Element, of: str, kind: str, value: str, name: str = "") -> None:
    identifier = element.child(f"{of}Identifier")
    identifier.add(f"{of}IDType", kind)
    identifier.add("IDTypeName", name)
    identifier.add("IDValue", value)


def _descriptive(detail: Element, record: CatalogRecord) -> None:
    detail.add("ProductComposition", "00")
    is_download = record.availability == Availability.DIGITAL
    form, form_detail = codes.DOWNLOADS.get(record.form, ("EA", "")) if is_download else codes.FORMS[record.form]
    detail.add("ProductForm", form)
    detail.add("ProductFormDetail", form_detail)
    if record.weight:
        detail.filled("Measure", MeasureType="08", Measurement=record.weight, MeasureUnitCode="gr")
    if record.series:
        collection = detail.child("Collection")
        collection.add("CollectionType", "10")
        _title(collection, "02", record.series, number=record.series_number)
    _title(detail, "01", record.title, subtitle=record.subtitle)
    for sequence, (name, role) in enumerate(record.contributors, start=1):
        contributor = detail.child("Contributor")
        contributor.add("SequenceNumber", sequence)
        contributor.add("ContributorRole", codes.ROLES.get(role, "A99"))
        contributor.add("PersonName", name)
    if record.language:
        detail.filled("Language", LanguageRole="01", LanguageCode=codes.LANGUAGES[record.language])
    if record.pages:
        detail.filled("Extent", ExtentType="00", ExtentValue=record.pages, ExtentUnit="03")
    for scheme, code, words in record.subjects:
        if code or words:
            _subject(detail.child("Subject"), scheme, code, words)
    if record.audience in codes.AUDIENCES:
        audience = detail.child("Audience")
        audience.add("AudienceCodeType", "01")
        audience.add("AudienceCodeValue", codes.AUDIENCES[record.audience])
    age_limit(detail, record)


def _title(parent: Element, level: str, title: str, *, subtitle: str = "", number: str = "") -> None:
    whole = parent.child("TitleDetail")
    whole.add("TitleType", "01")
    element = whole.child("TitleElement")
    element.add("TitleElementLevel", level)
    element.add("PartNumber", number)
    element.add("TitleText", title)
    element.add("Subtitle", subtitle)


def _subject(subject: Element, scheme: str, code: str, words: str) -> None:
    number = codes.thema(code) if scheme == "thema" else codes.SCHEMES.get(scheme, codes.OTHER_SCHEME)
    subject.add("SubjectSchemeIdentifier", number)
    if number == codes.OTHER_SCHEME:
        subject.add("SubjectSchemeName", f"{codes.OURS}{scheme}")
    subject.add("SubjectCode", code)
    subject.add("SubjectHeadingText", words)


def _collateral(detail: Element, record: CatalogRecord) -> None:
    if record.description:
        content = detail.child("TextContent")
        content.add("TextType", "03")
        content.add("ContentAudience", "00")
        content.add("Text", record.description, textformat="02")
    if record.cover:
        resource = detail.child("SupportingResource")
        for name, code in (("ResourceContentType", "01"), ("ContentAudience", "00"), ("ResourceMode", "03")):
            resource.add(name, code)
        version = resource.child("ResourceVersion")
        version.add("ResourceForm", "02")
        version.add("ResourceLink", record.cover)


def _publishing(detail: Element, record: CatalogRecord) -> None:
    publisher = detail.child("Publisher")
    publisher.add("PublishingRole", "01")
    if record.publisher:
        publisher.add("PublisherName", record.publisher)
    else:  # sales rights want one beside them
        _identifier(publisher, "Publisher", "01", "?", codes.UNKNOWN_PUBLISHER)
    if record.publication_date:
        dated = detail.child("PublishingDate")
        dated.add("PublishingDateRole", "01")
        _date(dated, record.publication_date)
    sales_rights(detail, record.territory)


def _market(detail: Element, record: CatalogRecord) -> None:
    """The publication date where there is no publisher: without one the schema allows no block of publishing."""
    detail.add("MarketPublishingStatus", "00")
    dated = detail.child("MarketDate")
    dated.add("MarketDateRole", "01")
    _date(dated, record.publication_date)


def _date(dated: Element, iso: str) -> None:
    dated.add("Date", iso.replace("-", ""), dateformat=codes.DATE_FORMATS[len(iso)])


def _sayable_relations(record: CatalogRecord) -> list[tuple[str, str, str]]:
    """What ONIX has a code for, works first as the schema wants them."""
    works, products = [], []
    for relation, kind, value in record.related:
        family = kind.partition(":")[0]
        if relation == Relation.WORK and family in codes.WORK_IDENTIFIERS:
            works.append((relation, kind, value))
        elif relation in codes.PRODUCT_RELATIONS and family in codes.PRODUCT_IDENTIFIERS:
            products.append((relation, kind, value))
    return works + products


def _related(material: Element, record: CatalogRecord) -> None:
    for relation, kind, value in _sayable_relations(record):
        family, _, house = kind.partition(":")
        if relation == Relation.WORK:
            work = material.child("RelatedWork")
            work.add("WorkRelationCode", "01")
            _identifier(work, "Work", codes.WORK_IDENTIFIERS[family], value, house)
            continue
        other = material.child("RelatedProduct")
        other.add("ProductRelationCode", codes.PRODUCT_RELATIONS[relation])
        if family == Relation.GTIN:
            _identifiers(other, int(value), "")
        else:
            _identifier(other, "Product", codes.PRODUCT_IDENTIFIERS[family], value, house)


def _supply(detail: Element, record: CatalogRecord, sender: str) -> None:
    supplier = detail.child("Supplier")
    supplier.add("SupplierRole", "00")
    supplier.add("SupplierName", sender or "?")
    detail.add("ProductAvailability", codes.AVAILABILITY[record.availability])
    if record.available_from:
        dated = detail.child("SupplyDate")
        dated.add("SupplyDateRole", "08")
        _date(dated, record.available_from)
    detail.add("OrderTime", record.days or "")
    if record.quantity is not None:
        detail.child("Stock").add("OnHand", record.quantity)
    if not record.price or record.price_kind == PriceKind.NET:
        detail.add("UnpricedItemType", codes.FREE if record.price == 0 else codes.NO_PRICE)
        return
    price = detail.child("Price")
    price.add("PriceType", codes.PRICE_TYPES.get(record.price_kind, "02"))
    if record.price_kind == PriceKind.RETAIL:
        price.add("PriceTypeDescription", codes.SHOP_PRICE)
    price.add("PriceAmount", f"{to_decimal(record.price, record.currency):f}")
    if _PERCENT.match(record.tax_code):
        price.child("Tax").add("TaxRatePercent", record.tax_code)
    price.add("CurrencyCode", record.currency)
