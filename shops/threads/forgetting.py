"""What is kept of threads of one reader, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from marketplace.foundation.models import MailMessage
from marketplace.models import User
from shops.models import Message, MessageFile, Thread
from shops.threads import files

KEEP_UNCONFIRMED = timedelta(days=7)
KEEP_QUESTIONS = timedelta(days=365)
"""After the last word: who asks again within a year is remembered what was answered."""
KEEP_OF_ORDERS = timedelta(days=3 * 365)
"""Two years a fault can be complained of (directive (EU) 2019/771, article 10), and one for what is then disputed."""
BATCH = 200


def of(reader: User) -> QuerySet[Thread]:
    """Of their orders, and what they asked with their account."""
    return Thread.objects.filter(Q(user=reader) | Q(shop_order__order__user=reader))


def export(reader: User) -> list[dict[str, Any]]:
    """What was said in them, in plain values."""
    rows = of(reader).select_related("shop", "shop_order", "product").prefetch_related("messages__files", "incidents")
    return [
        {
            "shop": row.shop.name,
            "order": row.shop_order.number if row.shop_order else "",
            "title": row.product.title if row.product else "",
            "email": row.email,
            "name": row.name,
            "messages": [_message(message) for message in row.messages.all()],
            "incidents": [
                {"reason": one.reason, "at": one.opened_at.isoformat(), "done": one.done} for one in row.incidents.all()
            ],
        }
        for row in rows.order_by("pk")
    ]


def _message(message: Message) -> dict[str, Any]:
    return {
        "side": message.side,
        "text": message.text,
        "at": message.at.isoformat(),
        "files": [file.name for file in message.files.all()],
    }


def has_open_incident(reader: User) -> bool:
    return of(reader).filter(incidents__isnull=False, incidents__closed_at=None).exists()


def forget(threads: QuerySet[Thread]) -> int:
    """Delete threads with all that was said in them, files and the mails that told of it included."""
    keys = list(threads.values_list("pk", flat=True))
    if not keys:
        return 0
    with transaction.atomic():
        MailMessage.objects.filter(dedupe_key__in=_mails(keys)).delete()
        files.drop(MessageFile.objects.filter(message__thread__in=keys))
        Thread.objects.filter(pk__in=keys).delete()
    return len(keys)


def _mails(threads: list[int]) -> list[str]:
    """By the keys that `letters` writes them under."""
    found = [f"thread_confirm:{pk}" for pk in threads]
    said = Message.objects.filter(thread__in=threads).values_list("thread_id", "pk")
    told = [(thread, str(pk)) for thread, pk in said]
    rows = Thread.objects.filter(pk__in=threads, incidents__isnull=False).values_list("pk", "incidents__pk")
    told += [(thread, f"incident:{pk}:{step}") for thread, pk in rows for step in ("closed", "escalated")]
    return found + [f"{kind}:{thread}:{key}" for thread, key in told for kind in ("thread_reader", "thread_shop")]


def forget_old(now: datetime) -> int:
    """What nobody needs any more; up to `BATCH`. Nothing with which something is still wrong."""
    unconfirmed = Q(confirmed_at=None, created_at__lt=now - KEEP_UNCONFIRMED)
    questions = Q(shop_order=None, last_at__lt=now - KEEP_QUESTIONS)
    of_orders = Q(last_at__lt=now - KEEP_OF_ORDERS)
    old = Thread.objects.filter(unconfirmed | questions | of_orders).exclude(
        pk__in=Thread.objects.filter(incidents__isnull=False, incidents__closed_at=None).values("pk")
    )
    keys = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return forget(Thread.objects.filter(pk__in=keys)) if keys else 0
