"""Nothing of people's is kept undeclared."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.management import call_command
from django.db import models

from marketplace.readers import register, retention
from marketplace.readers.register_tables import BASES, KEPT, PERSONAL, PLAIN, PURPOSES, WHOSE
from shops.models import Return
from tests import factories


def test_every_column_that_can_hold_words_is_declared_once():
    assert register.undeclared() == []
    twice = {
        f"{label}.{column}"
        for label, entry in PERSONAL.items()
        for column in set(entry.columns.split()) & set(PLAIN.get(label, "").split())
    }
    assert twice == set()


def test_new_column_or_table_is_noticed(monkeypatch):
    """Negative control."""
    monkeypatch.setitem(PERSONAL, "shops.Return", PERSONAL["shops.Return"]._replace(columns="note tracking place_note"))
    assert register.undeclared([Return]) == ["shops.Return.desk_note"]
    monkeypatch.delitem(PERSONAL, "shops.ReturnPhoto")
    assert "shops.ReturnPhoto.file" in register.undeclared()


def test_what_is_said_of_each_is_known():
    rules = {rule.name for rule in retention.RULES}
    for entry in PERSONAL.values():
        assert entry.whose in WHOSE
        assert entry.purpose in PURPOSES
        assert entry.kept in rules | set(KEPT)
    assert set(BASES) == set(PURPOSES)
    assert rules.isdisjoint(KEPT)


@pytest.mark.django_db
def test_command_and_page_say_the_same(client, django_user_model):
    said = io.StringIO()
    call_command("register", stdout=said)
    rows = list(csv.reader(io.StringIO(said.getvalue())))
    assert rows[0] == list(register.HEAD)
    assert [row[0] for row in rows[1:]] == sorted(PERSONAL)
    client.force_login(factories.operator())
    answer = client.get("/board/data/register.csv").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(answer)))) == len(rows)
    assert "shops.Return" in client.get("/board/data/").content.decode()


def test_words_are_what_a_person_can_write():
    assert "status" not in register.columns_of(Return)  # a choice
    assert issubclass(models.EmailField, register.WORDS)
