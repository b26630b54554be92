"""The operator's page of keys for programs that read."""

from __future__ import annotations

from marketplace.api.models import ReadKey
from tests.api.conftest import Program

PAGE = "/board/keys/"


def test_key_is_made_shown_once_and_revoked(board):
    answer = board.post(f"{PAGE}make/", {"label": "Bibliothèque", "scopes": ["read:shops"], "per_minute": "120"})
    key = answer.context["key"]
    assert key in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Program(key).get("shops")["X-RateLimit-Limit"] == "120"
    assert Program(key).get("search").status_code == 403
    row = ReadKey.objects.get()
    shown = board.get(PAGE).content.decode()
    assert (row.beginning in shown, key in shown) == (True, False)
    board.post(f"{PAGE}{row.pk}/revoke/")
    assert Program(key).get("shops").status_code == 401
    assert "Bibliothèque" not in [label.label for label, _ in board.get(PAGE).context["keys"]]


def test_key_without_a_name_a_scope_or_with_a_strange_limit_is_not_made(board):
    good = {"label": "x", "scopes": ["read:shops"], "per_minute": "50"}
    for wrong in (
        {"label": ""},
        {"scopes": []},
        {"scopes": ["read:all"]},
        {"per_minute": "19"},
        {"per_minute": "9999999"},
    ):
        answer = board.post(f"{PAGE}make/", good | wrong)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, list(wrong))
    assert not ReadKey.objects.exists()
