"""Absolute addresses for mail, and the key that opens a guest's order page."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from oscar.apps.order.models import Order

_ORDER_PAGE = "halles.order-page"
_VISIT = "halles.order-on-visit"
_DOWNLOAD = "halles.download"
_QUESTION = "halles.question"


def absolute(path: str) -> str:
    """/portal/ → https://halles.example.org/portal/"""
    return settings.SITE_URL.rstrip("/") + path


def key_of(purpose: str, value: str) -> str:
    """22 unguessable characters that stand for a value, for one purpose, without being stored."""
    return signing.b64_encode(salted_hmac(purpose, value, algorithm="sha256").digest()[:16]).decode()


def order_key(number: str) -> str:
    """What opens the page of order `number` without signing in."""
    return key_of(_ORDER_PAGE, number)


def order_key_fits(number: str, key: str) -> bool:
    return constant_time_compare(order_key(number), key)


def visit_key(number: str, visit_id: int) -> str:
    """What opens it for an operator while their visit lasts, and nothing afterwards: it may be in a history, a log or a
    message by then."""
    return key_of(_VISIT, f"{visit_id}:{number}")


def invoice_url(order: Order, shop_order_number: str) -> str:
    """Where the invoice of one shop's part lies, or will in a moment."""
    names = [order.number, order_key(order.number), shop_order_number]
    return absolute(reverse("storefront:order-invoice", args=names))


def download_key(line_id: int) -> str:
    """What opens the download of one line, and nothing else of its order."""
    return key_of(_DOWNLOAD, str(line_id))


def download_url(line_id: int) -> str:
    return absolute(reverse("storefront:download", args=[line_id, download_key(line_id)]))


def question_key(thread_id: int) -> str:
    """What opens a question to a shop, for who asked it, and confirms that the address is theirs."""
    return key_of(_QUESTION, str(thread_id))


def question_url(thread_id: int) -> str:
    return absolute(reverse("storefront:question", args=[thread_id, question_key(thread_id)]))


def gift_card_url(purchase_id: int, key: str) -> str:
    """The page of a gift card that was bought online, for its buyer."""
    return absolute(reverse("storefront:gift-card-purchase", args=[purchase_id, key]))


def order_url(order: Order) -> str:
    return absolute(reverse("storefront:order", args=[order.number, order_key(order.number)]))


def cancel_url(order: Order, line_id: int) -> str:
    """Where the reader takes a line of it back."""
    return absolute(reverse("storefront:order-cancel", args=[order.number, order_key(order.number), line_id]))


def late_url(order: Order, line_id: int) -> str:
    """Where the reader says what is to become of a line that is not there on its day."""
    return absolute(reverse("storefront:order-late", args=[order.number, order_key(order.number), line_id]))


def return_url(order: Order, return_id: int) -> str:
    """Where its reader follows what they send back."""
    return absolute(reverse("storefront:order-return", args=[order.number, order_key(order.number), return_id]))


def alternative_url(order: Order, alternative_id: int) -> str:
    """Where its reader says whether they take what the shop offers instead."""
    names = [order.number, order_key(order.number), alternative_id]
    return absolute(reverse("storefront:order-alternative", args=names))
