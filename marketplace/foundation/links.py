"""Absolute addresses for mail, and the key that opens a guest's order page."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from oscar.apps.order.models import Order

_SALT = "halles.order-page"


def absolute(path: str) -> str:
    """/portal/ → https://halles.example.org/portal/"""
    return settings.SITE_URL.rstrip("/") + path


def order_key(number: str) -> str:
    """What opens the page of order `number` without signing in: 22 unguessable characters that are not stored."""
    return signing.b64_encode(salted_hmac(_SALT, number, algorithm="sha256").digest()[:16]).decode()


def order_key_fits(number: str, key: str) -> bool:
    return constant_time_compare(order_key(number), key)


def order_url(order: Order) -> str:
    return absolute(reverse("storefront:order", args=[order.number, order_key(order.number)]))
