"""The stand-in's state in the project's own database, so that web and worker see one Stripe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import connection, transaction

from marketplace.payments.fake_stripe.models import FakeStripeKey, FakeStripeObject
from marketplace.payments.fake_stripe.store import PLATFORM, Body, SavedAnswer, created_of

# Any number that nothing else in the project takes as an advisory lock.
LOCK = 7_245_001


class CalledInTransactionError(RuntimeError):
    """Stripe was called inside an open transaction: its effect would stay although the transaction may be undone."""


class DatabaseStore:
    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """SQLite takes the write lock as the transaction begins (IMMEDIATE); PostgreSQL an advisory lock."""
        outer = connection.atomic_blocks[-1] if connection.in_atomic_block and connection.atomic_blocks else None
        if outer is not None and not getattr(outer, "_from_testcase", False):
            raise CalledInTransactionError(
                "Stripe was called inside an open database transaction. Store the idempotency key, commit, then call."
            )
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            yield

    def savepoint(self) -> AbstractContextManager[None]:
        return transaction.atomic()

    def get(self, kind: str, object_id: str, *, account: str = PLATFORM) -> Body | None:
        rows = FakeStripeObject.objects.filter(kind=kind, object_id=object_id, account=account)
        return rows.values_list("body", flat=True).first()

    def put(self, kind: str, body: Body, *, account: str = PLATFORM, due_at: int | None = None) -> None:
        FakeStripeObject.objects.update_or_create(
            object_id=body["id"],
            defaults={"body": body, "due_at": due_at},
            create_defaults={
                "kind": kind,
                "account": account,
                "created": created_of(body),
                "body": body,
                "due_at": due_at,
            },
        )

    def find(
        self,
        kind: str,
        *,
        account: str = PLATFORM,
        after: str | None = None,
        created: Mapping[str, int] | None = None,
        limit: int | None = None,
        **equals: Any,
    ) -> list[Body]:
        rows = FakeStripeObject.objects.filter(
            kind=kind,
            account=account,
            **{f"created__{test}": bound for test, bound in (created or {}).items()},
            **{f"body__{name}": value for name, value in equals.items()},
        )
        if after:
            rows = rows.filter(id__lt=FakeStripeObject.objects.values_list("id", flat=True).get(object_id=after))
        return list(rows.order_by("-id").values_list("body", flat=True)[:limit])

    def due(self, kind: str, now: int, *, limit: int | None = None) -> list[Body]:
        rows = FakeStripeObject.objects.filter(kind=kind, due_at__lte=now)
        return list(rows.order_by("due_at", "id").values_list("body", flat=True)[:limit])

    def saved_answer(self, key: str) -> SavedAnswer | None:
        row = FakeStripeKey.objects.filter(key=key).first()
        return SavedAnswer(row.fingerprint, row.status, row.body, row.kept_until) if row else None

    def save_answer(self, key: str, answer: SavedAnswer) -> None:
        FakeStripeKey.objects.update_or_create(
            key=key,
            defaults={
                "fingerprint": answer.fingerprint,
                "status": answer.status,
                "body": answer.body,
                "kept_until": answer.kept_until,
            },
        )
