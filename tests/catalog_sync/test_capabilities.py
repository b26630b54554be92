"""What the documentation says of shop systems is what their code can do; and the empty files of a new one."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from catalog_sync import capabilities, new_system
from catalog_sync.adapters import lists
from catalog_sync.management.commands import shop_systems
from shops.channels import CHANNELS
from shops.channels.system import SystemChannel
from shops.systems import SYSTEMS
from tests.systems.json_server import JsonServer
from tests.systems.under_test import SystemUnderTest


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
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert made == sorted(path.replace("KIND", "open_till") for path in new_system.FILES)
    for path in tmp_path.rglob("*.*"):
        text = path.read_text()
        assert ("KIND" in text, "NAME" in text) == (False, False)
        if path.suffix == ".py":
            ast.parse(text)
    assert "class OpenTillAdapter(SystemAdapter):" in (tmp_path / "catalog_sync/adapters/open_till.py").read_text()
    page = (tmp_path / "docs/systems/open_till.md").read_text()
    assert [mark in page for mark in shop_systems.STEPS] == [True, True]


def test_new_systems_files_are_of_what_there_is(tmp_path):
    """They are what a system starts from: each name that they import is there, each method is one of what they
    inherit, and a fixture has all that every system can do."""
    made = {path.name: path for path in new_system.write("till", tmp_path)}
    parts = [
        path for path in made.values() if path.suffix == ".py" and "tests" not in path.parts[len(tmp_path.parts) :]
    ]
    for path in parts:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and "till" not in node.module:
                module = import_module(node.module)
                assert [name.name for name in node.names if not hasattr(module, name.name)] == []
    channel = {name for name in _methods(tmp_path / "shops/channels/till.py") if not name.startswith("_")}
    assert channel <= set(dir(SystemChannel))
    assert {"find", "enter", "number", "units", "said", "changed"} <= channel
    fixture = _methods(made["till_server.py"]) | set(dir(JsonServer))
    optional = {"edit", "cancel_rest", "renumber", "set_clock", "enter_with_tax", "hook_form", "hook_secret", "news"}
    protocol = {name for name in vars(SystemUnderTest) if not name.startswith("_")}
    assert protocol - fixture - optional == set()
    assert sum(len(path.read_text().splitlines()) for path in parts) < 120  # of 200, with what is to be written


def _methods(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_new_system_overwrites_nothing(tmp_path):
    new_system.write("till", tmp_path)
    for kind in ("till", "No Such", "../till"):
        with pytest.raises(CommandError):
            call_command("shop_systems", new=kind, to=str(tmp_path))


def test_system_whose_stock_is_read_whole_says_that_it_knows_what_changed_of_the_rest():
    with translation.override("en"):
        told = {row.system: row.changes for row in capabilities.rows()}
    whole = {name for name, changes in told.items() if changes == "titles and prices"}
    assert whole == {"Ecwid", "Medusa", "PrestaShop", "Vendure", "WooCommerce"}


def test_lists_and_messages_are_told_too():
    with translation.override("en"):
        told = {row.name: row for row in capabilities.others()}
    assert len(told) == len(lists()) + len(set(CHANNELS) - set(SYSTEMS))
    assert told["Tite Live daily file"].copies is False
    assert (told["A shop of another Halles"].stock_alone, told["A shop of another Halles"].takes_orders) == (
        True,
        False,
    )
    assert (told["EDItX files"].answers_by_line, told["EDItX files"].cancels) == (True, True)
    assert told["Order file as Dilicom's"].answers_by_line == "here, or through our interface"
