"""ONIX code values and tag names we use; EDItEUR's own lists are not copied. Tables, nothing else.

Tag names: short tags are renamed to reference names before anything is read, so that one reader serves both.
"""

from catalog_sync.records import OFFER_FIELDS
from catalog_sync.records import Availability as A
from catalog_sync.records import Form as F
from catalog_sync.records import PriceKind as P
from catalog_sync.records import Relation as R

# Short tag and reference name, 2.1 and 3.x together.
_TAGS = """
header:Header sender:Sender x298:SenderName m174:FromCompany x307:SentDateTime m182:SentDate m183:MessageNote
m184:DefaultLanguageOfText m185:DefaultPriceTypeCode x310:DefaultPriceType m186:DefaultCurrencyCode x507:NoProduct
product:Product a001:RecordReference a002:NotificationType a199:DeletionText productidentifier:ProductIdentifier
b221:ProductIDType b233:IDTypeName b244:IDValue b004:ISBN b005:EAN13 descriptivedetail:DescriptiveDetail
x314:ProductComposition b012:ProductForm b333:ProductFormDetail collection:Collection x329:CollectionType
titledetail:TitleDetail titleelement:TitleElement x409:TitleElementLevel b202:TitleType b203:TitleText
b030:TitlePrefix b031:TitleWithoutPrefix b029:Subtitle x410:PartNumber title:Title b028:DistinctiveTitle
series:Series b018:TitleOfSeries b019:NumberWithinSeries contributor:Contributor b034:SequenceNumber
b035:ContributorRole b036:PersonName b037:PersonNameInverted b038:TitlesBeforeNames b039:NamesBeforeKey
b247:PrefixToKey b040:KeyNames b047:CorporateName language:Language b253:LanguageRole b252:LanguageCode
b059:LanguageOfText extent:Extent b218:ExtentType b219:ExtentValue b220:ExtentUnit b061:NumberOfPages
subject:Subject x425:MainSubject b067:SubjectSchemeIdentifier b068:SubjectSchemeVersion b069:SubjectCode
b070:SubjectHeadingText b064:BASICMainSubject b065:BICMainSubject mainsubject:MainSubject
b191:MainSubjectSchemeIdentifier audience:Audience b204:AudienceCodeType b206:AudienceCodeValue b073:AudienceCode
collateraldetail:CollateralDetail textcontent:TextContent x426:TextType x427:ContentAudience d104:Text
othertext:OtherText d102:TextTypeCode d101:MainDescription d100:Annotation supportingresource:SupportingResource
x436:ResourceContentType x437:ResourceMode resourceversion:ResourceVersion x435:ResourceLink mediafile:MediaFile
f114:MediaFileTypeCode f116:MediaFileLinkTypeCode f117:MediaFileLink publishingdetail:PublishingDetail
imprint:Imprint b079:ImprintName publisher:Publisher b291:PublishingRole b081:PublisherName b394:PublishingStatus
publishingdate:PublishingDate x448:PublishingDateRole b306:Date j260:DateFormat b003:PublicationDate
b087:CopyrightYear productsupply:ProductSupply market:Market territory:Territory x449:CountriesIncluded
x450:RegionsIncluded x451:CountriesExcluded x452:RegionsExcluded marketpublishingdetail:MarketPublishingDetail
j407:MarketPublishingStatus marketdate:MarketDate j408:MarketDateRole supplydetail:SupplyDetail supplier:Supplier
j292:SupplierRole j137:SupplierName j396:ProductAvailability j141:AvailabilityCode j142:ExpectedShipDate
j144:OrderTime j145:PackQuantity j192:UnpricedItemType supplydate:SupplyDate x461:SupplyDateRole j143:OnSaleDate
stock:Stock j350:OnHand x502:Proximity j351:OnOrder j375:CBO price:Price x462:PriceType j148:PriceTypeCode
j261:PriceQualifier j262:PriceTypeDescription j263:MinimumOrderQuantity pricecondition:PriceCondition
x463:PriceConditionType j151:PriceAmount j152:CurrencyCode tax:Tax x470:TaxType x471:TaxRateCode x472:TaxRatePercent
x473:TaxableAmount x474:TaxAmount j153:TaxRateCode1 j154:TaxRatePercent1 pricedate:PriceDate x476:PriceDateRole
j161:PriceEffectiveFrom j162:PriceEffectiveUntil b251:CountryCode j303:Territory j304:CountryExcluded
x536:Reserved relatedmaterial:RelatedMaterial relatedwork:RelatedWork x454:WorkRelationCode
workidentifier:WorkIdentifier b201:WorkIDType relatedproduct:RelatedProduct x455:ProductRelationCode h208:RelationCode
b010:ReplacesISBN b011:ReplacesEAN13 h130:ReplacedByISBN h131:ReplacedByEAN13 h132:AlternativeFormatISBN
h133:AlternativeFormatEAN13 productpart:ProductPart containeditem:ContainedItem b041:NamesAfterKey b248:SuffixToKey
collectionsequence:CollectionSequence x479:CollectionSequenceType x481:CollectionSequenceNumber
audiencerange:AudienceRange b074:AudienceRangeQualifier b075:AudienceRangePrecision b076:AudienceRangeValue
salesrights:SalesRights b089:SalesRightsType b090:RightsCountry b388:RightsTerritory notforsale:NotForSale
x456:ROWSalesRightsType resourceversionfeature:ResourceVersionFeature x442:ResourceVersionFeatureType
x439:FeatureValue x441:ResourceForm f115:MediaFileFormatCode j308:TerritoryExcluded j138:SupplyToCountry
j397:SupplyToTerritory b171:SubjectSchemeName j140:SupplyToCountryExcluded measure:Measure x315:MeasureType
c093:MeasureTypeCode c094:Measurement c095:MeasureUnitCode
"""
REFERENCE_NAMES: dict[str, str] = dict(pair.split(":") for pair in _TAGS.split())

