"""ONIX products read into the staging table, against lxml's iterparse of the same file and nothing else."""

from __future__ import annotations

import resource
from pathlib import Path

import common
from lxml import etree

from catalog_sync import staging
from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors.locations import read_in_child
from catalog_sync.identifiers import check_digit_fits
from catalog_sync.records import Lane
from marketplace.foundation import bulk

# lxml alone reads about 10,000 products of this size a second where the goal of 4,000 was set, and 8,000 the aim.
LEAST_SHARE = 0.4
NAMESPACE = "http://ns.editeur.org/onix/3.0/reference"
HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<ONIXMessage release="3.0" xmlns="{NAMESPACE}"><Header><Sender>'
    "<SenderName>Distribution Exemple</SenderName></Sender><SentDateTime>20240305T0915+0100</SentDateTime></Header>\n"
)
TAIL = "</ONIXMessage>\n"
PARAGRAPH = "Un été, au bord de la mer, deux sœurs retrouvent la maison de leur enfance et ce qui n’y fut jamais dit. "
PRODUCT = """<Product>
  <RecordReference>exemple.{number}</RecordReference><NotificationType>03</NotificationType>
  <RecordSourceType>04</RecordSourceType>
  <ProductIdentifier><ProductIDType>01</ProductIDType><IDTypeName>Exemple</IDTypeName><IDValue>{number}</IDValue></ProductIdentifier>
  <ProductIdentifier><ProductIDType>03</ProductIDType><IDValue>{isbn}</IDValue></ProductIdentifier>
  <ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{isbn}</IDValue></ProductIdentifier>
  <DescriptiveDetail>
    <ProductComposition>00</ProductComposition><ProductForm>BC</ProductForm><ProductFormDetail>B104</ProductFormDetail>
    <Measure><MeasureType>01</MeasureType><Measurement>178</Measurement><MeasureUnitCode>mm</MeasureUnitCode></Measure>
    <Measure><MeasureType>02</MeasureType><Measurement>108</Measurement><MeasureUnitCode>mm</MeasureUnitCode></Measure>
    <Collection><CollectionType>10</CollectionType><TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>02</TitleElementLevel><PartNumber>{part}</PartNumber><TitleText>Rivages</TitleText></TitleElement></TitleDetail></Collection>
    <TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel><TitlePrefix>La</TitlePrefix><TitleWithoutPrefix>maison n° {number}</TitleWithoutPrefix><Subtitle>Roman</Subtitle></TitleElement></TitleDetail>
    <Contributor><SequenceNumber>1</SequenceNumber><ContributorRole>A01</ContributorRole><PersonName>Zoé Lefèvre</PersonName><PersonNameInverted>Lefèvre, Zoé</PersonNameInverted><NamesBeforeKey>Zoé</NamesBeforeKey><KeyNames>Lefèvre</KeyNames></Contributor>
    <Contributor><SequenceNumber>2</SequenceNumber><ContributorRole>B06</ContributorRole><PersonName>Anne Dupont {part}</PersonName></Contributor>
    <Language><LanguageRole>01</LanguageRole><LanguageCode>fre</LanguageCode></Language>
    <Extent><ExtentType>00</ExtentType><ExtentValue>{pages}</ExtentValue><ExtentUnit>03</ExtentUnit></Extent>
    <Subject><SubjectSchemeIdentifier>29</SubjectSchemeIdentifier><SubjectCode>3442</SubjectCode></Subject>
    <Subject><SubjectSchemeIdentifier>93</SubjectSchemeIdentifier><SubjectSchemeVersion>1.5</SubjectSchemeVersion><SubjectCode>FBA</SubjectCode></Subject>
    <Subject><SubjectSchemeIdentifier>20</SubjectSchemeIdentifier><SubjectHeadingText>mer; sœurs; enfance</SubjectHeadingText></Subject>
    <Audience><AudienceCodeType>01</AudienceCodeType><AudienceCodeValue>01</AudienceCodeValue></Audience>
  </DescriptiveDetail>
  <CollateralDetail>
    <TextContent><TextType>03</TextType><ContentAudience>00</ContentAudience><Text textformat="05"><p>{text}</p></Text></TextContent>
    <SupportingResource><ResourceContentType>01</ResourceContentType><ContentAudience>00</ContentAudience><ResourceMode>03</ResourceMode><ResourceVersion><ResourceForm>02</ResourceForm><ResourceLink>https://covers.example/{isbn}.jpg</ResourceLink></ResourceVersion></SupportingResource>
  </CollateralDetail>
  <PublishingDetail>
    <Imprint><ImprintName>Rivages</ImprintName></Imprint><Publisher><PublishingRole>01</PublishingRole><PublisherName>Éditions Exemple</PublisherName></Publisher>
    <PublishingStatus>04</PublishingStatus><PublishingDate><PublishingDateRole>01</PublishingDateRole><Date dateformat="00">20190314</Date></PublishingDate>
    <SalesRights><SalesRightsType>01</SalesRightsType><Territory><RegionsIncluded>WORLD</RegionsIncluded></Territory></SalesRights>
  </PublishingDetail>
  <RelatedMaterial>
    <RelatedWork><WorkRelationCode>01</WorkRelationCode><WorkIdentifier><WorkIDType>01</WorkIDType><IDTypeName>Exemple</IDTypeName><IDValue>W{number}</IDValue></WorkIdentifier></RelatedWork>
  </RelatedMaterial>
  <ProductSupply>
    <SupplyDetail><Supplier><SupplierRole>00</SupplierRole><SupplierName>Distribution Exemple</SupplierName></Supplier>
      <ProductAvailability>21</ProductAvailability><Stock><OnHand>{pages}</OnHand></Stock>
      <Price><PriceType>04</PriceType><PriceAmount>{part}.60</PriceAmount><Tax><TaxType>01</TaxType><TaxRatePercent>5.5</TaxRatePercent></Tax><CurrencyCode>EUR</CurrencyCode><Territory><CountriesIncluded>FR BE LU</CountriesIncluded></Territory></Price>
      <Price><PriceType>02</PriceType><PriceAmount>{part}.95</PriceAmount><CurrencyCode>CAD</CurrencyCode><Territory><CountriesIncluded>CA</CountriesIncluded></Territory></Price>
    </SupplyDetail>
  </ProductSupply>
</Product>
"""  # noqa: E501 as senders write it


