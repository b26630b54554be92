"""ONIX for Books as three senders write it: 3.0 with reference names, 3.0 with short tags, 2.1.

Codes are EDItEUR's lists (150 forms, 17 roles, 65 availability, 93 of list 27 for Thema). The real sample records of
`sources/onix` stand among the made ones, without their links to covers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

from lxml import etree

from demo.assortment import Offer
from demo.shop_records import DemoShop
from demo.titles import inverted

SOURCES = Path(__file__).parent.parent / "sources" / "onix"
NAMESPACE_30 = "http://ns.editeur.org/onix/3.0/reference"
NOTE = "Demo: numbers of French titles, publishers, subjects, forms, pages, prices and stock may be synthetic."

_AVAILABILITY = {
    "in_stock": "21",
    "orderable": "22",
    "preorder": "10",
    "temporarily_unavailable": "31",
    "unavailable": "40",
}
# Reference name to short tag, for the names used below; composites are the same in lower case.
_SHORT_TAGS = """
    ONIXMessage:ONIXmessage SenderName:x298 EmailAddress:j272 SentDateTime:x307 MessageNote:m183
    DefaultLanguageOfText:m184 DefaultCurrencyCode:m186 RecordReference:a001 NotificationType:a002 ProductIDType:b221
    IDTypeName:b233 IDValue:b244 ProductComposition:x314 ProductForm:b012 CollectionType:x329 TitleType:b202
    TitleElementLevel:x409 PartNumber:x410 TitleText:b203 TitlePrefix:b030 TitleWithoutPrefix:b031 SequenceNumber:b034
    ContributorRole:b035 PersonNameInverted:b037 LanguageRole:b253 LanguageCode:b252 ExtentType:b218 ExtentValue:b219
    ExtentUnit:b220 MainSubject:x425 SubjectSchemeIdentifier:b067 SubjectCode:b069 TextType:x426 ContentAudience:x427
    Text:d104 PublishingRole:b291 PublisherName:b081 PublishingStatus:b394 PublishingDateRole:x448 Date:b306
    CountriesIncluded:x449 SupplierRole:j292 SupplierName:j137 ProductAvailability:j396 OrderTime:j144 OnHand:j350
    PriceType:x462 PriceAmount:j151 CurrencyCode:j152 TaxType:x470 TaxRatePercent:x472 UnpricedItemType:j192
"""
_SHORT: dict[str, str] = dict(pair.split(":") for pair in _SHORT_TAGS.split())
_TAG = re.compile(r"<(/?)([A-Z]\w+)")
_ARTICLE = re.compile(r"^(L'|D'|Le |La |Les |Un |Une |The |A |An )(?=\w)")
_LINKED = (
    *("SupportingResource", "supportingresource", "CitedContent", "citedcontent", "MediaFile", "mediafile"),
    *("Website", "website"),
)


def onix30_reference(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Reference names in EDItEUR's namespace, UTF-8; names given whole and in parts."""
    samples = [
        sample
        for file in ("hubnumerique_ladecouverte_30", "christianroy_onix3sample", "editeur_sample_30_ref_nons")
        for sample in sample_records(f"{file}.xml")
    ]
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ONIXMessage release="3.0" xmlns="{NAMESPACE_30}">\n',
        _header30(shop, sent_at.strftime("%Y%m%dT%H%M%z")),
        *(_product30(shop, offer, whole_names=True) for offer in offers),
        *samples,
        "</ONIXMessage>\n",
    ]
    return "".join(parts).encode(), len(offers) + len(samples)


