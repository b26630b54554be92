"""What an ONIX record says about its title, clause by clause."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog_sync.adapters.onix_rights import is_not_for_sale
from catalog_sync.reading.xml_parts import Part
from catalog_sync.reading.xml_records import parse_plain
from tests.catalog_sync.adapters.test_onix import one, price, product

TODAY = datetime.now(UTC)
PAST, SOON = (f"{TODAY + timedelta(days=days):%Y%m%d}" for days in (-30, 30))
SOON_ISO = f"{TODAY + timedelta(days=30):%Y-%m-%d}"


def detail(inner: str) -> str:
    return product(f"<DescriptiveDetail>{inner}</DescriptiveDetail>")


def element(inner: str, level: str = "01") -> str:
    return f"<TitleElement><TitleElementLevel>{level}</TitleElementLevel>{inner}</TitleElement>"


def title(*elements: str) -> str:
    return f"<TitleDetail><TitleType>01</TitleType>{''.join(elements)}</TitleDetail>"


def identifier(kind: str, value: str) -> str:
    return f"<ProductIdentifier><ProductIDType>{kind}</ProductIDType><IDValue>{value}</IDValue></ProductIdentifier>"


@pytest.mark.parametrize(
    ("identifiers", "gtin"),
    [
        (identifier("02", "0439023483"), 9780439023481),
        (identifier("03", "3017620422003") + identifier("02", "0439023483"), 3017620422003),
        (identifier("25", "9790260000438"), 9790260000438),
        (identifier("04", "036000291452"), 36000291452),
        (identifier("24", "9780439023481"), None),  # of the co-publisher
        (identifier("01", "9780439023481"), None),
        (f"<ProductPart>{identifier('15', '9780439023481')}</ProductPart>", None),
        (f"<ContainedItem>{identifier('15', '9780439023481')}</ContainedItem>", None),
        (f"<ContainedItem><ISBN>0439023483</ISBN></ContainedItem>{identifier('15', '9780007232833')}", 9780007232833),
    ],
    ids=["isbn-10", "ean", "ismn", "upc", "co-publisher", "own", "part", "contained", "contained and own"],
)
def test_identifiers_are_the_products_own(identifiers, gtin, tmp_path):
    inner = product(identifiers).replace(identifier("15", "9782070368228"), "", 1)
    record = one(inner.replace("</Product>", "<DistinctiveTitle>T</DistinctiveTitle></Product>"), tmp_path)
    assert record.gtin == gtin


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (
            title(element("<TitlePrefix>L'</TitlePrefix><TitleWithoutPrefix>Été</TitleWithoutPrefix>")),
            ("L'Été", "", ""),
        ),
        (
            title(element("<TitlePrefix>The</TitlePrefix><TitleWithoutPrefix>Sea</TitleWithoutPrefix>")),
            ("The Sea", "", ""),
        ),
        (title(element("<NoPrefix/><TitleWithoutPrefix>Sea</TitleWithoutPrefix>")), ("Sea", "", "")),
        (title(element("<PartNumber>2</PartNumber><TitleText>History</TitleText>")), ("History, 2", "", "")),
        (
            title(
                element("<TitleText>Potter</TitleText>", "02"),
                element("<PartNumber>4</PartNumber><TitleText>Fire</TitleText>"),
            ),
            ("Fire", "Potter", "4"),
        ),
        (
            f"<Collection>{title(element('<TitleText>Saga</TitleText>', '02'))}<CollectionSequence>"
            "<CollectionSequenceNumber>7</CollectionSequenceNumber></CollectionSequence></Collection>"
            + title(element("<TitleText>One</TitleText>")),
            ("One", "Saga", "7"),
        ),
    ],
    ids=["elision", "prefix", "no prefix", "part", "part of a series", "sequence"],
)
def test_titles_have_prefixes_parts_and_series(inner, expected, tmp_path):
    record = one(detail(inner), tmp_path)
    assert (record.title, record.series, record.series_number) == expected


def test_title_of_onix_21_without_a_composite(tmp_path):
    flat = "<TitlePrefix>The</TitlePrefix><TitleWithoutPrefix>Sea</TitleWithoutPrefix><Subtitle>Deep</Subtitle>"
    record = one(product(flat), tmp_path)
    assert (record.title, record.subtitle) == ("The Sea", "Deep")


def test_contributors_have_their_roles_in_the_senders_sequence(tmp_path):
    inner = (
        "<Contributor><SequenceNumber>2</SequenceNumber><ContributorRole>A12</ContributorRole>"
        "<ContributorRole>A01</ContributorRole><PersonNameInverted>Roy, Anne</PersonNameInverted></Contributor>"
        "<Contributor><SequenceNumber>1</SequenceNumber><ContributorRole>B06</ContributorRole><NamesBeforeKey>Martin"
        "</NamesBeforeKey><PrefixToKey>de</PrefixToKey><KeyNames>King</KeyNames><SuffixToKey>Jr.</SuffixToKey>"
        "</Contributor><Contributor><ContributorRole>A99</ContributorRole><CorporateName>Office</CorporateName>"
        "</Contributor>"
    )
    assert one(detail(inner), tmp_path).contributors == (
        ("Martin de King Jr.", "translator"),
        ("Anne Roy", "illustrator"),
        ("Anne Roy", "author"),
        ("Office", "other"),
    )


def test_subjects_have_their_scheme(tmp_path):
    def subject(scheme: str, code: str, main: str = "") -> str:
        return (
            f"<Subject>{main}<SubjectSchemeIdentifier>{scheme}</SubjectSchemeIdentifier>"
            f"<SubjectCode>{code}</SubjectCode></Subject>"
        )

    inner = (
        subject("10", "FIC022000") + subject("29", "3442") + subject("12", "FA") + subject("93", "FB", "<MainSubject/>")
    )
    assert one(detail(inner + subject("77", "x")), tmp_path).subjects == (
        ("thema", "FB", ""),
        ("bisac", "FIC022000", ""),
        ("clil", "3442", ""),
        ("bic", "FA", ""),
    )


def age(precision: str, years: str, qualifier: str = "17") -> str:
    return (
        f"<AudienceRange><AudienceRangeQualifier>{qualifier}</AudienceRangeQualifier><AudienceRangePrecision>{precision}"
        f"</AudienceRangePrecision><AudienceRangeValue>{years}</AudienceRangeValue></AudienceRange>"
    )


@pytest.mark.parametrize(
    ("inner", "audience"),
    [
        (
            "<Audience><AudienceCodeType>01</AudienceCodeType><AudienceCodeValue>03</AudienceCodeValue></Audience>",
            "young_adult",
        ),
        ("<Audience><AudienceCodeType>22</AudienceCodeType><AudienceCodeValue>03</AudienceCodeValue></Audience>", ""),
        (age("03", "8"), "children"),
        (age("01", "14"), "young_adult"),
        (age("03", "18"), "general"),
        (age("04", "8"), ""),
        (age("03", "3", "11"), ""),
        (age("03", "eight"), ""),
    ],
    ids=["code", "other scheme", "from 8", "exactly 14", "from 18", "up to 8", "school grade", "words"],
)
def test_audience_is_that_of_the_code_or_the_age(inner, audience, tmp_path):
    assert one(detail(inner), tmp_path).audience == audience


def test_language_is_that_of_the_text(tmp_path):
    inner = "".join(
        f"<Language><LanguageRole>{role}</LanguageRole><LanguageCode>{code}</LanguageCode></Language>"
        for role, code in (("02", "rus"), ("01", "fre"))
    )
    assert one(detail(inner), tmp_path).language == "fr"


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("BB", "hardback"),
        ("BH", "board"),
        ("BZ", "book"),
        ("EA", "ebook"),
        ("AJ", "audio"),
        ("PC", "calendar"),
        ("", ""),
    ],
)
def test_form_is_that_of_the_code_or_of_its_kind(code, form, tmp_path):
    assert one(detail(f"<ProductForm>{code}</ProductForm>"), tmp_path).form == form


def test_extent_is_the_main_content_in_pages(tmp_path):
    def extent(kind: str, value: str, unit: str = "03") -> str:
        return (
            f"<Extent><ExtentType>{kind}</ExtentType><ExtentValue>{value}</ExtentValue><ExtentUnit>{unit}</ExtentUnit>"
            "</Extent>"
        )

    assert one(detail(extent("03", "16") + extent("00", "245") + extent("09", "300", "05")), tmp_path).pages == 245
    assert one(detail(extent("09", "300", "05")), tmp_path).pages is None


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("<Date>20190314</Date>", "2019-03-14"),
        ('<Date dateformat="01">201903</Date>', "2019-03"),
        ("<DateFormat>02</DateFormat><Date>202309</Date>", "2023-02"),
        ('<Date dateformat="03">20233</Date>', "2023"),
        ('<Date dateformat="05">2019</Date>', "2019"),
        ('<Date dateformat="06">2019031420190401</Date>', "2019-03-14"),
        ('<Date dateformat="13">20190314T0900</Date>', "2019-03-14"),
        ('<Date dateformat="12">14/03/2019</Date>', "2019-03-14"),
        ('<Date dateformat="20">14400101</Date>', ""),
        ('<Date dateformat="02">209999</Date>', ""),
    ],
    ids=["plain", "month", "week", "quarter", "year", "spread", "time", "text", "hijri", "no week"],
)
def test_dates_are_read_by_their_format(date, expected, tmp_path):
    block = f"<PublishingDate><PublishingDateRole>01</PublishingDateRole>{date}</PublishingDate>"
    assert one(product(f"<PublishingDetail>{block}</PublishingDetail>"), tmp_path).publication_date == expected


def rights(kind: str, territory: str) -> str:
    return f"<SalesRights><SalesRightsType>{kind}</SalesRightsType><Territory>{territory}</Territory></SalesRights>"


REST_NOT = "<ROWSalesRightsType>06</ROWSalesRightsType>"
WORLD = "<RegionsIncluded>WORLD</RegionsIncluded>"


@pytest.mark.parametrize(
    ("inner", "forbidden"),
    [
        ("", False),
        (rights("01", "<CountriesIncluded>CA US</CountriesIncluded>"), False),
        (rights("01", "<CountriesIncluded>CA</CountriesIncluded>") + rights("03", WORLD), True),
        (rights("01", "<CountriesIncluded>BWFR</CountriesIncluded>") + rights("03", WORLD), False),
        (rights("01", WORLD) + rights("06", "<CountriesIncluded>FR BE</CountriesIncluded>"), True),
        (rights("03", f"{WORLD}<CountriesExcluded>FR</CountriesExcluded>"), False),
        (rights("01", "<RegionsIncluded>ECZ</RegionsIncluded>") + rights("03", WORLD), False),
        (
            rights("01", "<CountriesIncluded>CA</CountriesIncluded>") + "<ROWSalesRightsType>03</ROWSalesRightsType>",
            True,
        ),
        (
            rights("01", "<CountriesIncluded>FR</CountriesIncluded>") + "<ROWSalesRightsType>03</ROWSalesRightsType>",
            False,
        ),
    ],
    ids=["silent", "elsewhere", "world but", "spaces lost", "named", "excepted", "region", "rest", "named before rest"],
)
def test_not_for_sale_by_rights_is_not_sold(inner, forbidden, tmp_path):
    text = product(
        f"<PublishingDetail>{inner}</PublishingDetail><ProductSupply><SupplyDetail><ProductAvailability>21"
        f"</ProductAvailability>{price('10')}</SupplyDetail></ProductSupply>"
    )
    expected = "unavailable" if forbidden else "in_stock"
    assert one(text, tmp_path, country="FR").availability == expected
    assert one(text, tmp_path).availability == "in_stock"  # no country, no rights


def test_rights_of_onix_21_name_countries_beside():
    def forbidden(inner: str) -> bool:
        return is_not_for_sale(Part(parse_plain(f"<Product>{inner}</Product>").element, {}), "FR")

    ours = "<SalesRights><SalesRightsType>02</SalesRightsType><RightsCountry>FR</RightsCountry></SalesRights>"
    rest = "<SalesRights><SalesRightsType>03</SalesRightsType><RightsTerritory>ROW</RightsTerritory></SalesRights>"
    assert [forbidden(ours + rest), forbidden(rest)] == [False, True]
    assert forbidden("<NotForSale><RightsCountry>BE</RightsCountry><RightsCountry>FR</RightsCountry></NotForSale>")


@pytest.mark.parametrize(
    ("inner", "territory"),
    [
        ("", ""),
        (rights("01", WORLD), ""),
        (rights("01", "<CountriesIncluded>FR BE</CountriesIncluded>") + rights("03", WORLD), "+BE FR"),
        (rights("01", WORLD) + rights("06", "<CountriesIncluded>US CA</CountriesIncluded>"), "-CA US"),
        (
            rights("02", "<CountriesIncluded>FR</CountriesIncluded>") + "<ROWSalesRightsType>06</ROWSalesRightsType>",
            "+FR",
        ),
        (rights("03", WORLD), "+"),
    ],
    ids=["silent", "world", "only", "but", "rest", "nowhere"],
)
def test_rights_are_kept_as_the_territory(inner, territory, tmp_path):
    assert one(product(f"<PublishingDetail>{inner}</PublishingDetail>"), tmp_path).territory == territory


def test_age_limit_is_a_rating_or_the_german_index_and_no_reading_age(tmp_path):
    def limit(audience: str, publishing: str = "") -> str:
        text = f"<DescriptiveDetail>{audience}</DescriptiveDetail><PublishingDetail>{publishing}</PublishingDetail>"
        return one(product(text), tmp_path).age_limit

    def rated(kind: str, value: str) -> str:
        codes = f"<AudienceCodeType>{kind}</AudienceCodeType><AudienceCodeValue>{value}</AudienceCodeValue>"
        return f"<Audience>{codes}</Audience>"

    assert [limit(rated("05", "18")), limit(rated("10", "16")), limit(rated("05", "12"))] == ["18", "16", ""]
    assert limit(rated("01", "05")) == ""  # list 28: of a college
    assert limit("", "<SalesRestriction><SalesRestrictionType>08</SalesRestrictionType></SalesRestriction>") == "18"


def version(address: str, width: int = 0, kind: str = "", form: str = "02") -> str:
    def feature(code: str, value: object) -> str:
        return (
            f"<ResourceVersionFeature><ResourceVersionFeatureType>{code}</ResourceVersionFeatureType><FeatureValue>"
            f"{value}</FeatureValue></ResourceVersionFeature>"
        )

    features = (feature("02", width) + feature("03", width) if width else "") + (feature("01", kind) if kind else "")
    return (
        f"<ResourceVersion><ResourceForm>{form}</ResourceForm>{features}<ResourceLink>https://c.example/{address}"
        "</ResourceLink></ResourceVersion>"
    )


def cover(*versions: str, kind: str = "01", audience: str = "00") -> str:
    return (
        f"<SupportingResource><ResourceContentType>{kind}</ResourceContentType><ContentAudience>{audience}"
        f"</ContentAudience><ResourceMode>03</ResourceMode>{''.join(versions)}</SupportingResource>"
    )


@pytest.mark.parametrize(
    ("inner", "name"),
    [
        (cover(version("small", 300), version("large", 900), version("medium", 600)), "large"),
        (cover(version("page", 900, form="01"), version("file", 300)), "file"),
        (cover(version("print", 3000, "D504"), version("web", 300, "D502")), "web"),
        (cover(version("huge", 90_000), version("good", 900)), "good"),
        (cover(version("back", 900), kind="02") + cover(version("front")), "front"),
        (cover(version("trade", 900), audience="02") + cover(version("readers")), "readers"),
        (cover(version("app", form="03")), ""),
    ],
    ids=["largest", "file", "format", "too large", "front", "audience", "no file"],
)
def test_cover_is_the_best_version(inner, name, tmp_path):
    record = one(product(f"<CollateralDetail>{inner}</CollateralDetail>"), tmp_path)
    assert record.cover == (f"https://c.example/{name}" if name else "")


def text(kind: str, words: str, audience: str = "00") -> str:
    return (
        f"<TextContent><TextType>{kind}</TextType><ContentAudience>{audience}</ContentAudience><Text>{words}</Text>"
        "</TextContent>"
    )


@pytest.mark.parametrize(
    ("inner", "description"),
    [
        (text("02", "short") + text("03", "long"), "long"),
        (text("03", "for the trade", "02") + text("02", "for readers", "03"), "for readers"),
        (text("03", "<![CDATA[<b>bold</b>]]>"), "<b>bold</b>"),
        (text("03", "&lt;p&gt;escaped&lt;/p&gt;"), "<p>escaped</p>"),
        (text("04", "contents"), ""),
    ],
    ids=["best kind", "audience", "cdata", "escaped", "other kind"],
)
def test_description_is_the_best_text_for_readers(inner, description, tmp_path):
    assert one(product(f"<CollateralDetail>{inner}</CollateralDetail>"), tmp_path).description == description


def dated(block: str, role: str, date: str) -> str:
    return f"<{block}Date><{block}DateRole>{role}</{block}DateRole><Date>{date}</Date></{block}Date>"


@pytest.mark.parametrize(
    ("publishing", "market", "supply", "expected"),
    [
        ("<PublishingStatus>11</PublishingStatus>", "", "21", ("unavailable", "")),  # withdrawn
        ("<PublishingStatus>15</PublishingStatus>", "", "21", ("unavailable", "")),  # recalled
        ("", "<MarketPublishingStatus>15</MarketPublishingStatus>", "21", ("unavailable", "")),
        ("", "", "46", ("unavailable", "")),
        ("", "", "49", ("unavailable", "")),
        (dated("Publishing", "02", SOON), "", "21", ("preorder", SOON_ISO)),  # embargo
        ("", dated("Market", "02", SOON), "20", ("preorder", SOON_ISO)),
        (dated("Publishing", "02", PAST), "", "21", ("in_stock", "")),
        (dated("Publishing", "01", SOON), "", "20", ("preorder", SOON_ISO)),  # not yet published
        (dated("Publishing", "01", PAST), "", "20", ("orderable", "")),
        ("<PublishingStatus>02</PublishingStatus>" + dated("Publishing", "01", SOON), "", "10", ("preorder", SOON_ISO)),
        (
            dated("Publishing", "01", SOON),
            "",
            "20</ProductAvailability><Stock><OnHand>3</OnHand></Stock>",
            ("in_stock", ""),
        ),
    ],
    ids=[
        *("withdrawn", "recalled", "recalled here", "supplier withdrew", "supplier recalled", "embargo"),
        *("market's embargo", "embargo over", "unpublished", "published", "forthcoming", "copies in hand"),
    ],
)
def test_availability_follows_status_and_dates(publishing, market, supply, expected, tmp_path):
    supply = supply if "<" in supply else f"{supply}</ProductAvailability>"
    record = one(
        product(
            f"<PublishingDetail>{publishing}</PublishingDetail><ProductSupply><MarketPublishingDetail>{market}"
            f"</MarketPublishingDetail><SupplyDetail><ProductAvailability>{supply}</SupplyDetail></ProductSupply>"
        ),
        tmp_path,
    )
    assert (record.availability, record.available_from) == expected


@pytest.mark.parametrize("qualifier", ["01", "06", "10", "11", "12", "14", "15", "16", "18"])
def test_price_for_libraries_and_members_is_never_shown(qualifier, tmp_path):
    inner = f"<PriceQualifier>{qualifier}</PriceQualifier>"
    record = one(product(f"<ProductSupply><SupplyDetail>{price('9', inner)}</SupplyDetail></ProductSupply>"), tmp_path)
    assert record.price is None


@pytest.mark.parametrize("kind", ["05", "06", "07", "08", "09", "15", "17", "25", "27", "32", "35", "36", "37"])
def test_net_price_is_never_shown(kind, tmp_path):
    record = one(
        product(f"<ProductSupply><SupplyDetail>{price('9', kind=kind)}</SupplyDetail></ProductSupply>"), tmp_path
    )
    assert record.price is None


@pytest.mark.parametrize(
    ("place", "minor"),
    [
        ("<Territory><CountriesIncluded>FR BE</CountriesIncluded></Territory>", 1000),
        ("<Territory><RegionsIncluded>ECZ</RegionsIncluded></Territory>", 1000),
        ("<Territory><CountriesIncluded>CA</CountriesIncluded></Territory>", None),
        (f"<Territory>{WORLD}<CountriesExcluded>FR</CountriesExcluded></Territory>", None),
        ("<CountryCode>FR</CountryCode><CountryCode>BE</CountryCode>", 1000),
        ("<CountryCode>CA</CountryCode>", None),
        ("<Territory>WORLD</Territory><CountryExcluded>FR</CountryExcluded>", None),
        ("", 1000),
    ],
)
def test_price_is_that_of_the_territory(place, minor, tmp_path):
    text = product(f"<ProductSupply><SupplyDetail>{price('10', place)}</SupplyDetail></ProductSupply>")
    assert one(text, tmp_path, country="FR").price == minor
