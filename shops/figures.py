"""What a shop acts on, measured for all shops by a step and kept as one row per shop and window: how fast it answered,
what it lacked and why, what came back; and the network's middle beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, F, Q, Sum

from shops.models import Return, ReturnLine, Shop, ShopFigures, ShopOrder, ShopOrderLine, StockIncident

WINDOWS = (30, 90)
"""Days."""
FEWEST_SHOPS = 5
"""Of fewer, the middle would say something about one of them."""
_MISSING = (ShopOrderLine.Reason.SOLD, ShopOrderLine.Reason.NOT_FOUND, ShopOrderLine.Reason.DAMAGED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one shop over one window; shares from 0 to 1, None where nothing was asked of it."""

    orders: int = 0
    """Answered, or ended unanswered."""
    response_minutes: float | None = None
    """The middle one of those answered, from the order on; nights and closing days count."""
    on_time: float | None = None
    """Share of the orders answered before their deadline."""
    units: int = 0
    """Asked for and not taken back by the reader."""
    declined: Mapping[str, int] = field(default_factory=dict)
    """Units by the code of the reason."""
    declined_share: float | None = None
    accuracy: float | None = None
    """Share of the units asked for that were there, as the shop's number said."""
    oversells: int = 0
    """Times that more was promised than its number held."""
    handed_over: int = 0
    returned: int = 0
    """Units that readers asked to send back in the window."""
    returned_share: float | None = None
    returns: Mapping[str, int] = field(default_factory=dict)
    """Returns asked for, by the code of the reader's reason."""


COMPARED = ("response_minutes", "on_time", "declined_share", "accuracy", "returned_share")
"""Figures of which the network's middle is told."""


def measure_figures(now: datetime) -> int:
    """Step: measure each shop anew, over each window. Returns how many rows say something else."""
    return sum(_measure(days, now) for days in WINDOWS)


def of_shop(shop: Shop, days: int) -> tuple[Figures, datetime | None]:
    """As last measured, and when; nothing at all where it never was."""
    row = ShopFigures.objects.filter(shop=shop, days=days).first()
    return (Figures(**row.figures), row.measured_at) if row else (Figures(), None)


def middles(days: int) -> dict[str, float]:
    """The network's middle of each figure that at least `FEWEST_SHOPS` shops on sale have."""
    rows = ShopFigures.objects.filter(days=days, shop__status=Shop.Status.ACTIVE)
    said: dict[str, list[float]] = defaultdict(list)
    for figures in rows.values_list("figures", flat=True):
        for name in COMPARED:
            if figures.get(name) is not None:
                said[name].append(figures[name])
    return {name: median(values) for name, values in said.items() if len(values) >= FEWEST_SHOPS}


def _measure(days: int, now: datetime) -> int:
    since = now - timedelta(days=days)
    orders, lines, back = _answers(since), _lines(since), _returns(since)
    incidents = StockIncident.objects.filter(opened_at__gte=since).order_by()
    oversold = dict(incidents.values_list("stock_record__partner__shop").annotate(n=Count("pk")))
    before = dict(ShopFigures.objects.filter(days=days).values_list("shop_id", "figures"))
    rows, changed = [], 0
    for pk in Shop.objects.order_by("pk").values_list("pk", flat=True):
        said = asdict(_figures(orders[pk], lines[pk], back[pk], oversold.get(pk, 0)))
        changed += said != before.get(pk)
        rows.append(ShopFigures(shop_id=pk, days=days, measured_at=now, figures=said))
    ShopFigures.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["shop", "days"], update_fields=["figures", "measured_at"]
    )
    return changed


@dataclass(slots=True)
class _Answers:
    minutes: list[float] = field(default_factory=list)
    on_time: int = 0
    asked: int = 0


def _answers(since: datetime) -> dict[int, _Answers]:
    """By shop. A download answers itself."""
    rows = ShopOrder.objects.filter(created_at__gte=since, is_download=False).order_by()
    rows = rows.filter(Q(answered_at__isnull=False) | Q(expired_at__isnull=False))
    found: dict[int, _Answers] = defaultdict(_Answers)
    columns = rows.values_list("shop_id", "created_at", "answered_at", "expired_at", "answer_due_at")
    for shop_id, created, answered, expired, due in columns.iterator(chunk_size=5000):
        its = found[shop_id]
        its.asked += 1
        if answered is not None and expired is None:
            its.minutes.append((answered - created) / timedelta(minutes=1))
            its.on_time += answered <= due
    return found


@dataclass(slots=True)
class _Lines:
    units: int = 0
    handed_over: int = 0
    declined: dict[str, int] = field(default_factory=dict)


def _lines(since: datetime) -> dict[int, _Lines]:
    answered = Q(shop_order__answered_at__isnull=False) | Q(shop_order__expired_at__isnull=False)
    rows = ShopOrderLine.objects.filter(answered, shop_order__created_at__gte=since, shop_order__is_download=False)
    sums = rows.order_by().values_list("shop_order__shop", "decline_reason")
    found: dict[int, _Lines] = defaultdict(_Lines)
    for shop_id, reason, units, gone, done in sums.annotate(
        units=Sum(F("quantity") - F("cancelled")), gone=Sum(F("declined") - F("cancelled")), done=Sum("handed_over")
    ):
        its = found[shop_id]
        its.units += units
        its.handed_over += done
        if gone:
            its.declined[reason] = its.declined.get(reason, 0) + gone
    return found


@dataclass(slots=True)
class _Returns:
    units: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def _returns(since: datetime) -> dict[int, _Returns]:
    """Of what each shop sold, whoever receives it; what the reader called off is none."""
    rows = Return.objects.filter(asked_at__gte=since).exclude(state=Return.State.CALLED_OFF).order_by()
    found: dict[int, _Returns] = defaultdict(_Returns)
    for shop_id, reason, number in rows.values_list("shop_order__shop", "reason").annotate(n=Count("pk")):
        found[shop_id].reasons[reason] = number
    lines = ReturnLine.objects.filter(of__in=rows).order_by()
    for shop_id, units in lines.values_list("of__shop_order__shop").annotate(n=Sum("units")):
        found[shop_id].units = units
    return found


def _figures(answers: _Answers, lines: _Lines, back: _Returns, oversells: int) -> Figures:
    missing = sum(lines.declined.get(reason, 0) for reason in _MISSING)
    return Figures(
        orders=answers.asked,
        response_minutes=round(median(answers.minutes), 1) if answers.minutes else None,
        on_time=_share(answers.on_time, answers.asked),
        units=lines.units,
        declined=dict(sorted(lines.declined.items())),
        declined_share=_share(sum(lines.declined.values()), lines.units),
        accuracy=_share(lines.units - missing, lines.units),
        oversells=oversells,
        handed_over=lines.handed_over,
        returned=back.units,
        returned_share=_share(min(back.units, lines.handed_over), lines.handed_over),
        returns=dict(sorted(back.reasons.items())),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole > 0 else None
