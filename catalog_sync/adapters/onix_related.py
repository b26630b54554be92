"""What an ONIX record says of the works it belongs to and of the other editions beside it."""

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.identifiers import gtin_text, identify
from catalog_sync.reading.xml_parts import Part, text
from catalog_sync.records import Relation

Related = tuple[str, str, str]  # of `CatalogRecord.related`

# Single elements of 2.1, beside its composites.
_FLAT_21 = (
    ("ReplacesEAN13", "ReplacesISBN", Relation.REPLACES),
    ("ReplacedByEAN13", "ReplacedByISBN", Relation.REPLACED_BY),
    ("AlternativeFormatEAN13", "AlternativeFormatISBN", Relation.OTHER_FORMAT),
)


def read_related(product: Part, sender: str) -> tuple[Related, ...]:
    """(relation, kind of identifier, value) of works and products, each once; those whose relation is none of ours, or
    that have no identifier, are left out. `sender` tells one house's own numbers from another's."""
    material = product.find("RelatedMaterial")
    block = product if material is None else material
    found: list[Related] = []
    for work in block.findall("RelatedWork"):
        if codes.WORK_RELATIONS.get(text(work, "WorkRelationCode").zfill(2)):
            found.extend(_works(work, sender))
    found.extend(_works(product, sender))
    for other in block.findall("RelatedProduct"):
        stated = other.findall("ProductRelationCode") or other.findall("RelationCode")
        relations = [codes.PRODUCT_RELATIONS.get((code.text or "").strip().zfill(2)) for code in stated]
        known = dict.fromkeys(relation for relation in relations if relation)
        if known and (identifier := _product(other, sender)):
            found.extend((relation, *identifier) for relation in known)
    for thirteen, ten, relation in _FLAT_21:
        gtin = identify(text(product, thirteen) or text(product, ten)).gtin
        if gtin is not None:
            found.append((relation, Relation.GTIN, gtin_text(gtin)))
    return tuple(dict.fromkeys(found))


def _works(element: Part, sender: str) -> list[Related]:
    found = []
    for identifier in element.findall("WorkIdentifier"):
        kind = codes.WORK_IDENTIFIERS.get(text(identifier, "WorkIDType").zfill(2))
        if kind and (pair := _identifier(identifier, kind, sender)):
            found.append((Relation.WORK, *pair))
    return found


def _product(element: Part, sender: str) -> tuple[str, str] | None:
    """The other product's GTIN, else whatever else it is called by."""
    by_kind: dict[str, Part] = {}
    for identifier in element.findall("ProductIdentifier"):
        kind = codes.PRODUCT_IDENTIFIERS.get(text(identifier, "ProductIDType").zfill(2), "")
        if text(identifier, "IDTypeName") == codes.GTIN_8:
            kind = Relation.GTIN
        if kind == Relation.GTIN and identify(text(identifier, "IDValue")).gtin is None:
            continue
        by_kind.setdefault(kind, identifier)
    gtin = identify(text(element, "EAN13") or text(element, "ISBN")).gtin
    if gtin is not None and Relation.GTIN not in by_kind:
        return Relation.GTIN, gtin_text(gtin)
    for kind in (Relation.GTIN, "doi", Relation.PROPRIETARY):
        if kind in by_kind:
            return _identifier(by_kind[kind], kind, sender)
    return None


def _identifier(element: Part, kind: str, sender: str) -> tuple[str, str] | None:
    value = cleaning.one_line(text(element, "IDValue"))[: cleaning.TITLE_LENGTH]
    if not value:
        return None
    if kind == Relation.GTIN:
        gtin = identify(value).gtin
        return None if gtin is None else (kind, gtin_text(gtin))
    if kind == Relation.PROPRIETARY:  # a number that means something else at the next house
        house = cleaning.one_line(text(element, "IDTypeName")) or sender
        return f"{kind}:{house[: cleaning.SKU_LENGTH]}", value
    if kind == "istc":
        value = value.replace("-", "").replace(" ", "").upper()
    return (kind, value) if value else None
