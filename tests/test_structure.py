"""The house's own rules, read from the code: import order, the six alones, sizes, nothing inline."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# DESIGN: each may import only from those to its left. A longer prefix wins.
ORDER = [
    ("marketplace.foundation", "marketplace.models"),
    ("marketplace.catalogue",),
    ("shops",),
    ("search",),
    ("catalog_sync",),
    ("marketplace.payments",),
    ("marketplace.checkout",),
    ("marketplace.readers",),
    ("marketplace", "shops.portal", "shops.onboarding", "demo", "manage"),
]
MAX_LINES, MAX_FUNCTION = 350, 60
MAX_TEST_LINES = 600
TABLES = {"settings.py"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix == ".py" and "migrations" not in path.parts]
CODE = [path for path in PYTHON if path.relative_to(ROOT).parts[0] not in {"tests", "bench"}]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rank(module: str) -> int | None:
    """Place in the import order; None for what is not ours."""
    best: tuple[int, int] | None = None
    for position, prefixes in enumerate(ORDER):
        for prefix in prefixes:
            if (module == prefix or module.startswith(prefix + ".")) and (best is None or len(prefix) > best[0]):
                best = (len(prefix), position)
    return best[1] if best else None


def imports(source: str) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def wrong_imports(module: str, source: str) -> list[str]:
    mine = rank(module)
    assert mine is not None, f"{module} has no place in the import order"
    return [
        f"{module} imports {name}" for name in imports(source) if (theirs := rank(name)) is not None and theirs > mine
    ]


def test_imports_go_to_the_left_only():
    assert [w for path in CODE for w in wrong_imports(module_of(path), path.read_text())] == []


def test_import_order_notices_a_wrong_import():
    """Negative control."""
    source = "from marketplace.checkout.placing import place\nfrom marketplace.foundation import money"
    assert wrong_imports("shops.stock", source) == ["shops.stock imports marketplace.checkout.placing.place"]


def users_of(pattern: str) -> set[str]:
    found = re.compile(pattern, re.MULTILINE)
    return {str(path.relative_to(ROOT)) for path in CODE if found.search(path.read_text())}


@pytest.mark.parametrize(
    ("what", "pattern", "allowed"),
    [
        ("requests", r"^\s*(import|from) requests(_hardened)?\b", r"marketplace/foundation/http\.py"),
        (
            "stripe",
            r"^\s*(import|from) stripe\b",
            r"marketplace/payments/(gateway\.py|gateway_\w+\.py|fake_stripe/.*)",
        ),
        ("ledger entries", r"LedgerEntry(\.objects\.(bulk_)?create)?\(", r"marketplace/payments/(ledger|models)\.py"),
        (
            "invoices",
            r"(?<!\w)Invoice(\.objects\.(bulk_)?create)?\(",
            r"marketplace/payments/(issuing|models_invoices)\.py",
        ),
        ("num_allocated", r"num_allocated\s*=(?!=)|num_allocated['\"]\s*:", r"shops/stock\.py"),
        ("tantivy", r"^\s*(import|from) tantivy\b", r"search/engines/tantivy(_\w+)?\.py"),
        ("elasticsearch", r"^\s*(import|from) elasticsearch\b", r"search/engines/elasticsearch\.py"),
    ],
)
def test_alone(what, pattern, allowed):
    assert {user for user in users_of(pattern) if not re.fullmatch(allowed, user)} == set(), f"{what} has one place"


def test_shop_order_status_changes_only_in_fulfilment():
    changing = users_of(r"shop_order\.status\s*=(?!=)|ShopOrder\.objects\.[^\n]*update\([^)]*status=")
    assert changing - {"shops/orders/fulfilment.py"} == set()


def too_long(path: Path) -> list[str]:
    text = path.read_text()
    is_test = "tests" in path.relative_to(ROOT).parts or path.name == "conformance.py"
    limit = MAX_TEST_LINES if is_test else MAX_LINES
    name = str(path.relative_to(ROOT))
    found = [f"{name}: {text.count(chr(10))} lines"] if text.count("\n") > limit else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION:
            found.append(f"{name}:{node.lineno} {node.name} is longer than {MAX_FUNCTION} lines")
    return found


def test_files_and_functions_stay_short():
    assert [line for path in PYTHON if path.name not in TABLES for line in too_long(path)] == []


def test_templates_hold_no_inline_script_or_style():
    # A block of data is not run: the policy has nothing to allow (tests/browser looks at the console).
    script = r"<script(?![^>]*\bsrc=)(?! type=\"application/ld\+json\">)"
    inline = re.compile(script + r"|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)
    pages = [path for path in FILES if path.suffix == ".html" and "emails" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in pages if inline.search(path.read_text())] == []


def test_colours_and_sizes_are_named_once():
    # The payment page of the stand-in is another company's: it looks like none of ours and names its own colours.
    named = {"tokens.css", "fake_stripe.css"}
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\(")
    sheets = [path for path in FILES if path.suffix == ".css" and "vendor" not in path.parts and path.name not in named]
    assert [str(path.relative_to(ROOT)) for path in sheets if colour.search(path.read_text())] == []


def test_locks_name_no_index():
    for path in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"index-url|find-links|https?://", path.read_text()), path.name
