"""What the page tests of buying share: a reader who has a basket, by cookie or by account."""

from __future__ import annotations

from django.core.signing import Signer
from django.test import Client
from oscar.apps.basket.models import Basket


def guest_with(basket: Basket) -> Client:
    """A browser whose cookie names this basket."""
    client = Client()
    client.cookies["oscar_open_basket"] = Signer().sign(basket.pk)
    return client


def said(response) -> list[str]:
    """The messages of the page that a response leads to."""
    return [str(message) for message in response.context["messages"]]
