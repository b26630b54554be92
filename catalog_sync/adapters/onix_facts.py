"""What an ONIX record says about the title: names, contributors, subjects. Serves 3.x (blocks) and 2.1 (flat)."""

from typing import NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.adapters.onix_dates import in_role, read_date
from catalog_sync.adapters.onix_prices import block
from catalog_sync.identifiers import Identified, identify
from catalog_sync.reading.xml_parts import Part, text
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import Form
from marketplace.catalogue import sale_limits


class Identity(NamedTuple):
    """`sku`: the sender's RecordReference, its key by the standard; empty where it sent none."""

    sku: str
    gtin: int | None
    issues: tuple[Reason, ...]


def read_identity(product: Part) -> Identity:
    """The record's key and its GTIN, by the most trusted identifier type that holds a valid number."""
    by_type: dict[str, list[str]] = {}
    for identifier in product.findall("ProductIdentifier"):
        kind = text(identifier, "ProductIDType").zfill(2)
        if kind == "01" and text(identifier, "IDTypeName") == codes.GTIN_8:
            kind = "14"
        by_type.setdefault(kind, []).append(text(identifier, "IDValue"))
    for kind, direct in (("15", "EAN13"), ("02", "ISBN")):
        if text(product, direct):
            by_type.setdefault(kind, []).append(text(product, direct))
    wrong: Reason | None = None
    for kind in codes.GTIN_TYPES:
        for value in by_type.get(kind, ()):
            found: Identified = identify(value)
            if found.gtin is not None:
                several = kind == "15" and len(set(by_type[kind])) > 1
                issues = (reason("gtin_several", value=", ".join(by_type[kind])),) if several else ()
                return Identity(cleaning.sku(text(product, "RecordReference")), found.gtin, issues)
            wrong = wrong or found.reason
    return Identity(cleaning.sku(text(product, "RecordReference")), None, (wrong,) if wrong else ())


def all_text(element: Part | None) -> str:
    """All text inside an element, markup dropped."""
    return "" if element is None else element.all_text()


class Titles(NamedTuple):
    title: str
    subtitle: str
    series: str
    series_number: str


def read_titles(product: Part) -> Titles:
    """Title, subtitle and series. A volume that has only a number is called by its collection's name and that
    number."""
    detail = block(product, "DescriptiveDetail")
    wanted = [t for t in detail.findall("TitleDetail") if text(t, "TitleType") in ("01", "00")]
    wanted = wanted or detail.findall("TitleDetail")
    series, number = _series(detail)
    for title_detail in wanted:
        by_level = {text(e, "TitleElementLevel"): e for e in title_detail.findall("TitleElement")[::-1]}
        own = by_level.get("01")
        name = _title_text(own) if own is not None else ""
        collection = _title_text(by_level["02"]) if "02" in by_level else ""
        part = text(own, "PartNumber") if own is not None else ""
        if not name and (collection or series):
            name = cleaning.title(f"{collection or series}, {part}" if part else collection or series)
        elif name and part and not (collection or series):
            name = cleaning.title(f"{name}, {part}")  # volumes of one title are told apart by their number alone
        if name:
            subtitle = cleaning.title(all_text(own.find("Subtitle"))) if own is not None else ""
            of_series = series or collection
            return Titles(name, subtitle, of_series, number or (part if of_series else ""))
    flat = [t for t in detail.findall("Title") if text(t, "TitleType") in ("01", "00", "")] or detail.findall("Title")
    for element in flat:
        if name := _title_text(element):
            return Titles(name, cleaning.title(all_text(element.find("Subtitle"))), series, number)
    name = cleaning.title(text(detail, "DistinctiveTitle")) or _title_text(detail)
    return Titles(name, cleaning.title(text(detail, "Subtitle")), series, number)


def _title_text(element: Part) -> str:
    whole = cleaning.title(all_text(element.find("TitleText")))
    if whole:
        return whole
    prefix, rest = all_text(element.find("TitlePrefix")), all_text(element.find("TitleWithoutPrefix"))
    joint = "" if prefix.endswith(("'", "’")) else " "
    return cleaning.title(f"{prefix}{joint}{rest}")