def onix30_short(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Short tags without a namespace, UTF-8; the article of a title in an element of its own."""
    samples = sample_records("editeur_sample_30_short.xml")
    made = "".join(
        [
            '<ONIXMessage release="3.0">\n',
            _header30(shop, sent_at.strftime("%Y%m%dT%H%M")),
            *(_product30(shop, offer, whole_names=False) for offer in offers),
        ]
    )
    short = _TAG.sub(lambda tag: f"<{tag[1]}{_SHORT.get(tag[2]) or tag[2].lower()}", made)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + short + "".join(samples) + "</ONIXmessage>\n"
    return text.encode(), len(offers) + len(samples)


def onix21(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """ONIX 2.1 in ISO-8859-1 with its DOCTYPE; what that charset lacks (œ) is a character reference."""
    samples = sample_records("wiley_21.xml")
    parts = [
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n',
        '<!DOCTYPE ONIXMessage SYSTEM "http://www.editeur.org/onix/2.1/03/reference/onix-international.dtd">\n',
        "<ONIXMessage>\n<Header>",
        f"<FromCompany>{escape(shop.name)}</FromCompany><FromEmail>{shop.email}</FromEmail>",
        f"<SentDate>{sent_at:%Y%m%d%H%M}</SentDate><MessageNote>{NOTE}</MessageNote>",
        "<DefaultLanguageOfText>fre</DefaultLanguageOfText><DefaultPriceTypeCode>02</DefaultPriceTypeCode>",
        "<DefaultCurrencyCode>CAD</DefaultCurrencyCode></Header>\n",
        *(_product21(shop, offer) for offer in offers),
        *samples,
        "</ONIXMessage>\n",
    ]
    return "".join(parts).encode("iso-8859-1", "xmlcharrefreplace"), len(offers) + len(samples)


def sample_records(file_name: str) -> list[str]:
    """The product records of a real sample as text without namespaces and without their links to pictures and pages."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    root = etree.parse(str(SOURCES / file_name), parser).getroot()
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    for element in [found for tag in _LINKED for found in root.iter(tag)]:
        element.getparent().remove(element)
    etree.cleanup_namespaces(root)
    products = [child for child in root if child.tag in ("Product", "product")]
    return [etree.tostring(product, encoding="unicode", with_tail=False) + "\n" for product in products]


def _reference(shop: DemoShop, offer: Offer) -> str:
    return f"org.example.{shop.slug}.{offer.sku}"


def _header30(shop: DemoShop, sent: str) -> str:
    return (
        f"<Header><Sender><SenderName>{escape(shop.name)}</SenderName><EmailAddress>{shop.email}</EmailAddress></Sender>"
        f"<SentDateTime>{sent}</SentDateTime><MessageNote>{NOTE}</MessageNote>"
        "<DefaultLanguageOfText>fre</DefaultLanguageOfText><DefaultCurrencyCode>CAD</DefaultCurrencyCode></Header>\n"
    )


def _product30(shop: DemoShop, offer: Offer, *, whole_names: bool) -> str:
    """One record; without `whole_names` people are inverted and the article of a title stands apart."""
    return "".join(
        (
            f"<Product><RecordReference>{_reference(shop, offer)}</RecordReference>"
            "<NotificationType>03</NotificationType>"
            f"<ProductIdentifier><ProductIDType>01</ProductIDType><IDTypeName>{escape(shop.name)}</IDTypeName>"
            f"<IDValue>{offer.sku}</IDValue></ProductIdentifier>"
            "<ProductIdentifier><ProductIDType>15</ProductIDType>"
            f"<IDValue>{offer.gtin}</IDValue></ProductIdentifier>",
            *_description30(offer, whole_names),
            *_publishing30(offer),
            *_supply30(shop, offer),
            "</Product>\n",
        )
    )


def _description30(offer: Offer, whole_names: bool) -> Iterator[str]:
    title = offer.title
    yield "<DescriptiveDetail><ProductComposition>00</ProductComposition>"
    yield f"<ProductForm>{title.form}</ProductForm>"
    if title.series:
        part = f"<PartNumber>{title.series_number}</PartNumber>" if title.series_number else ""
        yield (
            "<Collection><CollectionType>10</CollectionType><TitleDetail><TitleType>01</TitleType>"
            "<TitleElement><TitleElementLevel>02</TitleElementLevel>"
            f"{part}<TitleText>{escape(title.series)}</TitleText></TitleElement></TitleDetail></Collection>"
        )
    yield "<TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>"
    article = None if whole_names else _ARTICLE.match(title.title)
    if article:
        yield f"<TitlePrefix>{article[1].strip()}</TitlePrefix>"
        yield f"<TitleWithoutPrefix>{escape(title.title[article.end() :])}</TitleWithoutPrefix>"
    else:
        yield f"<TitleText>{escape(title.title)}</TitleText>"
    yield "</TitleElement></TitleDetail>"
    for number, (name, role) in enumerate(title.contributors, 1):
        yield f"<Contributor><SequenceNumber>{number}</SequenceNumber><ContributorRole>{role}</ContributorRole>"
        yield from _person30(name, whole_names)
        yield "</Contributor>"
    if title.language:
        yield f"<Language><LanguageRole>01</LanguageRole><LanguageCode>{title.language}</LanguageCode></Language>"
    yield f"<Extent><ExtentType>00</ExtentType><ExtentValue>{title.pages}</ExtentValue>"
    yield "<ExtentUnit>03</ExtentUnit></Extent>"
    yield "<Subject><MainSubject/><SubjectSchemeIdentifier>93</SubjectSchemeIdentifier>"
    yield f"<SubjectCode>{title.subject}</SubjectCode></Subject></DescriptiveDetail>"
    if title.description:
        yield "<CollateralDetail><TextContent><TextType>03</TextType><ContentAudience>00</ContentAudience>"
        yield f"<Text>{escape(title.description)}</Text></TextContent></CollateralDetail>"


def _person30(name: str, whole_names: bool) -> Iterator[str]:
    if whole_names:
        first, _, last = name.rpartition(" ")
        yield f"<PersonName>{escape(name)}</PersonName>"
        yield f"<NamesBeforeKey>{escape(first)}</NamesBeforeKey>" if first else ""
        yield f"<KeyNames>{escape(last)}</KeyNames>"
    else:
        yield f"<PersonNameInverted>{escape(inverted(name))}</PersonNameInverted>"


def _publishing30(offer: Offer) -> Iterator[str]:
    title = offer.title
    yield "<PublishingDetail><Publisher><PublishingRole>01</PublishingRole>"
    yield f"<PublisherName>{escape(title.publisher)}</PublisherName></Publisher>"
    yield "<PublishingStatus>04</PublishingStatus>"
    if title.year:
        yield "<PublishingDate><PublishingDateRole>01</PublishingDateRole>"
        yield f'<Date dateformat="05">{title.year}</Date></PublishingDate>'
    yield "</PublishingDetail>"


def _supply30(shop: DemoShop, offer: Offer) -> Iterator[str]:
    yield "<ProductSupply><Market><Territory><CountriesIncluded>CA</CountriesIncluded></Territory></Market>"
    yield "<SupplyDetail><Supplier><SupplierRole>07</SupplierRole>"
    yield f"<SupplierName>{escape(shop.name)}</SupplierName></Supplier>"
    yield f"<ProductAvailability>{_AVAILABILITY[offer.availability]}</ProductAvailability>"
    if offer.days:
        yield f"<OrderTime>{offer.days}</OrderTime>"
    if offer.quantity is not None:
        yield f"<Stock><OnHand>{offer.quantity}</OnHand></Stock>"
    if offer.price_minor is not None:
        yield f"<Price><PriceType>02</PriceType><PriceAmount>{_amount(offer.price_minor)}</PriceAmount>"
        yield "<Tax><TaxType>02</TaxType><TaxRatePercent>5</TaxRatePercent></Tax>"
        yield "<CurrencyCode>CAD</CurrencyCode></Price>"
    else:
        yield "<UnpricedItemType>02</UnpricedItemType>"
    yield "</SupplyDetail></ProductSupply>"


def _product21(shop: DemoShop, offer: Offer) -> str:
    title = offer.title
    number = f"<NumberWithinSeries>{title.series_number}</NumberWithinSeries>" if title.series_number else ""
    series = f"<Series><TitleOfSeries>{escape(title.series)}</TitleOfSeries>{number}</Series>" if title.series else ""
    people = "".join(
        f"<Contributor><SequenceNumber>{place}</SequenceNumber><ContributorRole>{role}</ContributorRole>"
        f"<PersonNameInverted>{escape(inverted(name))}</PersonNameInverted></Contributor>"
        for place, (name, role) in enumerate(title.contributors, 1)
    )
    language = (
        f"<Language><LanguageRole>01</LanguageRole><LanguageCode>{title.language}</LanguageCode></Language>"
        if title.language
        else ""
    )
    text = (
        f"<OtherText><TextTypeCode>01</TextTypeCode><Text>{escape(title.description)}</Text></OtherText>"
        if title.description
        else ""
    )
    year = f"<PublicationDate>{title.year}</PublicationDate>" if title.year else ""
    return (
        f"<Product><RecordReference>{_reference(shop, offer)}</RecordReference>"
        "<NotificationType>03</NotificationType>"
        f"<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{offer.gtin}</IDValue></ProductIdentifier>"
        f"<ProductForm>{title.form}</ProductForm>{series}"
        f"<Title><TitleType>01</TitleType><TitleText>{escape(title.title)}</TitleText></Title>"
        f"{people}{language}<NumberOfPages>{title.pages}</NumberOfPages>"
        "<Subject><SubjectSchemeIdentifier>93</SubjectSchemeIdentifier>"
        f"<SubjectCode>{title.subject}</SubjectCode></Subject>{text}"
        "<Publisher><PublishingRole>01</PublishingRole>"
        f"<PublisherName>{escape(title.publisher)}</PublisherName></Publisher>"
        f"{year}{_supply21(shop, offer)}</Product>\n"
    )


def _supply21(shop: DemoShop, offer: Offer) -> str:
    days = f"<OrderTime>{offer.days}</OrderTime>" if offer.days else ""
    stock = f"<Stock><OnHand>{offer.quantity}</OnHand></Stock>" if offer.quantity is not None else ""
    price = (
        f"<Price><PriceTypeCode>02</PriceTypeCode><PriceAmount>{_amount(offer.price_minor)}</PriceAmount></Price>"
        if offer.price_minor is not None
        else ""
    )
    return (
        f"<SupplyDetail><SupplierName>{escape(shop.name)}</SupplierName>"
        f"<ProductAvailability>{_AVAILABILITY[offer.availability]}</ProductAvailability>{days}{stock}{price}</SupplyDetail>"
    )


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
