"""Articles without an ISBN or EAN: readers find them by their title alone. Told of a list that is only tried, whose
sender has one more look at it."""

from __future__ import annotations

from catalog_sync.reasons import reason
from catalog_sync.records import Issue
from catalog_sync.staging import LEAST_ISSUES, STAGE, TITLE, Staged
from marketplace.foundation import bulk

NONE = "gtin_none"
# What is said already of an article whose number is no good.
WRONG = frozenset({"gtin_check_digit", "gtin_length", "gtin_not_a_number", "gtin_digits_lost", "gtin_in_store"})


def tell(staged: Staged) -> None:
    """Count those that gave no number at all, and name the first ones."""
    lacking = bulk.rows(f"SELECT count(*) FROM {STAGE} WHERE gtin IS NULL AND (parts & {TITLE}) <> 0")[0][0]
    without = lacking - sum(staged.warned_by[code] for code in WRONG)
    if without <= 0:
        return
    told = {issue.sku for issue in staged.issues if issue.reason.code in WRONG}
    rows = bulk.rows(
        f"SELECT sku, title FROM {STAGE} WHERE gtin IS NULL AND (parts & {TITLE}) <> 0 ORDER BY ordinal LIMIT"
        f" {LEAST_ISSUES + len(told)}"
    )
    named = [(sku, title) for sku, title in rows if sku not in told][:LEAST_ISSUES]
    staged.warned_by[NONE] = without
    staged.issues.extend(Issue(sku, reason(NONE, value=title), 0) for sku, title in named)
