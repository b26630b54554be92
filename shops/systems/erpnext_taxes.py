"""What tax is in ERPNext's prices, and what comes on top of them: a price list does not say so.

The taxes of a sale do: rows of accounts, each with a rate and whether it is in the price. An article may have another
rate of an account, by an item tax template of its own, else by that of its group or of one above. Of several it is the
first of our company for the sale's tax category; those with a date or a range of prices go before those without.

`get_item_tax_template`, `_get_item_tax_template` and `get_item_tax_map` in erpnext/stock/get_item_details.py;
erpnext/controllers/taxes_and_totals.py; `update_template_tables` in erpnext/stock/doctype/item/item.py"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shops.systems.calling import SystemCallError

if TYPE_CHECKING:
    from shops.systems.erpnext import ERPNext

SALE, TEMPLATE = "Sales Taxes and Charges Template", "Item Tax Template"
TAXED = ["item_group", "variant_of"]  # what is to be known of an item
ROW = ["item_tax_template", "tax_category", "valid_from", "minimum_net_rate", "maximum_net_rate", "idx"]
FORM_ADDS = {"doctype": "Accounts Settings", "field": "add_taxes_from_item_tax_template"}
NOT_SHOWN = (403, 404, 417)  # to this user, or by this version
Row = dict[str, Any]
Rates = dict[str, Decimal]  # by account, in per cent


class Taxes:
    """Of one reading, or one order. What is asked for is asked once."""

    def __init__(self, client: ERPNext) -> None:
        self.client, self.company = client, str(client.options["company"])

    @property
    def are_in_prices(self) -> bool | None:
        """None where these are none or several, say both, or are not shown to this user."""
        changed = self.rows and {account for rates in (self.templates or {}).values() for account in rates}
        said = {_is_in(row) for row in self._rated if _number(row.get("rate")) or row.get("account_head") in changed}
        return said.pop() if len(said) == 1 else None

    def on_top(self, items: Sequence[Row], prices: Mapping[str, Decimal], *, ours: bool = False) -> Rates:
        """{article: per cent of its price that come on top}. `ours`: in an order of ours, to which ERPNext adds no tax
        that only an article has, as its form does. Raises SystemCallError where the rates are not shown to us."""
        if not self.rows or self.templates is None:
            raise self.client.caller.refused(TEMPLATE if self.rows else SALE)
        names = {str(item[field]) for item in items for field in ("name", "variant_of") if item.get(field)}
        own, found = self._taxes_of("Item", sorted(names)), Rates()
        known = {row.get("account_head") for row in self.rows}
        for item in items:
            name = str(item["name"])
            rates = self._rates(item, own, prices.get(name, Decimal(0)))
            more = sum((rates[account] for account in rates if account not in known), Decimal(0))
            found[name] = self._part(rates) + (more if more and not ours and self._form_adds else 0)
        return found

    @cached_property
    def rows(self) -> list[Row]:
        """On a sale to our customer, by its tax category, else the company's own."""
        asked = ("tax_category", "=", self._category) if self._category else ("is_default", "=", 1)
        try:
            named = self.client.rows(SALE, ["name"], [("company", "=", self.company), ("disabled", "=", 0), asked])
            template = self.client.found(SALE, str(named[0]["name"])) if len(named) == 1 else None
        except SystemCallError as error:
            if error.status in NOT_SHOWN:
                return []
            raise
        return list((template or {}).get("taxes") or [])

    @cached_property
    def templates(self) -> dict[str, Rates] | None:
        """Of our company, those in use. None where this user may not see them."""
        try:
            listed = self.client.rows(TEMPLATE, ["*"], [("company", "=", self.company)])
            found = {str(row["name"]): Rates() for row in listed if not row.get("disabled")}
            fields, kind = ["tax_type", "tax_rate"], f"{TEMPLATE} Detail"
            for row in self.client.of(kind, "parent", sorted(found), fields, parent=TEMPLATE):
                found[str(row["parent"])][str(row["tax_type"])] = _number(row.get("tax_rate"))
        except SystemCallError as error:
            if error.status in NOT_SHOWN:
                return None
            raise
        return found

    @property
    def _rated(self) -> list[Row]:
        """Without what is one amount for a whole order, such as the cost of its way."""
        return [row for row in self.rows if row.get("charge_type") != "Actual"]

    @cached_property
    def _category(self) -> str:
        customer = self.client.options.get("customer")
        found = self.client.found("Customer", str(customer)) if customer else None
        return str((found or {}).get("tax_category") or "")

    @cached_property
    def _parents(self) -> dict[str, str]:
        """Of each group the one above it."""
        with self.client.caller.needing("Item Group"):
            pages = self.client.each("Item Group", ["parent_item_group"])
            return {str(row["name"]): str(row.get("parent_item_group") or "") for page in pages for row in page}

    @cached_property
    def _of_groups(self) -> dict[str, list[Row]]:
        return self._taxes_of("Item Group", sorted(self._parents))

    @cached_property
    def _form_adds(self) -> bool:
        """What only an article has, which is so unless it is switched off; beside taxes that are in the price it is
        taken to be in there, too."""
        if any(_is_in(row) for row in self._rated):
            return False
        try:
            told = self.client.caller.get("/method/frappe.client.get_single_value", FORM_ADDS.items())
        except SystemCallError as error:
            if error.status in NOT_SHOWN:
                return True
            raise
        return not isinstance(told, dict) or str(told.get("message", 1)) != "0"

    @cached_property
    def _today(self) -> str:
        return self.client.today()

    def _taxes_of(self, kind: str, names: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        rows = self.client.of("Item Tax", "parent", names, ROW, [("parenttype", "=", kind)], parent=kind)
        for row in sorted(rows, key=lambda row: int(row.get("idx") or 0)):
            found.setdefault(str(row["parent"]), []).append(row)
        return found

    def _rates(self, item: Row, own: dict[str, list[Row]], price: Decimal) -> Rates:
        """What the article has instead of the rates of the sale. A variant has its template's, whatever the date."""
        above = own.get(str(item.get("variant_of") or ""), [])
        listed = [*own.get(str(item["name"]), []), *({"item_tax_template": row["item_tax_template"]} for row in above)]
        chosen, group, met = self._chosen(listed, price), str(item.get("item_group") or ""), set[str]()
        while not chosen and group and group not in met:
            chosen = self._chosen(self._of_groups.get(group, []), price)
            met.add(group)
            group = self._parents.get(group, "")
        return (self.templates or {}).get(chosen, {})

    def _chosen(self, rows: list[Row], price: Decimal) -> str:
        ours = [row for row in rows if row["item_tax_template"] in (self.templates or {})]
        dated = [row for row in ours if row.get("valid_from") or _number(row.get("maximum_net_rate"))]
        valid = [row for row in dated if str(row.get("valid_from") or "") <= self._today and _holds(row, price)]
        valid.sort(key=lambda row: str(row.get("valid_from") or ""), reverse=True)
        for row in valid or [row for row in ours if row not in dated]:
            if str(row.get("tax_category") or "") == self._category:
                return str(row["item_tax_template"])
        return ""

    def _part(self, rates: Rates) -> Decimal:
        """In per cent of the price as it is entered. A row may be of what an earlier one came to."""
        parts, totals, inside = list[Decimal](), list[Decimal](), Decimal(0)
        for row in self.rows:
            rate = rates.get(str(row.get("account_head")), _number(row.get("rate"))) / 100
            kind, which = str(row.get("charge_type")), int(row.get("row_id") or len(parts)) - 1
            earlier = {"On Previous Row Amount": parts, "On Previous Row Total": totals}.get(kind, [])
            net = Decimal(kind == "On Net Total")
            parts.append(rate * (earlier[which] if 0 <= which < len(earlier) else net))
            totals.append((totals[-1] if totals else 1) + parts[-1])
            inside += parts[-1] if _is_in(row) else 0
        return (totals[-1] - 1 - inside) / (1 + inside) * 100


def _is_in(row: Row) -> bool:
    return bool(row.get("included_in_print_rate"))


def _holds(row: Row, price: Decimal) -> bool:
    most = _number(row.get("maximum_net_rate"))
    return not most or _number(row.get("minimum_net_rate")) <= price <= most


def _number(stated: Any) -> Decimal:
    return Decimal(str(stated or 0))
