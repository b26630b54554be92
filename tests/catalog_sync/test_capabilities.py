"""What the documentation says of shop systems is what their code can do; and the empty files of a new one."""

from __future__ import annotations

import ast

import pytest
from django.core.management import CommandError, call_command

from catalog_sync import capabilities, new_system
from catalog_sync.management.commands import shop_systems
from shops.systems import SYSTEMS


def test_documentation_has_the_table_and_the_steps_of_the_code():
    for page, text in shop_systems.as_they_are().items():
        assert page.read_text() == text, "run manage.py shop_systems --write"


def test_each_system_says_what_its_shop_does_there():
    assert [kind for kind, system in SYSTEMS.items() if len(system.steps) < 2] == []


def test_documentation_has_a_page_for_each_system():
    page = shop_systems.PAGE.read_text()
    assert [row.system for row in capabilities.rows() if f"\n## {row.system}" not in page] == []


def test_new_system_writes_files_that_can_be_read(tmp_path):
    call_command("shop_systems", new="open_till", to=str(tmp_path), verbosity=0)
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py"))
    assert made == sorted(path.replace("KIND", "open_till") for path in new_system.FILES)
    for path in tmp_path.rglob("*.py"):
        text = path.read_text()
        ast.parse(text)
        assert ("KIND" in text, "NAME" in text) == (False, False)
    assert "class OpenTillAdapter(SystemAdapter):" in (tmp_path / "catalog_sync/adapters/open_till.py").read_text()


def test_new_system_overwrites_nothing(tmp_path):
    new_system.write("till", tmp_path)
    for kind in ("till", "No Such", "../till"):
        with pytest.raises(CommandError):
            call_command("shop_systems", new=kind, to=str(tmp_path))
