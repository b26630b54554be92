"""What readers, shops and the network write to each other: rows of `test_routes`. The thread named is a question to A,
and the order's is A's."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from marketplace.foundation import links
from shops.models import Message, MessageFile, QuickReply, Side
from shops.threads import incidents, writing
from shops.threads.writing import Asker, Words
from tests.routes_kinds import (
    EVERYONE,
    LOGIN,
    MOVED,
    OPERATOR,
    OPERATOR_DOES,
    SHOP_A,
    SHOP_A_DOES,
    SIGNED_IN,
    Row,
    get,
    post,
)
from tests.shops.portal.conftest import Stall

ROUTES: dict[str, Row] = {
    "storefront:ask": get(EVERYONE, "slug"),
    "storefront:question": get(EVERYONE, "question", "question_key"),
    "storefront:question-file": get(EVERYONE, "question", "question_key", "question_file"),
    "storefront:my-words": get(SIGNED_IN),
    "storefront:order-words": get(EVERYONE, "order", "order_key", "part"),
    "storefront:order-words-file": get(EVERYONE, "order", "order_key", "part", "words_file"),
    "storefront:order-incident": post((422, 422, 422, 422, 422), "order", "order_key", "part"),
    "storefront:order-settle": post(MOVED, "order", "order_key", "part", done="x"),
    "portal:messages": get(SHOP_A, "slug"),
    "portal:thread": get(SHOP_A, "slug", "question"),
    "portal:thread-act": post(SHOP_A_DOES, "slug", "question", "write", text="x"),
    "portal:thread-file": get(SHOP_A, "slug", "question_file"),
    "portal:order-thread": get(SHOP_A, "slug", "number"),
    "portal:order-thread-act": post(SHOP_A_DOES, "slug", "number", "write", text="x"),
    "portal:quick-replies": get(SHOP_A, "slug"),
    "portal:quick-reply-add": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:quick-reply-save": post((LOGIN, 404, 422, 404, 404), "slug", "quick_reply"),
    "portal:quick-reply-remove": post(SHOP_A_DOES, "slug", "quick_reply"),
    "operations:thread": get(OPERATOR, "question"),
    "operations:thread-write": post(OPERATOR_DOES, "question", text="x"),
    "operations:thread-settle": post((LOGIN, 404, 404, 404, 302), "words_thread", done="x"),
    "operations:thread-file": get(OPERATOR, "question", "question_file"),
    "operations:thread-of-order": post(OPERATOR_DOES, "number"),
}


def file_of(message: Message) -> MessageFile:
    row = MessageFile(message=message, kind="pdf", name="a.pdf", size=5)
    row.file.save("a.pdf", ContentFile(b"%PDF-"))
    return row


def of_words(a: Stall) -> dict[str, Any]:
    """A question to A and its file, what is wrong with A's order, an answer that A gives often."""
    now = timezone.now()
    asker = Asker("lea@example.org", "Léa", "fr", confirmed=True)
    question = writing.ask(a.shop, Words("Y est-il ?"), asker, product_id=None, now=now)
    thread = writing.of_order(a.order, now=now)
    incidents.open_one(thread, Side.READER, "damaged", Words("x"), by=None, who="reader", now=now)
    return {
        "question": question.pk,
        "question_key": links.question_key(question.pk),
        "question_file": file_of(question.messages.get()).pk,
        "words_thread": thread.pk,
        "words_file": file_of(thread.messages.get()).pk,
        "quick_reply": QuickReply.objects.create(shop=a.shop, label="x", text_fr="x").pk,
        "write": "write",
    }
