"""An owner brings in what the shop took along from another network: its orders and statements as history, and the
customers who let it keep them. Good rows go in, each other one is told; the same file again changes nothing.

What comes in touches no order, no stock, no ledger, no invoice and no account of this network (`shops/models_earlier`).
Articles are not brought in here: `catalogue.jsonl` is a list as any other."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Q

from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from marketplace.payments.models import Settlement
from marketplace.readers import brought
from shops.models import Bringing, EarlierNetwork, EarlierOrder, EarlierStatement, Shop, ShopOrder
from shops.onboarding import bringing_report, brought_files
from shops.onboarding.brought_files import MOST_BYTES, FileError, Read
from shops.onboarding.brought_rows import CustomerRow, OrderRow, StatementRow
from shops.onboarding.exporting import STATEMENT

ORDERS, SETTLEMENTS, CUSTOMERS = brought_files.ROWS
_AT_ONCE = 500
_SUMS = [name for name in STATEMENT if name.endswith("_minor")]
_Row = TypeVar("_Row")


def bring(shop: Shop, blocks: Iterable[bytes], *, by: User, now: datetime) -> Bringing:
    """Raises FileError where the file is none of ours, or too much; then nothing was changed. What ends in the middle
    goes on with the same file: no row twice, and one report (`bringing_report`)."""
    with tempfile.TemporaryDirectory(prefix="bringing-") as folder:
        path = Path(folder) / "brought.zip"
        _keep(path, blocks)
        found = brought_files.read(path, now)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Bringing(shop, found, digest, now).bring(by)


def last(shop: Shop) -> Bringing | None:
    return Bringing.objects.filter(shop=shop).first()


def remove(network: EarlierNetwork, *, by: User) -> None:
    """All that was brought from there goes, as if it had never come: it was another shop's file, or is not wanted."""
    with transaction.atomic():
        locked = Shop.objects.select_for_update(of=("self",)).get(pk=network.shop_id)
        customers = brought.drop(network)
        audit.record(
            "shop.bring_remove", locked, by=by, shop_id=locked.pk, network=network.name, customers=customers,
            orders=network.orders.count(), statements=network.statements.count(),
        )  # fmt: skip
        network.delete()
        bringing_report.forget_unfinished(locked)


def _keep(path: Path, blocks: Iterable[bytes]) -> None:
    size = 0
    with path.open("wb") as file:
        for block in blocks:
            size += len(block)
            if size > MOST_BYTES:
                raise FileError("too_large")
            file.write(block)


