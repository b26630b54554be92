"""What the network keeps of a sale: the most specific rule that fits, frozen with the line when it is sold.

Without a rule the shop's own rate is taken, without one the network's. The base are the goods of a line as the reader
sees them, after discount: without delivery, and without tax that comes on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from marketplace.catalogue.models import Form, ProductFacts
from marketplace.foundation import money, network, prepared
from marketplace.payments.models import CommissionRule, LineCommission, SoldBy, SoldForm
from shops.models import Shop, ShopOrder, ShopOrderLine, Supply

# All of them, ended ones too: there are few, and which holds is asked of each (`fits`).
_RULES = prepared.Prepared(lambda: CommissionRule.objects.all())
_PRINTED = {Form.HARDBACK, Form.PAPERBACK, Form.POCKET, Form.BOOK, Form.COMIC, Form.BOARD, Form.MAP}


@dataclass(frozen=True)
class Sale:
    """What a rule looks at. `subject` is the title's first Thema code, the most telling one; `turnover_minor` the
    shop's goods of the calendar month before (UTC)."""

    shop_id: int
    subject: str = ""
    form: str = SoldForm.OTHER
    channel: str = SoldBy.WEB
    turnover_minor: int = 0
    partner_id: int | None = None


@dataclass(frozen=True)
class Terms:
    """What is taken: a rate in basis points, or a flat amount for each unit; with bounds for each unit. Of it, in basis
    points of the goods, what goes to the partner who brought the sale."""

    basis_points: int | None
    flat_minor: int | None = None
    floor_minor: int | None = None
    cap_minor: int | None = None
    rule_id: int | None = None
    partner_basis_points: int = 0


@dataclass(frozen=True)
class _Goods:
    """What is read of a line."""

    quantity: int
    goods_minor: int


def fits(rule: CommissionRule, sale: Sale, at: datetime) -> bool:
    return (
        rule.begins_at <= at
        and (rule.ends_at is None or at < rule.ends_at)
        and rule.shop_id in (None, sale.shop_id)
        and sale.subject.startswith(rule.subject)
        and rule.form in ("", sale.form)
        and rule.channel in ("", sale.channel)
        and rule.partner_id in (None, sale.partner_id)
        and rule.turnover_minor <= sale.turnover_minor
    )


def specificity(rule: CommissionRule) -> tuple[bool, bool, bool, bool, int, int, datetime, int]:
    """Of two rules that fit, the greater wins, compared from the left: one for this shop before one for all; for this
    partner; for this channel; for this form; the longer Thema code; the higher turnover; the one that began later; the
    one made later."""
    return (
        rule.shop_id is not None,
        rule.partner_id is not None,
        bool(rule.channel),
        bool(rule.form),
        len(rule.subject),
        rule.turnover_minor,
        rule.begins_at,
        rule.pk,
    )


def rule_for(sale: Sale, rules: Iterable[CommissionRule], at: datetime) -> CommissionRule | None:
    return max((rule for rule in rules if fits(rule, sale, at)), key=specificity, default=None)


def sold_form(facts: ProductFacts | None) -> str:
    if facts is None:
        return SoldForm.OTHER
    if facts.form == Form.EBOOK:
        return SoldForm.DIGITAL
    return SoldForm.PRINTED if facts.is_book or facts.form in _PRINTED else SoldForm.OTHER


def agreed(
    lines: Sequence[ShopOrderLine],
    facts: Mapping[int, ProductFacts | None],
    *,
    channel: str = SoldBy.WEB,
    partner_id: int | None = None,
    at: datetime,
) -> list[LineCommission]:
    """What the network keeps of each line, and what of that is the partner's who brought the sale; not written. `facts`
    by product id; lines come with shop order and shop. One query however many lines, a second where a rule asks for
    turnover."""
    shop_ids = {line.shop_order.shop_id for line in lines}
    rules: list[CommissionRule] = _RULES.objects()
    turnover = _turnover(shop_ids, at) if any(rule.turnover_minor for rule in rules) else {}
    by_terms: dict[tuple[int, Terms], list[ShopOrderLine]] = defaultdict(list)
    for line in lines:
        shop, title = _offering(line), facts.get(line.product_id or 0)
        codes = title.subject_codes if title else []
        sale = Sale(shop.pk, codes[0] if codes else "", sold_form(title), channel, turnover.get(shop.pk, 0), partner_id)
        by_terms[line.shop_order_id, _terms(rule_for(sale, rules, at), shop.commission_basis_points)].append(line)
    return [
        LineCommission(
            line=line,
            rule_id=terms.rule_id,
            basis_points=terms.basis_points,
            flat_minor=terms.flat_minor,
            amount_minor=amount,
            partner_id=partner_id if partners else None,
            partner_minor=partners,
        )
        for (_, terms), together in by_terms.items()
        for line, amount, partners in zip(
            together, amounts(terms, together), _partners(terms, together, partner_id), strict=True
        )
    ]