SUPPLY_FIELDS = tuple(name for name in OFFER_FIELDS if name not in ("condition", "signed", "first_edition"))
# What each block of a 3.x block update speaks for.
BLOCK_FIELDS: dict[str, tuple[str, ...]] = {
    "DescriptiveDetail": (
        *("title", "subtitle", "contributors", "subjects", "language", "form", "pages", "series", "series_number"),
        *("audience", "weight", "age_limit"),
    ),
    "CollateralDetail": ("description", "cover"),
    "PublishingDetail": ("publisher", "publication_date", "territory"),
    "RelatedMaterial": ("related",),
    "ProductSupply": (*SUPPLY_FIELDS, "tax_code"),
}

# Marks of a message of ours (exporting_onix), for what ONIX has no code of its own.
NOT_ALL = "Halles: it may not list all articles."
OURS = "halles:"  # begins the name of a subject scheme
OTHER_SCHEME = "24"  # list 27, a proprietary scheme with a name
SHOP_PRICE = "Halles: the price of this shop"
GTIN_8 = "GTIN-8"
OTHER_AUDIENCE = "02"  # list 29, a proprietary scheme with a name
AGE_OF_SALE = "Halles: sold from this age"  # years, or "alcohol": by the law of the place
UNKNOWN_PUBLISHER = "Halles: not known"

# List 1, notification or update type.
DELETION = "05"
BLOCK_UPDATE = "04"
SUPPLY_UPDATES = frozenset({"12", "13", "14"})  # 2.1: only the supply details are sent
PARTIAL = SUPPLY_UPDATES | {BLOCK_UPDATE}
TEST_RECORDS = frozenset({"88", "89"})

# List 5, product identifier type; the order is the order of trust. A co-publisher's (24) is another product's.
GTIN_TYPES = ("15", "03", "25", "02", "14", "04")

