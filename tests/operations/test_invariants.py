"""The table of all invariants: whole, without doubles, quiet on an empty database."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from oscar.apps.partner.models import StockRecord

from marketplace.operations import invariants
from tests import factories

pytestmark = pytest.mark.django_db


def test_every_module_of_invariants_is_in_the_table():
    root = Path(settings.BASE_DIR)
    written = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for folder in ("marketplace", "shops", "search", "catalog_sync")
        for path in (root / folder).rglob("invariants.py")
    }
    assert set(invariants.MODULES) == written - {"marketplace.operations.invariants"}


def test_no_name_hides_another():
    total = sum(len(import_module(module).INVARIANTS) for module in invariants.MODULES)
    assert len(invariants.all_invariants()) == total


def test_everything_holds_on_an_empty_database():
    assert {name: texts for name, texts in invariants.violations().items() if texts} == {}


def test_verify_counts_violations_and_exits_with_one(capsys):
    record = factories.stock_record(factories.shop())
    StockRecord.objects.filter(pk=record.pk).update(num_allocated=7)
    with pytest.raises(SystemExit) as ended:
        call_command("verify", json=True)
    counted = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (ended.value.code, {name: count for name, count in counted.items() if count}) == (
        1,
        {"stock: counters are the sum of open allocations": 1},
    )
