from __future__ import annotations

import pytest
from django.test import Client

from marketplace.models import User
from tests import factories


@pytest.fixture
def operator(db) -> User:
    return factories.operator("operation@example.org")


@pytest.fixture
def board(operator: User, client: Client) -> Client:
    """A client that has signed in as the operator."""
    client.force_login(operator)
    return client


def waiting(board: Client, page: str) -> int:
    """How many wait on this page, as the board's figure says it."""
    return next(one["count"] for one in board.get("/board/").context["figures"] if one["url"] == page)