# List 65 (3.x and 2.1), product availability.
AVAILABILITY: dict[str, str] = {
    **dict.fromkeys(("10", "11", "12"), A.PREORDER),
    "21": A.IN_STOCK,
    **dict.fromkeys(("20", "22", "23"), A.ORDERABLE),
    **dict.fromkeys(("30", "31", "32", "33", "34"), A.TEMPORARILY_UNAVAILABLE),
    **dict.fromkeys(("01", "09", *(str(code) for code in range(40, 53))), A.UNAVAILABLE),
    **dict.fromkeys(("97", "98", "99"), A.UNKNOWN),
}
# List 54, availability status code of 2.1.
AVAILABILITY_21: dict[str, str] = {
    **dict.fromkeys(("IP", "AD", "MD", "TO", "NY"), A.ORDERABLE),
    "NP": A.PREORDER,
    **dict.fromkeys(("RP", "TP", "TU", "OI"), A.TEMPORARILY_UNAVAILABLE),
    **dict.fromkeys(("AB", "EX", "OF", "OP", "OR", "PP", "RM", "RU", "UR", "WR", "WS", "RF"), A.UNAVAILABLE),
    "CS": A.UNKNOWN,
}
# List 64, publishing status, where it overrules the availability: senders hard-code the latter.
STATUS_OVERRULES: dict[str, str] = {
    **dict.fromkeys(("01", "03", "11", "12", "15", "17"), A.UNAVAILABLE),  # cancelled, postponed, withdrawn, recalled
    "16": A.TEMPORARILY_UNAVAILABLE,
}
FORTHCOMING = "02"

