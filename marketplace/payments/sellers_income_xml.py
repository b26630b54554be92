"""The same report as XML of the OECD's Digital Platform Information schema, version 1.0 (urn:oecd:ties:dpi:v1), which
the Union's portals take for DAC7, some in an envelope of their own.

Names and order of the elements are the schema's. What a portal's validator must still confirm: identifiers in the form
that its country wants, the nexus, amounts rounded to whole units, its own envelope. Not in it, and named in a comment:
persons (their dates of birth are not known here), shops without a registration number; small sellers are left out by
law. Bank accounts, permanent establishments and corrections of an earlier message are not written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone
from django.utils.translation import gettext as _
from lxml import etree

from marketplace.foundation import money, network
from marketplace.payments import sellers_income
from marketplace.payments.journals import ExportError
from marketplace.payments.sellers_income import Income
from shops import businesses
from shops.models import Shop

DPI, STF = "urn:oecd:ties:dpi:v1", "urn:oecd:ties:dpistf:v1"
# A message of new rows, a row that is new; the operator is resident for tax where it reports.
NEW_MESSAGE, NEW_ROW, RESIDENT = "DPI401", "OECD1", "RPONEX1"


def report(year: int) -> Iterator[str]:
    """The whole file, in one piece. Raises ExportError where the network's own tax number is missing."""
    seller = network.current()
    if not seller.tax_number:
        raise ExportError(_("Give the network’s tax number first: the report is sent under it."))
    now, country = timezone.now(), seller.country
    reference = f"{country}{year}-{seller.tax_number}-{now:%Y%m%d%H%M%S}"
    root = etree.Element(f"{{{DPI}}}DPI_OECD", version="1.0", nsmap={"dpi": DPI, "stf": STF})
    spec = _under(root, "MessageSpec")
    for name, text in (
        ("SendingEntityIN", seller.tax_number), ("TransmittingCountry", country), ("ReceivingCountry", country),
        ("MessageType", "DPI"), ("MessageRefId", reference), ("MessageTypeIndic", NEW_MESSAGE),
        ("ReportingPeriod", f"{year}-12-31"), ("Timestamp", f"{now:%Y-%m-%dT%H:%M:%SZ}"),
    ):  # fmt: skip
        _under(spec, name, text)
    body = _under(root, "DPIBody")
    operator, legal_name = _under(body, "PlatformOperator"), seller.legal_name or seller.name
    _party(operator, country, seller.tax_number, legal_name, seller.legal_address or legal_name, seller.name)
    _doc_spec(operator, f"{reference}-O")
    left_out = []
    for of in sellers_income.incomes(year):
        if of.is_small:
            continue
        if businesses.is_company(of.shop) and of.shop.registration:
            _seller(body, of, f"{reference}-{of.shop.pk}", seller.currency)
        else:
            left_out.append(of.shop)
    if left_out:
        body.append(etree.Comment(_named(left_out)))
    yield etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _seller(body: etree._Element, of: Income, reference: str, currency: str) -> None:
    row, shop = _under(body, "ReportableSeller"), of.shop
    entity = _under(_under(_under(row, "Identity"), "EntitySeller"), "Standard")
    where = ", ".join(part for part in (shop.line1, f"{shop.postcode} {shop.city}".strip()) if part)
    _party(_under(entity, "EntSellerID"), shop.country, shop.registration, shop.legal_name or shop.name, where)
    sold = _under(_under(row, "RelevantActivities"), "SaleOfGoods")
    _amounts(sold, "Consideration", "ConsQ", [quarter.net_minor for quarter in of.quarters], currency)
    numbers = _under(sold, "NumberOfActivities")
    for number, quarter in enumerate(of.quarters, start=1):
        _under(numbers, f"NumbQ{number}", str(quarter.activities))
    _amounts(sold, "Fees", "FeesQ", [quarter.commission_minor for quarter in of.quarters], currency)
    _amounts(sold, "Taxes", "TaxQ", [quarter.tax_minor for quarter in of.quarters], currency)
    _doc_spec(row, reference)


def _party(of: etree._Element, country: str, number: str, name: str, address: str, platform: str = "") -> None:
    _under(of, "ResCountryCode", country)
    _under(of, "TIN", number, issuedBy=country)
    _under(of, "Name", name)
    if platform:
        _under(of, "PlatformBusinessName", platform)
    there = _under(of, "Address")
    _under(there, "CountryCode", country)
    _under(there, "AddressFree", " ".join(address.split()))
    if platform:
        _under(of, "Nexus", RESIDENT)


def _amounts(of: etree._Element, name: str, prefix: str, minors: Sequence[int], currency: str) -> None:
    """Whole units of the currency, as the schema's type of amounts is an integer."""
    part = _under(of, name)
    for number, minor in enumerate(minors, start=1):
        whole = money.to_decimal(minor, currency).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        _under(part, f"{prefix}{number}", str(whole), currCode=currency)


def _doc_spec(of: etree._Element, reference: str) -> None:
    spec = _under(of, "DocSpec")
    etree.SubElement(spec, f"{{{STF}}}DocTypeIndic").text = NEW_ROW
    etree.SubElement(spec, f"{{{STF}}}DocRefId").text = reference


def _under(of: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    made = etree.SubElement(of, f"{{{DPI}}}{name}", attributes)
    made.text = text
    return made


def _named(shops: Sequence[Shop]) -> str:
    names = "; ".join(f"{shop.name} ({shop.pk})" for shop in shops)
    return f" To be added by hand (persons, or without a registration number): {names} ".replace("--", "- -")
