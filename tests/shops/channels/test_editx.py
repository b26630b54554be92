"""Orders and responses as EDItX files."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from shops import drops
from shops.channels import channel_for, editx, editx_reading
from shops.channels.base import Answer, Channel, LineAnswer
from shops.channels.conformance import NOON
from shops.channels.editx import EditxChannel
from shops.channels.editx_reading import ResponseError
from shops.models import DeliveryOption, Shop, ShopOrder
from tests import factories
from tests.shops.channels.dropping import GLN, ISBN, OUR_GLN, AtWebDav, DropConformance, orders_of_one_shop, set_up

pytestmark = pytest.mark.django_db


class TestAtWebDav(AtWebDav, DropConformance):
    channel_class = EditxChannel

    def make_channel(self, shop: Shop) -> Channel:
        channel = super().make_channel(shop)
        (self.there / "out").mkdir()
        drops.note(shop, "answers", self.server.location("out/"))
        return channel

    def answers(self, channel: Channel, shop_order: ShopOrder) -> None:
        said = response(shop_order, item(shop_order.lines.get(), Shipping=1))
        (self.there / "out" / "r1.xml").write_bytes(said)


@pytest.fixture
def shop(settings, tmp_path) -> Shop:
    settings.VAR_DIR = tmp_path
    made = factories.shop()
    set_up(made, "editx", "in", answers="out")
    return made


@pytest.fixture
def out(tmp_path) -> Path:
    path = tmp_path / "orders" / "out"
    path.mkdir(parents=True)
    return path


def order_of(shop: Shop, *units: int, **columns: object) -> ShopOrder:
    records = [factories.stock_record(shop, factories.product(f"Titre {n}"), units=9) for n in range(len(units))]
    made = factories.shop_order(shop, *zip(records, units, strict=True), **columns)
    for number, line in enumerate(made.lines.all()):
        type(line).objects.filter(pk=line.pk).update(gtin=[ISBN, 9782070368228, 9782070408504][number])
    return made


def response(order: ShopOrder | str, *items: str, kind: str = "AllLines", status: str = "AcceptedSeeDetail") -> bytes:
    number = order if isinstance(order, str) else order.number
    return f"""<?xml version="1.0"?><OrderResponse version="1.1" xmlns="http://www.editeur.org/editx"><Header>
    <OrderResponseNumber>R-7</OrderResponseNumber><IssueDateTime>20260302T1300</IssueDateTime>
    <OrderResponseTypeCode>{kind}</OrderResponseTypeCode>
    <ReferenceCoded><ReferenceTypeCode>BuyersOrderReference</ReferenceTypeCode>
    <ReferenceNumber>{number}</ReferenceNumber></ReferenceCoded>
    <OrderStatusCode>{status}</OrderStatusCode></Header>{"".join(items)}</OrderResponse>""".encode()


def item(line: object, gtin: int = ISBN, words: str = "", **quantities: int) -> str:
    said = "".join(f"<Quantity{name}>{units}</Quantity{name}>" for name, units in quantities.items())
    return f"""<ItemDetail><LineNumber>1</LineNumber><ProductID><ProductIDType>EAN13</ProductIDType>
    <Identifier>{gtin}</Identifier></ProductID><ReferenceCoded>
    <ReferenceTypeCode>BuyersOrderLineReference</ReferenceTypeCode>
    <ReferenceNumber>{getattr(line, "pk", line)}</ReferenceNumber></ReferenceCoded>{said}{words}</ItemDetail>"""


def coded(code: str) -> str:
    kind = "<AvailabilityCodeType>EDItEURAlpha</AvailabilityCodeType>"
    return f"<AvailabilityCoded>{kind}<AvailabilityCode>{code}</AvailabilityCode></AvailabilityCoded>"


def understood(order: ShopOrder, content: bytes) -> tuple[list[LineAnswer], list[str]]:
    [said] = editx_reading.read(content)
    return editx_reading.answers(said, list(order.lines.all()))


# The order


def test_order_has_the_elements_of_the_schema_in_their_order(shop):
    order = order_of(shop, 1, 2)
    tree = etree.fromstring(channel_for(shop, "editx").content(order, now=NOON))
    assert [(child.tag, len(child)) for child in tree] == [
        ("Header", 7),
        ("ItemDetail", 6),
        ("ItemDetail", 6),
        ("Summary", 2),
    ]
    assert (tree.get("version"), [child.tag for child in tree[0]]) == (
        "1.2",
        ["OrderNumber", "IssueDateTime", "PurposeCode", "CurrencyCode", "FillTermsCode", "BuyerParty", "SellerParty"],
    )
    tags = ["LineNumber", "ProductID", "ProductID", "ItemDescription", "OrderQuantity", "ReferenceCoded"]
    assert [child.tag for child in tree[1]] == tags
    said = ["".join("".join(child.itertext()).split()) for child in tree[2]]
    line = order.lines.all()[1]
    assert said == [
        "2",
        "EAN139782070368228",
        f"Seller{line.sku}",
        "Titre1",
        "2",
        f"BuyersOrderLineReference{line.pk}",
    ]
    assert tree.findtext("Header/OrderNumber") == order.number
    assert tree.findtext("Header/IssueDateTime") == "20260302T1200Z"
    assert [tree.findtext(f"Header/{one}/PartyID/Identifier") for one in ("BuyerParty", "SellerParty")] == [
        OUR_GLN,
        GLN,
    ]
    assert [tree.findtext(f"Summary/{one}") for one in ("NumberOfLines", "UnitsOrdered")] == ["2", "3"]


def test_order_that_is_sent_names_where_to_and_odd_signs_are_no_xml(shop):
    from oscar.apps.address.models import Country
    from oscar.apps.order.models import ShippingAddress

    country, _ = Country.objects.get_or_create(iso_3166_1_a2="CA", defaults={"printable_name": "Canada"})
    address = ShippingAddress.objects.create(
        first_name="Léa", last_name="<Roy>", line1="1, rue & Cie", line4="Québec", country=country
    )
    option = factories.delivery_option(shop, DeliveryOption.Kind.POST)
    order = order_of(shop, 1, placed=factories.order(shipping_address=address), delivery_option=option)
    order.lines.update(title="L’Étranger\x0b & moi")
    tree = etree.fromstring(channel_for(shop, "editx").content(order, now=NOON))
    party = tree.find("Header/ShipToParty")
    assert party.findtext("PartyName/NameLine").endswith("Léa <Roy>")
    assert [line.text for line in party.findall("PostalAddress/AddressLine")][:2] == ["1, rue & Cie", "Québec"]
    assert tree.findtext("ItemDetail/ItemDescription/TitleDetail") == "L’Étranger  & moi"


# The response


def test_lines_are_accepted_changed_back_ordered_and_declined(shop):
    order = order_of(shop, 2, 3, 3)
    first, second, third = order.lines.all()
    said, problems = understood(
        order,
        response(
            order,
            item(first, Shipping=2),
            item(second, 9782070368228, coded("TP"), Shipping=1, Canceled=2),
            item(
                third, 9782070408504, "<LineStatusDescription>in May</LineStatusDescription>", Shipping=1, Backordered=2
            ),
        ),
    )
    assert problems == []
    assert said == [
        LineAnswer(first.pk, Answer.ACCEPTED, 2),
        LineAnswer(
            *(second.pk, Answer.CHANGED, 1, 2, "sold"),
            "TP: temporarily out of stock because the publisher cannot supply",
        ),
        LineAnswer(third.pk, Answer.BACK_ORDERED, 1, 0, "sold", "2 × in May", units=2),
    ]


@pytest.mark.parametrize(
    ("quantities", "words", "answer"),
    [
        ({"Shipping": 0}, "", (Answer.DECLINED, 0, 2, "sold")),  # units in no quantity are cancelled
        ({"Canceled": 2}, coded("OP"), (Answer.DECLINED, 0, 2, "sold")),
        ({"Canceled": 2}, coded("X9"), (Answer.DECLINED, 0, 2, "other")),  # a code of the sender's own
        ({"Shipping": 5}, "", (Answer.ACCEPTED, 2, 0, "")),  # never more than was ordered
        ({"Backordered": 2}, "", (Answer.BACK_ORDERED, 0, 0, "sold")),
        ({}, "", (Answer.CHANGED, 0, 0, "")),  # it says nothing: a person looks
    ],
)
def test_quantities_say_what_becomes_of_a_line(shop, quantities, words, answer):
    order = order_of(shop, 2)
    [said], _ = understood(order, response(order, item(order.lines.get(), words=words, **quantities)))
    assert (said.answer, said.accepted, said.declined, said.reason) == answer


def test_another_article_in_its_place_is_a_substitute(shop):
    order = order_of(shop, 2)
    [said], _ = understood(order, response(order, item(order.lines.get(), 9782070408504, Shipping=2)))
    assert (said.answer, said.accepted, said.note) == (Answer.SUBSTITUTED, 0, "9782070408504")


@pytest.mark.parametrize(
    ("kind", "status", "answers"),
    [
        ("NoDetail", "AcceptedShipping", [(Answer.ACCEPTED, 2, 0)] * 2),
        ("NoDetail", "AcceptedBackordered", [(Answer.BACK_ORDERED, 0, 0)] * 2),
        ("NoDetail", "CanceledSeeMessage", [(Answer.DECLINED, 0, 2)] * 2),
        ("ExceptionsOnly", "AcceptedSeeDetail", [(Answer.ACCEPTED, 2, 0)] * 2),
        ("ExceptionsOnly", "CanceledSeeDetail", []),
        ("AllLines", "AcceptedSeeDetail", []),
        ("", "", []),
    ],
)
def test_response_without_lines_counts_by_its_type_and_status(shop, kind, status, answers):
    order = order_of(shop, 2, 2)
    said, problems = understood(order, response(order, kind=kind, status=status))
    assert [(one.answer, one.accepted, one.declined) for one in said] == answers
    assert bool(problems) == (not answers)


def test_lines_are_found_by_reference_article_or_number_and_others_are_told(shop):
    order = order_of(shop, 1, 1)
    first, second = order.lines.all()
    said, problems = understood(
        order,
        response(
            order,
            item("", 9782070368228, Shipping=1),  # its article is the second line's
            item("", 0, Shipping=1),  # and its number the first's
            item(4711, Shipping=1),
        ),
    )
    assert [(one.line, one.accepted) for one in said] == [(first.pk, 1), (second.pk, 1)]
    assert problems == ["its line 1 is none of this order."]
    said, problems = understood(order, response(order, item(first, Shipping=1), item(first, Canceled=1)))
    assert ([(one.accepted, one.declined) for one in said], len(problems)) == ([(0, 0)], 1)


DEEP = b"<OrderResponse>" + b"<a>" * 40 + b"</a>" * 40 + b"</OrderResponse>"
BOMB = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><OrderResponse>&b;</OrderResponse>'
FOREIGN = b'<!DOCTYPE r SYSTEM "http://evil.example/x.dtd"><OrderResponse/>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no XML"),
        (b"\x00\xff", "no XML"),
        (b"<html><body>Sorry</body></html>", "no order response"),
        (response("1-A")[:-30], "no XML"),
        (BOMB, "document type"),
        (FOREIGN, "document type"),
        (DEEP, "too deep"),
        (response("1-A", "<ItemDetail><QuantityShipping>-1</QuantityShipping></ItemDetail>"), "no quantity"),
        (response("1-A", "<ItemDetail><QuantityShipping>9999999999</QuantityShipping></ItemDetail>"), "no quantity"),
    ],
    ids=["empty", "bytes", "page", "cut", "bomb", "foreign", "deep", "negative", "huge"],
)
def test_hostile_files_are_refused_with_their_reason(content, said):
    with pytest.raises(ResponseError, match=said):
        editx_reading.read(content)


def test_long_file_is_refused(monkeypatch):
    monkeypatch.setattr(editx_reading, "ELEMENTS", 20)
    with pytest.raises(ResponseError, match="too long"):
        editx_reading.read(response("1-A", *["<ItemDetail/>"] * 20))


def test_files_are_read_once_and_what_is_wrong_is_told(shop, out):
    [order] = orders_of_one_shop(1, "editx", shop)
    (out / "1.xml").write_bytes(response(order, item(order.lines.get(), Shipping=1)))
    (out / "2.xml").write_bytes(response("999-A"))
    (out / "3.xml").write_bytes(b"<html/>")
    (out / "4.xml").write_bytes(b"x" * (1024**2 + 1))
    (out / "5.xml").write_bytes(b"<Batch>" + response(order)[21:] + response("888-A")[21:] + b"</Batch>")
    (out / "6.xml.part").write_bytes(b"")
    channel = channel_for(shop, "editx")
    said = list(channel.acknowledgements(NOON))
    assert [(one.number, bool(one.lines), one.problem.partition(":")[0]) for one in said] == [
        (order.number, True, ""),
        ("999-A", False, "2.xml"),
        ("", False, "3.xml"),
        ("", False, "4.xml"),
        (order.number, False, "5.xml"),
        ("888-A", False, "5.xml"),
    ]
    assert (said[0].receipt.reference, len({one.key for one in said})) == ("R-7", 6)
    assert list(channel.acknowledgements(NOON, {one.key for one in said})) == []


def test_shop_that_names_no_folder_of_answers_is_asked_nothing(shop):
    set_up(shop, "editx", "in")
    assert list(channel_for(shop, "editx").acknowledgements(NOON)) == []


def test_file_that_takes_the_place_of_one_that_was_read_is_read_too(shop, out):
    """Some systems write each answer to the same name; two of them may be of the same length."""
    first, second = order_of(shop, 1), order_of(shop, 1)
    known: set[str] = set()
    for nth, order in enumerate((first, second)):
        path = out / "response.xml"
        path.write_bytes(response(order, item(order.lines.get(), Shipping=1)).ljust(2000))
        os.utime(path, ((NOON + nth * timedelta(minutes=5)).timestamp(),) * 2)
        said = list(EditxChannel(shop).acknowledgements(NOON, known))
        assert [one.number for one in said] == [order.number]
        known |= {one.key for one in said}


def test_slow_folder_is_left_for_the_others_and_gone_on_with_the_next_time(shop, out, monkeypatch):
    """Each file may take twenty seconds, and two shops are asked at once."""
    monkeypatch.setattr(editx, "FETCHED_SECONDS", 0.0, raising=False)
    for nth in range(3):
        (out / f"{nth}.xml").write_bytes(response(f"{nth}-A"))
    known: set[str] = set()
    for nth in range(3):
        (said,) = EditxChannel(shop).acknowledgements(NOON, known)
        assert said.number == f"{nth}-A"
        known.add(said.key)