# List 46, sales rights types that keep a product out of a territory.
NOT_FOR_SALE = frozenset({"03", "04", "05", "06"})
# List 49, regions that are countries together. WORLD and ROW are dealt with apart, parts of countries are not read.
REGIONS: dict[str, frozenset[str]] = {
    "ECZ": frozenset(
        {
            *("AT", "BE", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MC", "MT"),
            *("NL", "PT", "SI", "SK"),
        }
    ),
}

# List 58, price type: (kind, tax included, rank; the lowest rank is taken). Trade prices are absent: never shown.
PRICE_TYPES: dict[str, tuple[str, bool, int]] = {
    "04": (P.FIXED, True, 0),
    "34": (P.FIXED, True, 1),
    "02": (P.RECOMMENDED, True, 2),
    "42": (P.RECOMMENDED, True, 3),
    "24": (P.FIXED, True, 4),
    "22": (P.RECOMMENDED, True, 5),
    "03": (P.FIXED, False, 6),
    "33": (P.FIXED, False, 7),
    "01": (P.RECOMMENDED, False, 8),
    "41": (P.RECOMMENDED, False, 9),
    "23": (P.FIXED, False, 10),
    "21": (P.RECOMMENDED, False, 11),
}
RETAIL_QUALIFIERS = frozenset({"", "00", "05"})  # list 59: unqualified, consumer; others are for libraries, members …
FREE_OF_CHARGE = "01"  # list 57
AT_LEAST = frozenset({"", "03", "06", "07"})  # list 215: exactly, not less than, more than

# Lists 150 (3.x) and 7 (2.1): the whole code, else its first letter.
FORMS: dict[str, str] = {
    "BB": F.HARDBACK,
    "BC": F.PAPERBACK,
    "BH": F.BOARD,
    "BE": F.PAPERBACK,
    "BF": F.PAPERBACK,
    "B": F.BOOK,
    "A": F.AUDIO,
    "DG": F.EBOOK,
    "DH": F.EBOOK,
    "DE": F.GAME,
    "D": F.GOODS,
    "E": F.EBOOK,
    "C": F.MAP,
    "V": F.VIDEO,
    "PC": F.CALENDAR,
    "PF": F.STATIONERY,
    "PI": F.MUSIC,
    "PJ": F.STATIONERY,
    "PK": F.STATIONERY,
    "P": F.STATIONERY,
    "XC": F.GOODS,
    "Z": F.GOODS,
    "ZE": F.GAME,
    "ZJ": F.GAME,
    "ZA": F.GOODS,
    "F": F.VIDEO,
    "M": F.GOODS,
    "S": F.GOODS,
}
# List 175: mass market, A-format, tall rack, bunko, pocket, libro de bolsillo; comic book and album.
POCKET_DETAILS = frozenset({"B101", "B104", "B107", "B111", "B113", "B132", "B133", "B135"})
COMIC_DETAILS = frozenset({"B139", "B140"})
DOWNLOADS = frozenset({"AJ", "DG", "DH", "EA", "EB", "EC", "ED"})

# List 17, contributor role.
ROLES: dict[str, str] = {
    **dict.fromkeys(("A01", "A02", "A03", "A09", "A10", "A11", "A14", "A38"), "author"),
    **dict.fromkeys(("A12", "A35", "A40", "A45"), "illustrator"),
    **dict.fromkeys(("A07", "A08", "A13"), "photographer"),
    **dict.fromkeys(("A15", "A16", "A19", "A23", "A24", "A29"), "foreword"),
    **dict.fromkeys(("B01", "B02", "B09", "B11", "B12", "B13", "B14", "B15", "B21"), "editor"),
    **dict.fromkeys(("B06", "B08", "B10"), "translator"),
    **dict.fromkeys(("E03", "E07"), "narrator"),
    "A06": "composer",
}

# List 27, subject scheme.
SCHEMES: dict[str, str] = {
    "10": "bisac",
    "12": "bic",
    "13": "bic",
    "17": "bic",
    "20": "keywords",
    "23": "sender",
    "26": "wgs",
    "29": "clil",
    "32": "nur",
    "93": "thema",
    "94": "thema",
    "95": "thema",
    "96": "thema",
    "97": "thema",
    "98": "thema",
    "99": "thema",
    "01": "dewey",
    "02": "dewey",
    "03": "lcc",
    "04": "lcsh",
}

# List 28, audience (AudienceCodeType 01).
AUDIENCES: dict[str, str] = {
    "01": "general",
    "02": "children",
    "03": "young_adult",
    "04": "education",
    "05": "education",
    "06": "professional",
    "07": "education",
    "08": "education",
    "09": "education",
    **dict.fromkeys(("11", "12", "13", "14"), "education"),
}
# List 29, ratings whose numbers are ages below which it must not be sold: BBFC (Video Recordings Act 1984, section 11),
# FSK and USK (Jugendschutzgesetz, section 12). List 71, on the German index (section 15 of the same).
AGE_RATINGS = frozenset({"04", "05", "10"})
INDEXED = "08"
# List 30, ages in years for which it is of interest, or which can read it; list 31, from and exactly.
AGES_IN_YEARS = ("17", "18")
FROM_AGE = ("01", "03")
YOUNG_ADULT_FROM, ADULT_FROM = 12, 18

# Lists 153 (3.x TextType) and 33 (2.1 TextTypeCode): the description, best first.
DESCRIPTION_TYPES = ("03", "02", "05", "01")
DESCRIPTION_TYPES_21 = ("01", "03", "02")
READERS = frozenset({"00", "03", "10", "11", "12"})  # list 154: everybody, customers, on social media, children, teens

# Covers: lists 178 (3.x) and 39 (2.1), formats that browsers do not show; list 161, what is no file; list 38, where a
# front cover is sent, best first.
NO_PICTURES = frozenset({"D401", "D504", "D506", "D507", "D508", "D511", "D512", "E107"})
NO_PICTURES_21 = frozenset({"04", "05"})
NO_FILES = frozenset({"03", "05"})
COVER_FILES_21 = ("06", "04")
MOST_PIXELS = 40_000_000  # of a picture that is taken for its size

# List 164: the product is a manifestation of the work, or of the original of which it is a translation. Works it is
# derived from, or shares a series or an author with, are other works.
WORK_RELATIONS: dict[str, str] = dict.fromkeys(("01", "06", "98", "99"), R.WORK)

# List 51, product relation (3.x and 2.1). What is merely similar, ancillary or by the same author is none of ours.
PRODUCT_RELATIONS: dict[str, str] = {
    "02": R.PART_OF,
    **dict.fromkeys(("03", "16"), R.REPLACES),
    **dict.fromkeys(("05", "17"), R.REPLACED_BY),
    "11": R.OTHER_LANGUAGE,
    # other media; special, prebound and enhanced editions; those for other markets; signed copies
    **dict.fromkeys(("06", "13", "14", "15", "27", "18", "19", "20", "21", "28", "29"), R.OTHER_FORMAT),
    **dict.fromkeys(("31", "32", "33", "37", "38"), R.OTHER_FORMAT),
}

# Lists 16 and 5, what a work or another product is called by.
WORK_IDENTIFIERS: dict[str, str] = {
    "01": R.PROPRIETARY,
    "02": R.GTIN,
    "15": R.GTIN,
    "06": "doi",
    "11": "istc",
    "18": "isrc",
    "19": "isan",
    "31": "eidr",
    "32": "glimir",
    "33": "owi",
    "39": "iscc",
}
PRODUCT_IDENTIFIERS: dict[str, str] = {**dict.fromkeys(GTIN_TYPES, R.GTIN), "01": R.PROPRIETARY, "06": "doi"}
