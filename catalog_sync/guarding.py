"""Whether a plan may be applied, or a person must look at it first. Nothing is applied in the second case.

Single rows whose price jumped are kept back by the plan itself; here it is the whole list that is suspicious.
"""

from __future__ import annotations

from collections.abc import Sequence

from catalog_sync.adapters.spreadsheet_columns import AWAITED
from catalog_sync.models import Feed
from catalog_sync.planning import Plan
from catalog_sync.reasons import Reason, reason

JUMPED_PERCENT = 5  # of the compared prices
CURRENCY_PERCENT = 5
GTIN_PERCENT = 1  # of the articles known before: a shifted column changes them all
FEW = 3  # rows below which a share says nothing: in a list of four articles one jump is a quarter


def objections(feed: Feed, plan: Plan) -> list[Reason]:
    """Why a person must approve this plan; empty for a credible one, and for the first list of a feed."""
    if not plan.known:
        return []
    found = []
    if plan.missing * 100 > plan.known * feed.drop_limit:
        found.append(reason("run_drop", gone=plan.missing, known=plan.known))
    if plan.jumped >= FEW and plan.jumped * 100 > plan.known_listed * JUMPED_PERCENT:
        found.append(reason("run_prices_jumped", count=plan.jumped, compared=plan.known_listed, limit=feed.price_jump))
    if plan.prices_lost >= FEW and plan.prices_lost * 2 > plan.known_listed:
        found.append(reason("run_prices_missing", count=plan.prices_lost, known=plan.known_listed))
    if plan.stock_fell >= FEW and plan.stock_fell * 2 > plan.known_in_stock:
        found.append(reason("run_stock_fell", count=plan.stock_fell, known=plan.known_in_stock))
    if plan.currency_changed >= FEW and plan.currency_changed * 100 > plan.known_listed * CURRENCY_PERCENT:
        found.append(reason("run_currency_changed", count=plan.currency_changed, known=plan.known_listed))
    if (others := plan.questions - plan.alike) >= FEW and others * 100 > plan.known_listed * GTIN_PERCENT:
        found.append(reason("run_gtins_changed", count=others, known=plan.known_listed))
    return found


def objections_of_reading(notes: Sequence[Reason], mode: str) -> list[Reason]:
    """What a reading itself says that a person must look at, be it the first list of a feed: its columns are others,
    or hold something else than their names say. A list of some columns alone may lack any."""
    expected = {"column_dropped"} if mode == Feed.Mode.PARTIAL else set()
    return [note for note in notes if note.code in AWAITED - expected]