def isbn(number: int) -> str:
    body = f"978{number:09d}"
    return next(body + str(digit) for digit in range(10) if check_digit_fits(body + str(digit)))


def write(path: Path, size: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(HEAD)
        for number in range(size):
            stream.write(
                PRODUCT.format(
                    number=number,
                    isbn=isbn(number + 207_000_000),
                    part=1 + number % 40,
                    pages=90 + number % 400,
                    text=PARAGRAPH * (3 + number % 5),
                )
            )
        stream.write(TAIL)


def lxml_alone(path: Path, size: int) -> None:
    found = 0
    for _, element in etree.iterparse(str(path), tag=f"{{{NAMESPACE}}}Product"):
        found += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    if found != size:
        raise SystemExit(f"lxml found {found} of {size} products.")


def into_the_stage(path: Path, size: int) -> None:
    with bulk.rarely_collecting():  # as sync.run does
        wanted = FeedUnderTest("onix", str(path), country="FR")
        with read_in_child(wanted, str(path), Lane.CATALOGUE) as (chunks, _):
            staged = staging.stage(chunks)
    if (staged.read, staged.refused, staged.issues) != (size, 0, []):
        raise SystemExit(f"{staged.read} of {size} products were staged, {staged.refused} refused: {staged.issues[:3]}")


def records_alone(path: Path) -> None:
    with bulk.rarely_collecting():
        for _ in adapter_for(FeedUnderTest("onix", str(path), country="FR")).fetch(Lane.CATALOGUE, None):
            pass


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    wants = common.arguments(__doc__ or "")
    size, rounds = (200, 1) if wants.quick else (12_000, 3)
    common.fresh_database()
    path = common.VAR / "message.xml"
    write(path, size)
    before = megabytes()
    into_the_stage(path, size)
    after = megabytes()
    tasks = {
        "lxml": lambda: lxml_alone(path, size),
        "stage": lambda: into_the_stage(path, size),
        "records": lambda: records_alone(path),
        "bare page": common.bare_page(),
    }
    taken = common.interleaved(tasks, rounds)
    share = taken["lxml"] / taken["stage"]
    figures = [
        common.Figure(
            "products into the stage, against lxml's iterparse alone",
            common.rate(size, taken["stage"]),
            common.rate(size, taken["lxml"]),
            share,
            f"≥ {LEAST_SHARE}",
            share >= LEAST_SHARE,
            taken["stage"],
        ),
        common.Figure(
            "products as records, against lxml's iterparse alone",
            common.rate(size, taken["records"]),
            common.rate(size, taken["lxml"]),
            taken["lxml"] / taken["records"],
            ours_seconds=taken["records"],
        ),
        common.Figure("peak memory of the first reading", f"{after:.0f} MB", f"{before:.0f} MB before", after / before),
    ]
    kilobytes = path.stat().st_size / size / 1024
    title = f"ONIX 3.0, {size:,} products of {kilobytes:.1f} kB"
    common.show(title, figures, taken["bare page"] / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
