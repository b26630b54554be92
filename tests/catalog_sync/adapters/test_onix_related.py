"""Works and other editions that an ONIX record names."""

import pytest

from tests.catalog_sync.adapters.test_onix import END, START, in_short_tags, one, product, read, records

HARDBACK, EBOOK = "9780439023481", "9780007232833"


def number(value: str, kind: str = "15", tag: str = "Product", name: str = "") -> str:
    name = f"<IDTypeName>{name}</IDTypeName>" if name else ""
    return f"<{tag}Identifier><{tag}IDType>{kind}</{tag}IDType>{name}<IDValue>{value}</IDValue></{tag}Identifier>"


def work(relation: str, *identifiers: str) -> str:
    return f"<RelatedWork><WorkRelationCode>{relation}</WorkRelationCode>{''.join(identifiers)}</RelatedWork>"


def other(relations: str, *identifiers: str) -> str:
    codes = "".join(f"<ProductRelationCode>{code}</ProductRelationCode>" for code in relations.split())
    return f"<RelatedProduct>{codes}{''.join(identifiers)}</RelatedProduct>"


def material(*parts: str) -> str:
    return product(f"<RelatedMaterial>{''.join(parts)}</RelatedMaterial>")


@pytest.mark.parametrize(
    ("part", "related"),
    [
        (work("01", number("A022-0090 000154Fa", "11", "Work")), (("work", "istc", "A0220090000154FA"),)),
        (
            work("06", number("W1", "01", "Work", name="Exemple"), number("0439023483", "02", "Work")),
            (("work", "proprietary:Exemple", "W1"), ("work", "gtin", HARDBACK)),
        ),
        (work("01", number("W1", "01", "Work")), (("work", "proprietary:Sender", "W1"),)),
        (work("02", number("10.1000/1", "06", "Work")), ()),  # derived from: another work
        (other("06 27", number(EBOOK, "03"), number(EBOOK)), (("other_format", "gtin", EBOOK),)),
        (other("11", number(EBOOK)), (("other_language", "gtin", EBOOK),)),
        (other("03", number(EBOOK)), (("replaces", "gtin", EBOOK),)),
        (other("05", number(EBOOK)), (("replaced_by", "gtin", EBOOK),)),
        (other("02", number(EBOOK)), (("part_of", "gtin", EBOOK),)),
        (other("06", number("9780007232834"), number("X-1", "01")), (("other_format", "proprietary:Sender", "X-1"),)),
        (other("23", number(EBOOK)), ()),  # merely similar
        (other("06"), ()),
    ],
    ids=[
        *("istc", "house and isbn", "sender's own", "derived", "format", "language", "replaces", "replaced", "part"),
        *("wrong check digit", "similar", "nothing named"),
    ],
)
def test_related_editions_are_read(part, related, tmp_path):
    header = "<Header><Sender><SenderName>Sender</SenderName></Sender></Header>"
    text = f"{START}{header}{material(part)}{END}"
    assert records(read(text, tmp_path))[0].related == related
    assert records(read(in_short_tags(text), tmp_path))[0].related == related


def test_related_editions_of_onix_21_are_read(tmp_path):
    flat = (
        f"{number('W9', '01', 'Work', name='Exemple')}<ReplacedByISBN>0439023483</ReplacedByISBN>"
        f"<RelatedProduct><RelationCode>13</RelationCode>{number(EBOOK)}</RelatedProduct>"
        "<RelatedProduct><RelationCode>03</RelationCode><EAN13>9780439023481</EAN13></RelatedProduct>"
    )
    assert one(product(flat), tmp_path).related == (
        ("work", "proprietary:Exemple", "W9"),
        ("other_format", "gtin", EBOOK),
        ("replaces", "gtin", HARDBACK),
        ("replaced_by", "gtin", HARDBACK),
    )


def test_block_update_without_related_material_leaves_it(tmp_path):
    update = product("<PublishingDetail/>").replace(">03<", ">04<")
    assert one(update, tmp_path).speaks_for == ("publisher", "publication_date", "territory")
    update = material(other("06", number(EBOOK))).replace(">03<", ">04<")
    assert one(update, tmp_path).speaks_for == ("related",)
