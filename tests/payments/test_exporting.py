"""Files for the accounts: their form, and that they say what the ledger says."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation
from lxml import etree

from marketplace.payments import exporting, ledger, sellers_income, sellers_income_xml
from marketplace.payments.journals import ExportError
from marketplace.payments.models import Export, LedgerEntry
from shops.models import Business, Shop
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)  # 23:30 in Paris
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture(autouse=True)
def english():
    """What is said is compared."""
    with translation.override("en"):
        yield


@pytest.fixture
def sold(settings, tmp_path):
    """One order handed over by a shop, and one entry of the year after (in Paris)."""
    settings.VAR_DIR = tmp_path
    factories.network(country="FR", currency="EUR")
    shop = factories.shop("=Cœur\tde Lyon", legal_name="Cœur SARL", registration="732829320")
    part = factories.shop_order(shop, (factories.stock_record(shop), 2), currency="EUR")
    common = {"currency": "EUR", "now": NOW, "cause": "order"}
    ledger.post(
        "capture", debit="stripe", credit="orders", amount_minor=4000, key="c", order_id=part.order_id, **common
    )
    taxes = [("FR", 64)]
    ledger.record_earning(part, earned_minor=3616, commission_minor=320, taxes=taxes, key="e", now=NOW)
    common["now"] = NOW + timedelta(hours=1)
    ledger.post("fee", debit="stripe_fees", credit="stripe", amount_minor=9, key="f", **common)
    return part


def made(kind: str, **columns: object) -> tuple[Export, bytes]:
    export = exporting.ask(kind, *YEAR, by=None, now=NOW, **columns)
    exporting.make_exports(NOW)
    export.refresh_from_db()
    path = exporting.path_of(export)
    return export, path.read_bytes() if path.exists() else b""


def test_fec_has_its_eighteen_columns_and_balances(sold):
    export, content = made("fec", siren="732 829 320")
    assert (export.name, export.rows, export.parked_at) == ("732829320FEC20261231.txt", 9, None)
    heading, *rows = [line.split("\t") for line in content.decode("iso-8859-15").split("\r\n")[:-1]]
    assert heading == [
        *("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum"),
        *("CompAuxLib", "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet"),
        *("ValidDate", "Montantdevise", "Idevise"),
    ]
    sums = [sum(Decimal(row[column].replace(",", ".")) for row in rows) for column in (11, 12)]
    assert sums == [Decimal("80.00")] * 2
    assert [row[2] for row in rows] == ["1", "1", "2", "2", "3", "3", "4", "4"]
    earned = rows[3]
    assert earned[:2] + earned[3:13] == [
        *("OD", "Opérations diverses", "20261231", "467200", "Libraires, compte courant", f"L{sold.shop_id}"),
        *("=Cœur de Lyon", sold.number, "20261231", f"{sold.number} handed over", "0,00", "36,16"),
    ]


def test_fec_is_in_euros_and_of_a_siren(sold):
    for wrong in ("", "732829321", "x"):
        with pytest.raises(exporting.ExportError, match="SIREN"):
            exporting.ask("fec", *YEAR, siren=wrong, by=None, now=NOW)
    factories.network(currency="CAD")
    export, content = made("fec", siren="732829320")
    assert (export.parked_at, content, "in euros" in export.last_error) == (NOW, b"", True)


def test_journal_has_a_line_for_each_entry(sold):
    _, content = made("journal")
    rows = list(csv.DictReader(content.decode().splitlines()))
    assert [(row["kind"], row["amount"], row["shop order"]) for row in rows] == [
        ("capture", "40.00", ""),
        ("earning", "36.16", sold.number),
        ("commission", "3.20", sold.number),
        ("commission_tax", "0.64", sold.number),
    ]


def test_sellers_income_is_by_quarter_net_of_what_was_withheld(sold):
    _, content = made("dac7")
    (row,) = csv.DictReader(content.decode().splitlines())
    of_quarters = [
        row[f"Q{quarter} {what}"] for quarter in (1, 4) for what in ("consideration", "activities", "withheld")
    ]
    assert of_quarters == ["0.00", "0", "0.00", "36.16", "1", "3.84"]
    assert (row["legal name"], row["registration"], row["reportable"]) == ("Cœur SARL", "732829320", "no")
    assert row["shop"] == "'=Cœur\tde Lyon"  # no formula
    assert row["person"] == "entity"
    person = Business.objects.create(kind="individual", legal_name="Zoé", made_at=NOW)  # a trader with a number
    Shop.objects.filter(pk=sold.shop_id).update(business=person)
    assert "individual" in "".join(sellers_income.report(2026))
    LedgerEntry.objects.filter(kind="earning").update(amount_minor=300_000)
    assert "".join(sellers_income.report(2026)).rstrip().endswith("yes")


def test_sellers_income_as_xml_has_the_elements_of_the_schema_in_their_order(sold):
    """Order as in the OECD's DPI schema 1.0; a shop without a number is named for a person to add."""
    LedgerEntry.objects.filter(kind="earning").update(amount_minor=300_050)
    LedgerEntry.objects.filter(kind="commission").update(amount_minor=384)
    with pytest.raises(ExportError, match="tax number"):
        "".join(sellers_income_xml.report(2026))
    factories.network(country="FR", currency="EUR", tax_number="FR40303265045", legal_address="1, rue\nLyon")
    root = etree.fromstring("".join(sellers_income_xml.report(2026)).encode())
    d = "{urn:oecd:ties:dpi:v1}"

    def said(path: str) -> list[tuple[str, str]]:
        return [
            (etree.QName(node).localname, (node.text or "").strip()) for node in root.find(path.replace("/", f"/{d}"))
        ]

    assert [name for name, _ in said("./MessageSpec")] == [
        *("SendingEntityIN", "TransmittingCountry", "ReceivingCountry", "MessageType", "MessageRefId"),
        *("MessageTypeIndic", "ReportingPeriod", "Timestamp"),
    ]
    assert [name for name, _ in said("./DPIBody/PlatformOperator")] == [
        *("ResCountryCode", "TIN", "Name", "PlatformBusinessName", "Address", "Nexus", "DocSpec"),
    ]
    seller = "./DPIBody/ReportableSeller"
    assert said(f"{seller}/Identity/EntitySeller/Standard/EntSellerID")[1:3] == [
        ("TIN", "732829320"), ("Name", "Cœur SARL"),
    ]  # fmt: skip
    sold_there = f"{seller}/RelevantActivities/SaleOfGoods"
    assert [name for name, _ in said(sold_there)] == ["Consideration", "NumberOfActivities", "Fees", "Taxes"]
    assert said(f"{sold_there}/Consideration") == [
        ("ConsQ1", "0"),
        ("ConsQ2", "0"),
        ("ConsQ3", "0"),
        ("ConsQ4", "3001"),
    ]
    assert [said(f"{sold_there}/{part}")[3] for part in ("NumberOfActivities", "Fees", "Taxes")] == [
        ("NumbQ4", "1"), ("FeesQ4", "4"), ("TaxQ4", "1"),
    ]  # fmt: skip
    Shop.objects.update(registration="")
    assert "To be added by hand" in "".join(sellers_income_xml.report(2026))
