"""Walls between shops in the database itself: PostgreSQL's row-level security, under the application's own filters.

While a person of a shop is served, `halles.shops` names their shops, and rows of other shops' private tables are not
there for them: not to be read, changed or written. Where nothing is said (readers, the board, the worker) all are.
SQLite has no such thing; there nothing is done. docs/decisions/0041 says which tables and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.db import connection
from django.http import HttpRequest, HttpResponse

SETTING = "halles.shops"
# Tables of one shop alone. What several shops' orders, money or titles are worked out of is not among them.
BY_SHOP = (
    "shops.Transmission", "shops.TransmissionTry", "shops.Cancellation", "shops.DeskAction", "shops.ShopWebhook",
    "shops.ShopSystem", "shops.Invitation", "shops.Reservation", "shops.DataWord", "shops.AgreementWord",
    "shops.EarlierNetwork", "shops.EarlierOrder", "shops.EarlierStatement", "shops.BroughtCustomer", "shops.Bringing",
    "shops.ShopKey", "shops.ShopCall", "shops.QuickReply", "shops.BufferRule", "catalog_sync.PriceRule",
    "payments.Settlement", "payments.Invoice", "payments.BankAccount", "payments.CounterSale",
)  # fmt: skip
BY_FEED = (
    "catalog_sync.FeedToken", "catalog_sync.Webhook", "catalog_sync.DryRun", "catalog_sync.FeedSetup",
    "catalog_sync.SftpLogin", "catalog_sync.OwnArticle",
)  # fmt: skip
_NAME = "halles_walls"
# In a sub-select: worked out once for a statement, not once for a row.
_SAID = f"(SELECT coalesce(current_setting('{SETTING}', true), ''))"
_OPEN = f"{_SAID} = ''"
_OURS = f"ANY ((SELECT nullif(current_setting('{SETTING}', true), '')::bigint[])::bigint[])"


def build(**_: object) -> None:
    """Put the walls up, or up again: after each migration, since nothing else knows when a table is there."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table, ours in _policies():
            if table not in there:
                continue
            cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY')
            cursor.execute(f'DROP POLICY IF EXISTS {_NAME} ON "{table}"')
            rule = f"{_OPEN} OR {ours}"
            cursor.execute(f'CREATE POLICY {_NAME} ON "{table}" USING ({rule}) WITH CHECK ({rule})')


def _policies() -> Iterable[tuple[str, str]]:
    feeds = apps.get_model("catalog_sync.Feed")._meta.db_table
    for label in BY_SHOP:
        yield apps.get_model(label)._meta.db_table, f"shop_id = {_OURS}"
    for label in BY_FEED:
        owned = f'SELECT id FROM "{feeds}" WHERE shop_id = {_OURS}'  # noqa: S608
        yield apps.get_model(label)._meta.db_table, f"feed_id IN ({owned})"


def enter(shop_ids: Iterable[int]) -> None:
    """From now on until `leave` this connection sees these shops' rows alone."""
    if connection.vendor == "postgresql":
        _say("{" + ",".join(str(int(pk)) for pk in shop_ids) + "}")
        connection.halles_walled = True  # type: ignore[attr-defined]


def leave() -> None:
    """The connection is used for others after this. Where it cannot be told so, it is closed."""
    if not getattr(connection, "halles_walled", False):
        return
    connection.halles_walled = False  # type: ignore[attr-defined]
    try:
        _say("")
    except Exception:
        connection.close()
        raise


def _say(shops: str) -> None:
    """For the session, not the transaction: a page has several, or none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, shops])


def middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Whoever entered during a request is out of it at its end, whatever happened."""

    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return get_response(request)
        finally:
            leave()

    return answered
