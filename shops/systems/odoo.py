"""Odoo 19 over JSON-2 (`POST /json/2/<model>/<method>`): the part that adapter and channel share.

Signed in by an API key of a user. Answers have real statuses: 401 for the key, 403 for a right that is lacking, 422 for
what Odoo's own rules refuse. (XML-RPC and JSON-RPC leave with Odoo 20 to 22, and XML-RPC tells of a call whose answer
is None as failed after it was committed.) Company and warehouse are context, sent with each call: without a warehouse
the copies of all are counted, of one that is not there none. Times are in UTC, without saying so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble

PAGE = 500  # records of an answer
SALABLE: list[Any] = [["sale_ok", "=", True], ["type", "=", "consu"]]
READS = ("search_read", "web_search_read", "search_count", "fields_get")
TRACKING = "carrier_tracking_ref"  # of a delivery, where the module stock_delivery is


class Odoo:
    """`options`: database, company_id, warehouse_id, currency; has_tracking, partner_id for orders."""

    def __init__(self, access: Access) -> None:
        key, database = access.secrets.get("key", ""), str(access.options.get("database") or "")
        self.options = access.options
        headers = {"Authorization": f"bearer {key}", **({"X-Odoo-Database": database} if database else {})}
        self.caller = Caller("Odoo", f"{access.address.rstrip('/')}/json/2", headers, [key])

    @property
    def context(self) -> dict[str, Any]:
        """What makes numbers mean something. Raises SystemCallError where it is not known."""
        company, warehouse = self.options.get("company_id"), self.options.get("warehouse_id")
        if not company or not warehouse:
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        return {"allowed_company_ids": [company], "warehouse_id": warehouse}

    def check(self) -> Found:
        company = self._one("res.company", self.options.get("company"), [], ("name",), ["name", "currency_id"])
        inside: list[Any] = [["company_id", "=", company["id"]]]
        house = self._one("stock.warehouse", self.options.get("warehouse"), inside, ("name", "code"), ["name"])
        options = {"company_id": company["id"], "warehouse_id": house["id"], "currency": company["currency_id"][1]}
        self.options = {**self.options, **options}
        count = self.call("product.product", "search_count", domain=SALABLE)
        if wanted := self.options.get("customer"):
            named = ["|", ["ref", "=", wanted], ["name", "=", wanted]]
            partners = self.search("res.partner", named, ["name"], limit=2)
            if len(partners) != 1:
                raise self.caller.refused(calling.NO_CUSTOMER, Trouble.CONTEXT)
            fields = self.call("stock.picking", "fields_get", allfields=[TRACKING], attributes=["type"])
            options |= {"partner_id": partners[0]["id"], "has_tracking": TRACKING in fields}
        return Found(company["name"], options["currency"], count, options, "partner_id" in options)

    def check_context(self) -> None:
        """The warehouse is still there, and that company's, whose currency is what it was. Raises SystemCallError."""
        context = self.context
        money: dict[str, Any] = {"company_id": {"fields": {"currency_id": {"fields": {"name": {}}}}}}
        houses = self.nested("stock.warehouse", [["id", "=", context["warehouse_id"]]], money, context={})
        if not houses or houses[0]["company_id"]["id"] != self.options["company_id"]:
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        self.caller.same_currency(houses[0]["company_id"]["currency_id"]["name"], self.options.get("currency"))

    def search(
        self,
        model: str,
        domain: list[Any],
        fields: list[str],
        context: dict[str, Any] | None = None,
        limit: int = PAGE,
    ) -> list[dict[str, Any]]:
        """Records by their ids. `context` goes beside the client's own; {}: none of either."""
        asked = {"domain": domain, "fields": fields, "limit": limit, "order": "id"}
        return self._records(self.call(model, "search_read", context=context, **asked))

    def nested(
        self,
        model: str,
        domain: list[Any],
        fields: dict[str, Any],
        context: dict[str, Any] | None = None,
        limit: int = PAGE,
    ) -> list[dict[str, Any]]:
        """Records by their ids, with those that belong to them: `fields` as {name: {} or {"fields": …}}."""
        asked: dict[str, Any] = {"domain": domain, "specification": fields, "limit": limit, "order": "id"}
        told = self.call(model, "web_search_read", context=context, **asked)
        return self._records(told.get("records") if isinstance(told, dict) else None)

    def each(
        self, model: str, domain: list[Any], fields: list[str], context: dict[str, Any] | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """Page after page, each after the last id of the one before: what is added or changed meanwhile moves none."""
        last = 0
        while True:
            page = self.search(model, [["id", ">", last], *domain], fields, context)
            if page:
                yield page
                last = page[-1]["id"]
            if len(page) < PAGE:
                return

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its number) of each article that is sold and has one of these."""
        for page in self.each("product.product", [["default_code", "in", skus], *SALABLE], ["default_code"]):
            yield from ((product["id"], product["default_code"]) for product in page)

    def call(self, model: str, method: str, *, context: dict[str, Any] | None = None, **values: Any) -> Any:
        """What a method of a model answers. Raises SystemCallError."""
        whole = {} if context == {} else {**self.context, **(context or {})}
        try:
            body = {"context": whole, **values}
            return self.caller.send("POST", f"/{model}/{method}", (), body, {}, writes=method not in READS)
        except SystemCallError as error:
            if error.status == 403:  # a key that is not good is told by 401
                raise self.caller.refused(f"{model}.{method}: 403", status=403) from None
            raise

    def _records(self, told: Any) -> list[dict[str, Any]]:
        if not isinstance(told, list):
            raise self.caller.refused("no list of records", Trouble.UNCLEAR)
        return told

    def _one(
        self, model: str, wanted: Any, domain: list[Any], names: tuple[str, ...], fields: list[str]
    ) -> dict[str, Any]:
        """The one that is there, or the one of that name."""
        named: list[Any] = ["|"] * (len(names) - 1) + [[name, "=", wanted] for name in names] if wanted else []
        found = self.search(model, [*domain, *named], fields, {}, limit=2)
        if len(found) != 1:
            several, none = (
                (calling.SEVERAL_COMPANIES, calling.NO_COMPANY)
                if model == "res.company"
                else (calling.SEVERAL_HOUSES, calling.NO_HOUSE)
            )
            raise self.caller.refused(several if found else none, Trouble.CONTEXT)
        return found[0]


def stamp(moment: datetime) -> str:
    """A time as Odoo reads it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def moment(told: str) -> datetime:
    """A time as Odoo tells it."""
    return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
