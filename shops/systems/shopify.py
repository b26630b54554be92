"""Shopify's Admin GraphQL interface: the part that adapter and channel share.

Everything is a POST with status 200: what goes wrong stands in `errors` (too fast, not allowed, a fault of theirs)
or, of what is to be written, in `userErrors`. A query costs points of a bucket that fills again, and each answer says
how full it is. Whole lists are asked for as a bulk operation, which makes a file of JSON lines and costs nothing. A
token of an app of the Dev Dashboard is good for a day and is got by its id and secret; one of an older custom app
does not run out.

https://shopify.dev/docs/api/usage/limits https://shopify.dev/docs/api/usage/bulk-operations/queries
https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from shops.systems import calling
from shops.systems.access import Access, Found
from shops.systems.calling import Caller, SystemCallError, Trouble

GRAPHQL, TOKENS = "/admin/api/2026-10/graphql.json", "/admin/oauth/access_token"
NUMBERED = """query ($first: Int!, $after: String, $query: String) {
  productVariants(first: $first, after: $after, query: $query) { nodes { id sku product { status } }
    pageInfo { hasNextPage endCursor } } }"""
AT_ONCE = 50  # numbers of a search
PAGE = 100  # nodes of an answer: a query may cost 1000 points
TRIES = 3  # of what was too fast
LONGEST_PAUSE = 10.0  # seconds; longer than that nobody waits with a process in hand
BULK_EVERY, BULK_LONGEST = 5.0, 450.0  # seconds: how often a bulk operation is asked after, and how long it may take
BULK_AGAIN = 180  # seconds until the bulk operation that runs may be done
SOON = 600  # seconds before its end in which a token is exchanged
INTERNAL = "INTERNAL_SERVER_ERROR"
NEEDED, FOR_ORDERS = frozenset({"read_products", "read_inventory", "read_locations"}), {"read_orders", "write_orders"}
PLACES = "locations(first: 100) { nodes { id name fulfillsOnlineOrders } }"
ABOUT = (
    """query ($location: ID!) { shop { name currencyCode taxesIncluded } location(id: $location) { id isActive } }"""
)
ALL = f"""query {{ shop {{ name currencyCode taxesIncluded }} currentAppInstallation {{ accessScopes {{ handle }} }}
  {PLACES} productVariantsCount {{ count }} }}"""
RUN = """mutation ($query: String!) { bulkOperationRunQuery(query: $query) {
  bulkOperation { id } userErrors { code message } } }"""
HOW = """query ($id: ID!) { node(id: $id) { ... on BulkOperation { status errorCode objectCount url } } }"""


class Shopify:
    """`options`: location_id (where the copies are), currency; client_id where the key is an app's secret."""

    def __init__(self, access: Access) -> None:
        key = access.secrets.get("key", "")
        token = access.secrets.get("token", "") if access.options.get("client_id") else key
        self.options = access.options
        self.caller = Caller("Shopify", access.address, {"X-Shopify-Access-Token": token}, [key, token])
        self._pause = 0.0  # seconds until the bucket has enough for another one like the last

    @staticmethod
    def needs_renewal(access: Access, now: datetime) -> bool:
        until = float(access.secrets.get("until") or 0)
        return bool(access.options.get("client_id")) and until - SOON <= now.timestamp()

    @staticmethod
    def renew(access: Access) -> dict[str, str]:
        key, form = access.secrets.get("key", ""), {"Content-Type": "application/x-www-form-urlencoded"}
        caller = Caller("Shopify", access.address, {}, [key])
        asked = {"grant_type": "client_credentials", "client_id": access.options["client_id"], "client_secret": key}
        try:
            told = caller.send("POST", TOKENS, (), urlencode(asked).encode(), form, writes=False)
        except SystemCallError as error:
            raise caller.refused("", Trouble.KEY) if error.status == 400 else error from None
        if not isinstance(told, dict) or not told.get("access_token"):
            raise caller.refused("no token", Trouble.UNCLEAR)
        until = datetime.now(UTC).timestamp() + float(told.get("expires_in") or 0)
        return {"key": key, "token": str(told["access_token"]), "until": f"{until:.0f}"}

    @property
    def location(self) -> str:
        """Of which the numbers are. Raises SystemCallError."""
        if not self.options.get("location_id"):
            raise self.caller.refused(calling.NOT_CHOSEN, Trouble.CONTEXT)
        return str(self.options["location_id"])

    def check(self) -> Found:
        told = self.ask(ALL)
        scopes = {scope["handle"] for scope in told["currentAppInstallation"]["accessScopes"]}
        scopes |= {scope.replace("write_", "read_") for scope in scopes}  # who writes may read
        if missing := sorted(NEEDED - scopes):
            raise self.caller.refused(", ".join(missing), Trouble.CONTEXT)
        wanted = str(self.options.get("location") or "").casefold()
        places = [each for each in told["locations"]["nodes"] if wanted in ("", each["name"].casefold())]
        if len(places) != 1:
            raise self.caller.refused(calling.SEVERAL_HOUSES if places else calling.NO_HOUSE, Trouble.CONTEXT)
        shop, count = told["shop"], told["productVariantsCount"]["count"]
        elsewhere = _has_others(told, places[0]["id"])
        options = {"location_id": places[0]["id"], "currency": shop["currencyCode"], "elsewhere": elsewhere}
        return Found(
            *(shop["name"], shop["currencyCode"], count, options, scopes >= FOR_ORDERS), with_tax=shop["taxesIncluded"]
        )

    def check_context(self) -> None:
        """The location still has stock, and amounts are in the currency that they were. Raises SystemCallError."""
        told = self.ask(ABOUT, location=self.location)
        if not (told["location"] or {}).get("isActive"):
            raise self.caller.refused(calling.NOT_THERE, Trouble.CONTEXT)
        self.caller.same_currency(told["shop"]["currencyCode"], self.options.get("currency"))
        self.with_tax = told["shop"]["taxesIncluded"]

    def is_elsewhere(self) -> bool:
        """Whether an order of ours may be taken from another place now. Raises SystemCallError."""
        return _has_others(self.ask(f"query {{ {PLACES} }}"), self.location)

    def ask(self, document: str, /, **variables: Any) -> dict[str, Any]:
        """What a query or mutation answers. What was too fast has not been done, and is asked again after a while."""
        writes = document.lstrip().startswith("mutation")
        for _try in range(TRIES):
            _wait(self._pause)
            answer = self._post({"query": document, "variables": variables}, writes)
            lacking = self._lacking(answer)
            self._pause = min(lacking, LONGEST_PAUSE)
            errors, data = answer.get("errors"), answer.get("data")
            if not errors and isinstance(data, dict):
                return data
            if not _has(errors, "THROTTLED"):
                raise self._refused(errors, writes)
            if lacking > LONGEST_PAUSE:
                break
        raise self.caller.refused("", Trouble.BUSY, later_seconds=math.ceil(lacking))

    def each(self, document: str, /, *path: str, **variables: Any) -> Iterator[list[dict[str, Any]]]:
        """Page after page of the connection at `path`, each from the last one's cursor: what is added or changed
        meanwhile moves none."""
        after: str | None = None
        while True:
            found: Any = self.ask(document, first=PAGE, after=after, **variables)
            for name in path:
                found = found[name]
            if found["nodes"]:
                yield found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def shared(self, skus: list[str]) -> Iterator[tuple[object, str]]:
        """(its key, its number) of each article that is sold and has one of these."""
        for start in range(0, len(skus), AT_ONCE):
            wanted = " OR ".join(f"sku:{quoted(sku)}" for sku in skus[start : start + AT_ONCE])
            for page in self.each(NUMBERED, "productVariants", query=wanted):
                yield from ((each["id"], each["sku"]) for each in page if each["product"]["status"] == "ACTIVE")

    def each_in_bulk(self, query: str) -> Iterator[dict[str, Any]]:
        """All that a query of one connection gives, from the file of a bulk operation; not before all of it is there.
        A file with fewer lines than were promised is not believed."""
        made = self.ask(RUN, query=query)["bulkOperationRunQuery"]
        if made["userErrors"]:
            error = made["userErrors"][0]
            if error.get("code") != "OPERATION_IN_PROGRESS" and "already in progress" not in error["message"]:
                raise self.caller.refused(error["message"])
            raise self.caller.refused("", Trouble.BUSY, later_seconds=BULK_AGAIN)
        done = self._done(made["bulkOperation"]["id"])
        left = int(done["objectCount"])
        for line in self.caller.lines(done["url"]) if done["url"] else ():
            left -= 1
            yield line
        if left:
            raise self.caller.refused("the file is cut", Trouble.UNCLEAR)

    def _done(self, bulk: str) -> dict[str, Any]:
        for _asked in range(int(BULK_LONGEST / BULK_EVERY)):
            operation: dict[str, Any] = self.ask(HOW, id=bulk)["node"] or {"status": "EXPIRED"}
            if operation["status"] == "COMPLETED":
                return operation
            if operation["status"] not in ("CREATED", "RUNNING"):
                why = operation.get("errorCode") or operation["status"]
                raise self.caller.refused(why, Trouble.REFUSED if why == "ACCESS_DENIED" else Trouble.AWAY)
            _wait(BULK_EVERY)
        raise self.caller.refused("bulk operation", Trouble.AWAY)

    def _post(self, body: dict[str, Any], writes: bool) -> dict[str, Any]:
        try:
            answer = self.caller.send("POST", GRAPHQL, (), body, {}, writes=writes)
        except SystemCallError as error:
            if error.status == 430:  # Shopify's own number for too many calls
                raise self.caller.refused("", Trouble.BUSY, status=430) from None
            raise
        if not isinstance(answer, dict):
            raise self.caller.refused("no object", Trouble.UNCLEAR, unknown_outcome=writes)
        return answer

    def _refused(self, errors: Any, writes: bool) -> SystemCallError:
        if _has(errors, INTERNAL):
            return self.caller.refused(INTERNAL, Trouble.AWAY, unknown_outcome=writes)
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            trouble = Trouble.CONTEXT if _has(errors, "ACCESS_DENIED") else Trouble.REFUSED
            return self.caller.refused(errors[0].get("message", ""), trouble)
        return self.caller.refused(errors or "no data", Trouble.UNCLEAR, unknown_outcome=writes)

    def _lacking(self, answer: dict[str, Any]) -> float:
        """Seconds until another query like this one may be asked."""
        cost = (answer.get("extensions") or {}).get("cost") or {}
        bucket = cost.get("throttleStatus") or {}
        lack = float(cost.get("requestedQueryCost") or 0) - float(bucket.get("currentlyAvailable") or 0)
        return max(0.0, lack / max(1.0, float(bucket.get("restoreRate") or 50))) if bucket else 0.0


def _has_others(told: dict[str, Any], location: str) -> bool:
    """Whether other locations take online orders as well: Shopify's own rules choose among them."""
    return any(each["fulfillsOnlineOrders"] for each in told["locations"]["nodes"] if each["id"] != location)


def quoted(text: str) -> str:
    """A value of a search, taken as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _has(errors: Any, code: str) -> bool:
    told = errors if isinstance(errors, list) else []
    return any((each.get("extensions") or {}).get("code") == code for each in told if isinstance(each, dict))


def _wait(seconds: float) -> None:
    if seconds > 0:
        time.sleep(0 if settings.TESTING else seconds)