def _series(detail: Part) -> tuple[str, str]:
    for collection in detail.findall("Collection"):
        elements = collection.findall("TitleDetail/TitleElement")
        name = next((n for e in elements if text(e, "TitleElementLevel") != "01" and (n := _title_text(e))), "")
        number = next((n for e in elements if (n := text(e, "PartNumber"))), "")
        if name:
            return name, number or text(collection, "CollectionSequence/CollectionSequenceNumber")
    flat = detail.find("Series")
    if flat is None:
        return "", ""
    name = cleaning.title(text(flat, "TitleOfSeries")) or next((_title_text(t) for t in flat.findall("Title")), "")
    return name, text(flat, "NumberWithinSeries") if name else ""


def read_contributors(product: Part) -> tuple[tuple[str, str], ...]:
    """(name, role) in the order of the sender's sequence numbers, else of the record."""
    found = []
    for order, contributor in enumerate(block(product, "DescriptiveDetail").findall("Contributor")):
        name = _person(contributor)
        if name:
            sequence = cleaning.pages(text(contributor, "SequenceNumber")) or 1000 + order
            for stated in contributor.findall("ContributorRole") or [contributor]:
                found.append((sequence, order, name, codes.ROLES.get((stated.text or "").strip(), "other")))
    pairs = [(name, role) for _, _, name, role in sorted(found, key=lambda each: each[:2])]
    return tuple(dict.fromkeys(pairs))


_NAME_PARTS = ("NamesBeforeKey", "PrefixToKey", "KeyNames", "NamesAfterKey", "SuffixToKey")


def _person(contributor: Part) -> str:
    name = cleaning.title(text(contributor, "PersonName"))
    if name:
        return name
    parts = (text(contributor, tag) for tag in _NAME_PARTS)
    name = cleaning.title(" ".join(part for part in parts if part))
    if name:
        return name
    inverted = cleaning.title(text(contributor, "PersonNameInverted"))
    if inverted.count(",") == 1:
        family, given = inverted.split(",")
        return f"{given.strip()} {family.strip()}"
    return inverted or cleaning.title(text(contributor, "CorporateName"))


def read_publisher(product: Part) -> str:
    """The publisher (role 01), else the imprint."""
    detail = block(product, "PublishingDetail")
    publishers = sorted(detail.findall("Publisher"), key=lambda p: text(p, "PublishingRole") not in ("01", ""))
    for publisher in publishers:
        if name := text(publisher, "PublisherName"):
            return cleaning.name(name)
    names = (text(detail, path) for path in ("PublisherName", "Imprint/ImprintName", "ImprintName"))
    return cleaning.name(next(filter(None, names), ""))


def read_subjects(product: Part) -> tuple[tuple[str, str, str], ...]:
    """(scheme, code, text), the main subjects first; keywords are one text each."""
    detail = block(product, "DescriptiveDetail")
    found: list[tuple[bool, tuple[str, str, str]]] = []
    for tag, scheme in (("BASICMainSubject", "bisac"), ("BICMainSubject", "bic")):
        if code := text(detail, tag):
            found.append((False, (scheme, code, "")))
    for element in detail.findall("MainSubject"):
        scheme = codes.SCHEMES.get(text(element, "MainSubjectSchemeIdentifier"), "")
        if scheme:
            found.append((False, (scheme, text(element, "SubjectCode"), text(element, "SubjectHeadingText"))))
    for element in detail.findall("Subject"):
        number = text(element, "SubjectSchemeIdentifier").zfill(2)
        scheme = codes.SCHEMES.get(number, "")
        if number == codes.OTHER_SCHEME and (name := text(element, "SubjectSchemeName")).startswith(codes.OURS):
            scheme = name.removeprefix(codes.OURS)
        code, words = text(element, "SubjectCode"), cleaning.one_line(text(element, "SubjectHeadingText"))
        if scheme and (code or words):
            is_other = element.find("MainSubject") is None
            texts = [w.strip() for w in words.split(";") if w.strip()] or [""] if scheme == "keywords" else [words]
            found.extend((is_other, (scheme, code, each)) for each in texts)
    return tuple(dict.fromkeys(subject for _, subject in sorted(found, key=lambda pair: pair[0])))


def read_language(product: Part, default: str) -> str:
    """The language of the text (role 01), else the message's default."""
    detail = block(product, "DescriptiveDetail")
    for element in detail.findall("Language"):
        if text(element, "LanguageRole") in ("01", "06"):
            return str(cleaning.language(text(element, "LanguageCode")).value)
    return str(cleaning.language(text(detail, "LanguageOfText") or default).value)