@dataclass
class _Bringing:
    """What one file does to one shop. A class, because counts and problems add up over its parts."""

    shop: Shop
    found: Read
    digest: str
    now: datetime

    def __post_init__(self) -> None:
        self.report: Bringing | None = None
        self.said = {one.site: one for one in self.found.networks}
        self.networks: dict[str, EarlierNetwork] = {}
        self.before = dict(EarlierNetwork.objects.filter(shop=self.shop).values_list("site", "until"))
        self.counts: Counter[str] = Counter()

    def bring(self, by: User) -> Bringing:
        works: dict[str, Callable[[Any], None]] = {
            ORDERS: self._orders, SETTLEMENTS: self._statements, CUSTOMERS: self._customers,
        }  # fmt: skip
        with transaction.atomic():
            self._lock()
            self.report = bringing_report.begin(self.shop, self.found, self.digest, by=by, now=self.now)
        for name, work in works.items():
            upto = 0
            for some in _batches(self.found.rows.get(name, [])):
                upto += len(some)
                # Short ones: orders are placed meanwhile, and a file may have many thousand rows.
                with transaction.atomic():
                    self._lock()
                    if not bringing_report.is_done(self.report, name, upto):
                        self.counts = Counter()
                        work(some)
                        bringing_report.add(self.report, name, self.counts, upto)
                        failpoint("bringing.before_commit")
                failpoint("bringing.after_commit")
        with transaction.atomic():
            self._lock()
            if not bringing_report.is_finished(self.report):
                self._finish(by)
        return self.report

    def _lock(self) -> None:
        """Of two at once of one shop, the second finds what the first brought, and of one file also its report."""
        locked = Shop.objects.select_for_update(of=("self",)).get(pk=self.shop.pk)
        if locked.status == Shop.Status.LEFT:
            raise FileError("left")
        self.networks = {row.site: row for row in EarlierNetwork.objects.filter(shop=self.shop)}
        if self.report:
            try:
                self.report.refresh_from_db()
            except Bringing.DoesNotExist as gone:  # another owner took out what was brought
                raise FileError("removed") from gone

    def _renew_networks(self) -> None:
        """Last, so that a file that ended in the middle is still the younger one as it is brought again."""
        for site, row in self.networks.items():
            if site in self.said and (said := self.said[site]).until > row.until:
                row.until, row.name = said.until, said.name
                row.save(update_fields=["until", "name"])

    def _finish(self, by: User) -> None:
        assert self.report is not None
        self._renew_networks()
        if self.found.more:
            self._note(ORDERS, 0, "more_said", count=self.found.more)
        bringing_report.finish(self.report)
        said = {"network": self.report.network, "counts": self.report.counts}
        audit.record("shop.bring", self.shop, by=by, shop_id=self.shop.pk, **said)

    def _note(self, file: str, row: int, code: str, **values: Any) -> None:
        assert self.report is not None
        bringing_report.note(self.report, file, row, code, values)

    def _network(self, site: str) -> EarlierNetwork:
        if site not in self.networks:
            said = {"name": self.said[site].name, "until": self.said[site].until}
            self.networks[site] = EarlierNetwork.objects.create(shop=self.shop, site=site, **said)
        return self.networks[site]

    def _orders(self, some: Sequence[tuple[int, OrderRow]]) -> None:
        numbers = [row.number for _, row in some]
        ours = set(ShopOrder.objects.filter(shop=self.shop, number__in=numbers).values_list("number", "created_at"))
        known = {
            (row.network.site, row.number): row
            for row in EarlierOrder.objects.filter(shop=self.shop, number__in=numbers).select_related("network")
        }
        made, changed, counts = [], [], self.counts
        for place, said in some:
            row = known.get((said.site, said.number))
            if (said.number, said.ordered_at) in ours:
                counts["here"] += 1
            elif row is None:
                made.append(EarlierOrder(shop=self.shop, network=self._network(said.site), **_columns(said)))
            elif all(getattr(row, name) == value for name, value in _columns(said).items() if name != "text"):
                # How it is found is ours, and may have been written otherwise then.
                counts["same"] += 1
            elif self._is_younger(said.site):
                for name, value in _columns(said).items():
                    setattr(row, name, value)
                changed.append(row)
            else:
                counts["refused"] += 1
                self._note(ORDERS, place, "order_differs", number=said.number)
        EarlierOrder.objects.bulk_create(made, batch_size=_AT_ONCE)
        if changed:
            EarlierOrder.objects.bulk_update(changed, list(_columns(some[0][1])), batch_size=_AT_ONCE)
        counts["new"] += len(made)
        counts["changed"] += len(changed)

    def _is_younger(self, site: str) -> bool:
        """Than whatever was brought from there before."""
        return site in self.before and self.said[site].until > self.before[site]

    def _statements(self, every: Sequence[tuple[int, StatementRow]]) -> None:
        """What is known stays as it is: a closed month does not change."""
        ours = set(
            Settlement.objects.filter(shop=self.shop).values_list("number", "begins_at", "currency", "closing_minor")
        )
        alike = Q(number__in={row.number for _, row in every}) | Q(begins_at__in={row.begins_at for _, row in every})
        rows = EarlierStatement.objects.filter(alike, shop=self.shop).select_related("network")
        known = {(row.network.site, row.number): row for row in rows}
        periods = {(row.network.site, row.begins_at, row.currency) for row in known.values()}
        made, counts = [], self.counts
        for place, said in every:
            columns = {name: getattr(said, name) for name in ("number", "begins_at", "ends_at", "currency")}
            columns |= dict(zip(_SUMS, said.sums, strict=True)) | {"lines": json.loads(said.lines)}
            row = known.get((said.site, said.number))
            if (said.number, said.begins_at, said.currency, columns["closing_minor"]) in ours:
                counts["here"] += 1
            elif row and all(getattr(row, name) == value for name, value in columns.items()):
                counts["same"] += 1
            elif row or (said.site, said.begins_at, said.currency) in periods:
                counts["refused"] += 1
                self._note(SETTLEMENTS, place, "statement_differs", number=said.number)
            else:
                made.append(EarlierStatement(shop=self.shop, network=self._network(said.site), **columns))
        EarlierStatement.objects.bulk_create(made, batch_size=_AT_ONCE)
        counts["new"] += len(made)

    def _customers(self, every: Sequence[tuple[int, CustomerRow]]) -> None:
        site = self.found.networks[0].site
        rows = [brought.Customer(row.name, row.email, row.given_at, row.words) for _, row in every]
        taken = brought.take(self.shop, rows, lambda: self._network(site), now=self.now)
        self.counts.update(taken._asdict())


def _columns(said: OrderRow) -> dict[str, Any]:
    columns = ("number", "status", "ordered_at", "currency", "total_minor", "text")
    return {name: getattr(said, name) for name in columns} | {"said": json.loads(said.said)}


def _batches(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
