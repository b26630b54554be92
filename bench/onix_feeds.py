"""Publishers' messages: so many products in ONIX 3.0 with reference tags, the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

import dirty_feeds

_PRODUCT = """<Product><RecordReference>ref-{number}</RecordReference><NotificationType>03</NotificationType>
<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{isbn}</IDValue></ProductIdentifier>
<DescriptiveDetail><ProductComposition>00</ProductComposition><ProductForm>BC</ProductForm>
<TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel><TitleText>{title}</TitleText>
</TitleElement></TitleDetail>
<Contributor><SequenceNumber>1</SequenceNumber><ContributorRole>A01</ContributorRole><PersonName>{author}</PersonName>
</Contributor><Language><LanguageRole>01</LanguageRole><LanguageCode>{language}</LanguageCode></Language>
<Extent><ExtentType>00</ExtentType><ExtentValue>{pages}</ExtentValue><ExtentUnit>03</ExtentUnit></Extent>
<Subject><MainSubject/><SubjectSchemeIdentifier>93</SubjectSchemeIdentifier><SubjectCode>FBA</SubjectCode></Subject>
</DescriptiveDetail>
<CollateralDetail><TextContent><TextType>03</TextType><ContentAudience>00</ContentAudience>
<Text textformat="05">&lt;p&gt;{text}&lt;/p&gt;</Text></TextContent></CollateralDetail>
<PublishingDetail><Publisher><PublishingRole>01</PublishingRole><PublisherName>{publisher}</PublisherName></Publisher>
<PublishingStatus>04</PublishingStatus>
<PublishingDate><PublishingDateRole>01</PublishingDateRole><Date dateformat="00">{published}</Date></PublishingDate>
</PublishingDetail>
<ProductSupply><SupplyDetail><Supplier><SupplierRole>01</SupplierRole><SupplierName>Distributeur</SupplierName></Supplier>
<ProductAvailability>20</ProductAvailability><Stock><OnHand>{units}</OnHand></Stock>
<Price><PriceType>04</PriceType><PriceAmount>{price}</PriceAmount><CurrencyCode>CAD</CurrencyCode></Price>
</SupplyDetail></ProductSupply></Product>
"""


def write(path: Path, size: int, *, seed: int = dirty_feeds.SEED) -> None:
    """A message as a file, product by product."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<ONIXMessage release="3.0"')
        file.write(' xmlns="http://ns.editeur.org/onix/3.0/reference"><Header><Sender><SenderName>Bench</SenderName>')
        file.write("</Sender><SentDateTime>20260302T0400Z</SentDateTime></Header>\n")
        listed = dirty_feeds.rows(size, seed=seed, dirty=False, described=True)
        for number, (_, isbn, title, author, publisher, price, units, _, language, published, _, text) in enumerate(
            listed
        ):
            file.write(
                _PRODUCT.format(
                    number=number,
                    isbn=isbn,
                    title=escape(title),
                    author=escape(author),
                    publisher=escape(publisher),
                    price=price.replace(",", "."),
                    units=units,
                    language=language,
                    pages=80 + number % 500,
                    published=published.replace("-", ""),
                    text=escape(escape(text)),
                )
            )
        file.write("</ONIXMessage>\n")