def _offering(line: ShopOrderLine) -> Shop:
    """Whose rules count: for a download those of the shop that offers it, whoever sells it for the network."""
    if line.supply == Supply.DIGITAL and line.stock_record:
        return line.stock_record.partner.shop
    return line.shop_order.shop


def amounts(terms: Terms, lines: Sequence[ShopOrderLine | _Goods]) -> list[int]:
    """What is kept of each of one shop order's lines of the same terms. A rate is taken of their sum and shared by
    largest remainder, so that many small lines cost a shop no more than one large one; then bounded by line, and never
    more than the line's goods."""
    if terms.flat_minor is not None:
        found = [terms.flat_minor * line.quantity for line in lines]
    else:
        goods = [line.goods_minor for line in lines]
        found = money.split(money.share(sum(goods), terms.basis_points or 0), goods)
    return [
        min(
            max(amount, (terms.floor_minor or 0) * line.quantity),
            line.goods_minor if terms.cap_minor is None else terms.cap_minor * line.quantity,
            line.goods_minor,
        )
        for amount, line in zip(found, lines, strict=True)
    ]


def at_counter(shop: Shop, facts: ProductFacts | None, *, goods_minor: int, units: int, at: datetime) -> int:
    """What the network keeps of a title that was reserved here and paid in the shop."""
    rules: list[CommissionRule] = _RULES.objects()
    turnover = _turnover({shop.pk}, at) if any(rule.turnover_minor for rule in rules) else {}
    codes = facts.subject_codes if facts else []
    sale = Sale(shop.pk, codes[0] if codes else "", sold_form(facts), SoldBy.WEB, turnover.get(shop.pk, 0))
    terms = _terms(rule_for(sale, rules, at), shop.commission_basis_points)
    return amounts(terms, [_Goods(units, goods_minor)])[0]


def _partners(terms: Terms, lines: Sequence[ShopOrderLine], partner_id: int | None) -> list[int]:
    """The partner's part of each line, never more than what is kept of it."""
    if partner_id is None or not terms.partner_basis_points:
        return [0] * len(lines)
    goods = [line.goods_minor for line in lines]
    shared = money.split(money.share(sum(goods), terms.partner_basis_points), goods)
    return [min(part, kept) for part, kept in zip(shared, amounts(terms, lines), strict=True)]


def frozen(lines: Sequence[ShopOrderLine]) -> dict[int, LineCommission]:
    """The commission of each line by its id. Lines that came into being outside placing (another shop took over) are
    frozen the first time somebody asks, by the rules of the moment their shop order was made."""
    found = LineCommission.objects.in_bulk([line.pk for line in lines])
    missing: dict[ShopOrder, list[ShopOrderLine]] = defaultdict(list)
    for line in lines:
        if line.pk not in found:
            missing[line.shop_order].append(line)
    for shop_order, late in missing.items():
        facts = ProductFacts.objects.in_bulk([line.product_id for line in late if line.product_id])
        found |= {row.pk: row for row in prepared.insert(agreed(late, facts, at=shop_order.created_at))}
    return found


def _terms(rule: CommissionRule | None, own_basis_points: int | None) -> Terms:
    if rule is None:
        own = own_basis_points
        return Terms(network.current().commission_basis_points if own is None else own)
    bounds = (rule.floor_minor, rule.cap_minor)
    return Terms(rule.basis_points, rule.flat_minor, *bounds, rule.pk, rule.partner_basis_points)


def _turnover(shop_ids: Iterable[int], at: datetime) -> dict[int, int]:
    this_month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = this_month.replace(year=at.year - 1, month=12) if at.month == 1 else this_month.replace(month=at.month - 1)
    sold = ShopOrder.objects.filter(shop__in=shop_ids, created_at__gte=before, created_at__lt=this_month)
    sums = sold.exclude(status=ShopOrder.Status.DECLINED).order_by().values("shop").annotate(sum=Sum("goods_minor"))
    return {row["shop"]: row["sum"] for row in sums}
