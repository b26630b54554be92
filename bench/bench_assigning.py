"""The proposal of which shop supplies what, against HiGHS on the same baskets: how far above exact, in what time.

Baskets are random, of one seed: shops with flat delivery or free above an amount, 0.3 to 60 km away, each title in a
fifth to three fifths of them, two fifths of the titles at one fixed price. No database is
asked. Times are the processor's, of one thread."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from statistics import median

import common
import highspy

from marketplace.checkout.assigning import EXACT, Assignment, Goal, Offered, Source, Wish, assign

SEED = 1
SIZES = ((12, 12), (30, 40))
MOST_GAP = 0.05
MOST_MS = 50.0
HIGHS_SECONDS = 60.0


def basket(seed: int, lines: int, shops: int) -> tuple[list[Wish], dict[int, Source]]:
    rng = random.Random(seed)
    sources = {}
    for shop in range(shops):
        price, free = rng.choice([300, 450, 500, 650, 800, 950]), rng.choice([None, 3500, 5000, 6000, 8000])
        sources[shop] = Source([(0, price), *([(free, 0)] if free else [])], rng.uniform(0.3, 60))
    wishes = []
    for _ in range(lines):
        price, quantity = rng.randint(800, 3500), rng.choice([1, 1, 1, 2])
        fixed, share = rng.random() < 0.4, rng.choice([0.2, 0.4, 0.6])
        having = [shop for shop in range(shops) if rng.random() < share] or [rng.randrange(shops)]
        offered = [
            Offered(shop, price if fixed else int(price * rng.uniform(0.85, 1.15)), rng.choice([1, 2, 5]))
            for shop in having
        ]
        offered[0] = Offered(offered[0].shop, offered[0].price_minor, quantity)
        wishes.append(Wish(quantity, offered, offered[0].shop))
    return wishes, sources


class Model:
    """The same as a linear program of whole numbers: a line in a shop, a shop at one of its steps."""

    def __init__(self, wishes: list[Wish], sources: dict[int, Source]) -> None:
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("time_limit", HIGHS_SECONDS)
        self.highs.setOptionValue("mip_rel_gap", 0.0)
        self.highs.setOptionValue("threads", 1)
        prices = [wish.possible for wish in wishes]
        self.there = [{shop: self.highs.addBinary() for shop in where} for where in prices]
        self.at = {shop: [self.highs.addBinary() for _ in source.steps] for shop, source in sources.items()}
        for line in self.there:
            self.highs.addConstr(sum_of(line.values()) == 1)
        for shop, source in sources.items():
            opened = sum_of(self.at[shop])
            here = [(line, where) for line, where in zip(self.there, prices, strict=True) if shop in line]
            for line, _ in here:
                self.highs.addConstr(line[shop] <= opened)
            self.highs.addConstr(opened <= 1)
            goods = sum_of(where[shop] * line[shop] for line, where in here)
            for step, (start, _) in zip(self.at[shop], source.steps, strict=True):
                if start:
                    self.highs.addConstr(goods >= start * step)
        self.measures = {
            "parcels": sum_of(step for steps in self.at.values() for step in steps),
            "total": sum_of(
                where[shop] * line[shop] for line, where in zip(self.there, prices, strict=True) for shop in where
            )
            + sum_of(
                price * step
                for shop, source in sources.items()
                for step, (_, price) in zip(self.at[shop], source.steps, strict=True)
            ),
            "way": sum_of(source.way * step for shop, source in sources.items() for step in self.at[shop]),
        }

    def least(self, measure: str) -> int:
        """The least of this measure, which it then keeps while the next is asked for."""
        self.highs.minimize(self.measures[measure])
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SystemExit(f"HiGHS found no optimum of {measure} within {HIGHS_SECONDS:.0f} s.")
        found = round(self.highs.getInfo().objective_function_value)
        self.highs.addConstr(self.measures[measure] <= found + 0.5)
        return found


def sum_of(terms: Iterable[object]) -> object:
    return highspy.Highs.qsum(terms)


MEASURES: dict[Goal, tuple[tuple[str, str], Callable[[Assignment], tuple[int, int]]]] = {
    Goal.FEWEST: (("parcels", "total"), lambda found: (found.parcels, found.total_minor)),
    Goal.CHEAPEST: (("total", "parcels"), lambda found: (found.total_minor, found.parcels)),
    Goal.NEAREST: (("way", "parcels"), lambda found: (found.way, found.parcels)),
}


def compare(lines: int, shops: int, baskets: int) -> list[common.Figure]:
    """By goal: the gap of its first measure, in how many both measures are HiGHS's, times; then of all goals together,
    which is what a basket page asks."""
    figures, together, theirs_together = [], [], [0.0] * baskets
    asked = [basket(SEED + number, lines, shops) for number in range(baskets)]
    exact = lines <= EXACT and shops <= EXACT
    all_ours = [0.0] * baskets
    for goal, (names, measured) in MEASURES.items():
        gaps, same, ours, theirs = [], 0, [], []
        for wishes, sources in asked:
            started = time.process_time()
            found = assign(wishes, sources, goal)
            ours.append(time.process_time() - started)
            assert found is not None
            started = time.process_time()
            model = Model(wishes, sources)
            first = model.least(names[0])
            theirs.append(time.process_time() - started)
            best = (first, model.least(names[1])) if exact else (first, measured(found)[1])
            gaps.append(measured(found)[0] / first - 1)
            same += measured(found) == best
        all_ours = [sum(pair) for pair in zip(all_ours, ours, strict=True)]
        theirs_together = [sum(pair) for pair in zip(theirs_together, theirs, strict=True)]
        figures.append(gap_figure(f"{lines} × {shops}, {goal}", gaps, same, exact))
    for number, (wishes, sources) in enumerate(asked):
        started = time.process_time()
        assign(wishes, sources, Goal.MINE, mine=number % shops)
        together.append(all_ours[number] + time.process_time() - started)
    late = percentile(together) * 1000
    return [
        *figures,
        common.Figure(
            f"{lines} × {shops}, all four goals, p95",
            common.milliseconds(percentile(together)),
            common.milliseconds(percentile(theirs_together)),
            percentile(together) / percentile(theirs_together),
            f"≤ {MOST_MS:.0f} ms",
            late <= MOST_MS,
            percentile(together),
        ),
        common.Figure(
            f"{lines} × {shops}, all four goals, p50",
            common.milliseconds(median(together)),
            common.milliseconds(median(theirs_together)),
            median(together) / median(theirs_together),
        ),
    ]


def gap_figure(name: str, gaps: list[float], same: int, exact: bool) -> common.Figure:
    worst = max(gaps)
    return common.Figure(
        f"{name}, above exact",
        f"p95 {percentile(gaps):.2%}, worst {worst:.2%}, {same} of {len(gaps)} exact",
        "0%",
        None,
        "exact" if exact else f"≤ {MOST_GAP:.0%}",
        same == len(gaps) if exact else worst <= MOST_GAP,
    )


def percentile(found: list[float], share: float = 0.95) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * share))]


def main() -> None:
    parser = common.argument_parser(__doc__ or "")
    parser.add_argument("--baskets", type=int, default=40, help="of each size")
    wants = parser.parse_args()
    sizes, baskets = (((4, 4), (5, 6)), 2) if wants.quick else (SIZES, wants.baskets)
    common.fresh_database()
    bare = common.interleaved({"bare": common.bare_page()}, 1 if wants.quick else 5)["bare"]
    figures = [figure for lines, shops in sizes for figure in compare(lines, shops, baskets)]
    common.show("Who supplies what", figures, bare / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