def product_form(product: Part) -> str:
    """The ONIX product form code."""
    return text(block(product, "DescriptiveDetail"), "ProductForm").upper()


def read_form(product: Part) -> str:
    """One of `Form`; a paperback of a pocket size is a pocket book."""
    code = product_form(product)
    form = codes.FORMS.get(code) or codes.FORMS.get(code[:1], "")
    if form in (Form.PAPERBACK, Form.HARDBACK, Form.BOOK):
        details = {(e.text or "").strip() for e in block(product, "DescriptiveDetail").findall("ProductFormDetail")}
        if details & codes.COMIC_DETAILS:
            return Form.COMIC
        if form == Form.PAPERBACK and details & codes.POCKET_DETAILS:
            return Form.POCKET
    return form


def read_pages(product: Part) -> int | None:
    """The printed extent in pages."""
    detail = block(product, "DescriptiveDetail")
    extents = {
        text(e, "ExtentType"): text(e, "ExtentValue") for e in detail.findall("Extent") if text(e, "ExtentUnit") == "03"
    }
    stated = next((extents[kind] for kind in ("00", "11", "06", "05", "07", "08") if kind in extents), "")
    return cleaning.pages(stated or text(detail, "NumberOfPages"))


def read_weight(product: Part) -> int | None:
    """The unit weight (list 48, 08) in grams."""
    for measure in block(product, "DescriptiveDetail").findall("Measure"):
        if (text(measure, "MeasureType") or text(measure, "MeasureTypeCode")) == "08":
            return cleaning.grams(text(measure, "Measurement"), text(measure, "MeasureUnitCode"))
    return None


def read_publication_date(product: Part) -> str:
    """The publication date (role 01), else that of the first market."""
    detail = block(product, "PublishingDetail")
    found = in_role(detail.findall("PublishingDate"), "PublishingDateRole", "01") or read_date(
        detail, "PublicationDate"
    )
    if found:
        return found
    return in_role(product.findall("ProductSupply/MarketPublishingDetail/MarketDate"), "MarketDateRole", "01")


def read_audience(product: Part) -> str:
    """For whom it is, of list 28; children before general where both are said."""
    detail = block(product, "DescriptiveDetail")
    stated = [text(a, "AudienceCodeValue") for a in detail.findall("Audience") if text(a, "AudienceCodeType") == "01"]
    stated += [(a.text or "").strip() for a in detail.findall("AudienceCode")]
    known = [codes.AUDIENCES[code] for code in stated if code in codes.AUDIENCES]
    return next((audience for audience in known if audience != "general"), known[0] if known else _by_age(detail))


def read_age_limit(product: Part) -> str:
    """The age in years below which a rating or the German index forbids its sale. Ages of interest are no law. A
    message of ours says the fact itself."""
    detail = block(product, "DescriptiveDetail")
    for stated in detail.findall("Audience"):
        if text(stated, "AudienceCodeTypeName") == codes.AGE_OF_SALE:
            told = text(stated, "AudienceCodeValue")
            return told if told == sale_limits.ALCOHOL else sale_limits.stated_years(told)
    rated = [a for a in detail.findall("Audience") if text(a, "AudienceCodeType").zfill(2) in codes.AGE_RATINGS]
    publishing = block(product, "PublishingDetail")
    restricted = publishing.findall("SalesRestriction") + publishing.findall("SalesRights/SalesRestriction")
    ages = [sale_limits.stated_years(text(rating, "AudienceCodeValue")) for rating in rated]
    if any(text(one, "SalesRestrictionType").zfill(2) == codes.INDEXED for one in restricted):
        ages.append(sale_limits.ADULTS)
    return max(ages, default="")


def _by_age(detail: Part) -> str:
    """The audience by the age from which it is meant, in years; empty where that is not said."""
    for stated in detail.findall("AudienceRange"):
        ages = stated.findall("AudienceRangeValue")
        if text(stated, "AudienceRangeQualifier") not in codes.AGES_IN_YEARS or not ages:
            continue
        if text(stated, "AudienceRangePrecision") in codes.FROM_AGE and (ages[0].text or "").strip().isdecimal():
            years = int((ages[0].text or "").strip())
            older = "young_adult" if years < codes.ADULT_FROM else "general"
            return "children" if years < codes.YOUNG_ADULT_FROM else older
    return ""
