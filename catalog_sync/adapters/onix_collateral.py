"""What an ONIX record shows a reader: its description and the picture of its cover."""

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.adapters.onix_prices import block
from catalog_sync.reading.xml_parts import Part, text


def _for_readers(part: Part) -> bool:
    """Whether a text or picture is meant for everybody or for those who buy, and not for trade or press."""
    audiences = {(audience.text or "").strip() for audience in part.findall("ContentAudience")}
    return not audiences or bool(audiences & codes.READERS)


def read_description(product: Part) -> str:
    """The best kind of description there is for readers, with its markup, not sanitised."""
    detail = block(product, "CollateralDetail")
    texts = {text(t, "TextType"): t.find("Text") for t in detail.findall("TextContent")[::-1] if _for_readers(t)}
    for kind in codes.DESCRIPTION_TYPES:
        if texts.get(kind) is not None:
            return _inner_markup(texts[kind])
    flat = {text(t, "TextTypeCode"): t.find("Text") for t in product.findall("OtherText")[::-1]}
    for kind in codes.DESCRIPTION_TYPES_21:
        if flat.get(kind) is not None:
            return _inner_markup(flat[kind])
    return cleaning.description(text(product, "MainDescription") or text(product, "Annotation"))


def _inner_markup(element: Part | None) -> str:
    if element is None:
        return ""
    return cleaning.description(element.markup() if len(element) else element.text or "")


def read_cover(product: Part) -> str:
    """The address of the best picture of the front cover: in a format we can show, a file rather than a page, the
    largest within reason."""
    found: list[tuple[tuple[bool, int], str]] = []
    for resource in block(product, "CollateralDetail").findall("SupportingResource"):
        is_front = text(resource, "ResourceContentType").zfill(2) == "01"
        if is_front and text(resource, "ResourceMode") in ("03", "") and _for_readers(resource):
            for version in resource.findall("ResourceVersion"):
                links = (cleaning.web_address(link.text or "") for link in version.findall("ResourceLink"))
                if (address := next(filter(None, links), "")) and (worth := _worth(version)):
                    found.append((worth, address))
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    for kind in codes.COVER_FILES_21:
        for media in product.findall("MediaFile"):
            address = cleaning.web_address(text(media, "MediaFileLink"))
            shown = text(media, "MediaFileFormatCode").zfill(2) not in codes.NO_PICTURES_21
            if address and shown and text(media, "MediaFileTypeCode").zfill(2) == kind:
                return address
    return ""


def _worth(version: Part) -> tuple[bool, int] | None:
    """(a file to be downloaded, pixels) of a version; None for one that a browser cannot show. Where the pixels are not
    said they count as 0, and of equals the first is taken."""
    features = {
        text(feature, "ResourceVersionFeatureType").zfill(2): text(feature, "FeatureValue")
        for feature in version.findall("ResourceVersionFeature")
    }
    if features.get("01", "").upper() in codes.NO_PICTURES or text(version, "ResourceForm").zfill(2) in codes.NO_FILES:
        return None
    height, width = (cleaning.pages(features.get(kind, "")) or 0 for kind in ("02", "03"))
    pixels = height * width
    return text(version, "ResourceForm") == "02", pixels if pixels <= codes.MOST_PIXELS else 0
