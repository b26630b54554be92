"""What must always be true of refunds, reversals, debts and disputes; each function returns its violations as texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from operator import or_

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, Sum, TextField
from django.db.models.functions import Cast

from marketplace.payments import gateway, ledger, sales_tax
from marketplace.payments.ledger_corrections import DISPUTES
from marketplace.payments.models import Dispute, DisputeShare, LedgerEntry, MoneyCall, RefundRequest
from shops.models import Shop, ShopOrder, ShopOrderLine

Kind = MoneyCall.Kind


def ledger_sums_to_zero() -> list[str]:
    """Over all accounts, for each currency."""
    sums: Counter[str] = Counter()
    for column, sign in (("debit", 1), ("credit", -1)):
        rows = LedgerEntry.objects.values(column, "currency").annotate(s=Sum("amount_minor")).order_by()
        for row in rows:
            sums[row["currency"]] += sign * row["s"]
    return [f"{currency}: {left} too much" for currency, left in sums.items() if left]


def one_currency_per_order() -> list[str]:
    mixed = LedgerEntry.objects.exclude(order=None).values("order__number").annotate(n=Count("currency", distinct=True))
    return [f"order {row['order__number']}: {row['n']} currencies" for row in mixed.filter(n__gt=1).order_by()]


def each_shop_order_is_paid_once() -> list[str]:
    """One transfer or one earning booked for the bank, and with what a transfer kept back for a debt exactly what was
    earned."""
    calls = MoneyCall.objects.filter(kind=Kind.TRANSFER)
    twice = calls.values("shop_order__number").annotate(n=Count("pk")).filter(n__gt=1).order_by()
    wrong = [f"{row['shop_order__number']}: {row['n']} transfers" for row in twice]
    both = calls.filter(shop_order__bank_earning__isnull=False).values_list("shop_order__number", flat=True)
    wrong += [f"{number}: a transfer, and booked for the bank" for number in both]
    rows = LedgerEntry.objects.filter(kind="earning").values("shop_order__number").annotate(n=Count("pk"))
    wrong += [f"{row['shop_order__number']}: earned {row['n']} times" for row in rows.filter(n__gt=1).order_by()]
    made = Exists(calls.filter(shop_order=OuterRef("pk")))
    marked = ShopOrder.objects.filter(bank_earning=None, booked_at__isnull=False).filter(~made)
    wrong += [f"{number}: marked as booked, and is not" for number in marked.values_list("number", flat=True)]
    earned = dict(LedgerEntry.objects.filter(kind="earning").values_list("key", "amount_minor"))
    for call in calls.exclude(done_at=None):
        booked = earned.get(f"earning:{call.key}", 0)
        if booked != call.amount_minor + call.netted_minor - call.credit_minor:
            paid = f"{call.amount_minor} paid, {call.netted_minor} kept back, {call.credit_minor} from before"
            wrong.append(f"{call.key}: {booked} earned, {paid}")
    return wrong


def reversals_fit() -> list[str]:
    """No more is taken back than was transferred."""
    back = Sum("followed_by__amount_minor", filter=Q(followed_by__refused_at=None), default=0)
    transfers = MoneyCall.objects.filter(kind=Kind.TRANSFER).annotate(back=back).filter(back__gt=F("amount_minor"))
    return [f"{call.key}: {call.back} taken back of {call.amount_minor}" for call in transfers]


def requests_are_borne() -> list[str]:
    """Every refund that a person had made is borne by somebody to the cent, once it is made."""
    kinds = ["goodwill", "taken_back", "commission_back", "commission_tax_back", "sales_tax_back"]
    kinds += ["referral_back", "difference_back"]
    entries = dict(LedgerEntry.objects.filter(kind__in=kinds).values_list("key", "amount_minor"))
    wrong = []
    paid_back = MoneyCall.objects.filter(request=OuterRef("pk"), kind=Kind.REFUND)
    by_other_means = RefundRequest.objects.filter(~Exists(paid_back))
    for request in RefundRequest.objects.filter(Exists(paid_back.exclude(done_at=None))) | by_other_means:
        if request.borne_by == RefundRequest.Bearer.NETWORK:
            borne = entries.get(f"goodwill:{request.pk}", 0)
        elif request.after_transfer:
            taxes = [f"commission-tax-back:{place}:{request.pk}" for place, _ in request.commission_tax]
            taxes += [f"sales-tax-back:{place}:{request.pk}" for place, _ in request.sales_tax]
            keys = (f"taken-back:{request.pk}", f"commission-back:{request.pk}", *taxes)
            borne = sum(entries.get(key, 0) for key in keys) - entries.get(f"difference-back:{request.pk}", 0)
            shares = {f"referral-back:{of}:{request.pk}": minor for of, minor in request.partner_shares}
            if any(entries.get(key) != minor for key, minor in shares.items()):
                wrong.append(f"refund request {request.pk}: a partner's share of it is not booked back")
        else:
            continue  # the transfer is that much smaller: `orders_are_never_overdrawn` holds it
        if borne != request.amount_minor:
            wrong.append(f"refund request {request.pk}: {request.amount_minor} given back, {borne} borne")
    return wrong


def commission_goes_back_once() -> list[str]:
    """Of no shop order goes more commission, or tax on it, back than was kept."""
    sums: Counter[tuple[str, str]] = Counter()
    kept = dict.fromkeys(("commission", "commission_tax", "sales_tax"), 1)
    kept |= dict.fromkeys(("commission_back", "commission_tax_back", "sales_tax_back"), -1)
    rows = LedgerEntry.objects.filter(kind__in=kept).values("shop_order__number", "kind", "debit", "credit")
    for row in rows.annotate(s=Sum("amount_minor")).order_by():
        sign = kept[row["kind"]]
        sums[row["shop_order__number"], row["credit" if sign > 0 else "debit"]] += sign * row["s"]
    return [
        f"{number}: {-left} too much of {account} went back" for (number, account), left in sums.items() if left < 0
    ]


def collected_tax_is_owed() -> list[str]:
    """Of each shop order that was earned, the tax in its price that the network collects is owed to its place, less
    what went back of it; and none of it is its shop's."""
    sums: Counter[tuple[int, str]] = Counter()
    for column, sign in (("credit", 1), ("debit", -1)):
        rows = LedgerEntry.objects.filter(kind__in=ledger.SALES_TAX, **{f"{column}__startswith": "tax:"})
        for row in rows.values("shop_order", column).annotate(s=Sum("amount_minor")).order_by():
            sums[row["shop_order"], row[column][len("tax:") :]] += sign * row["s"]
    codes = [Q(text__contains=f'"{code}"') for code in sales_tax.MARKETPLACE_COLLECTS]
    taxed = ShopOrderLine.objects.annotate(text=Cast("tax_parts", TextField())).filter(reduce(or_, codes))
    earned = ShopOrder.objects.filter(is_pooled=False, pk__in=taxed.values("shop_order"))
    earned = earned.filter(Exists(LedgerEntry.objects.filter(shop_order=OuterRef("pk"), kind="earning")))
    made = [
        request
        for request in RefundRequest.objects.filter(shop_order__in=earned).prefetch_related("calls").order_by("pk")
        if not request.after_transfer or all(call.done_at for call in request.calls.all())
    ]
    wrong = []
    for shop_order in earned.prefetch_related("lines"):
        requests = [request for request in made if request.shop_order_id == shop_order.pk]
        most = sum(line.total_minor for line in shop_order.lines.all())
        for place, due in sales_tax.collected(list(shop_order.lines.all()), requests, most_minor=most):
            if (owed := sums[shop_order.pk, place]) != due:
                wrong.append(f"{shop_order}: {due} of tax to be paid in {place}, booked {owed}")
    return wrong


def failed_refunds_are_booked_back() -> list[str]:
    keys = set(LedgerEntry.objects.filter(kind="refund_failed").values_list("key", flat=True))
    failed = MoneyCall.objects.exclude(failed_at=None)
    return [f"{call.key} failed and is not booked back" for call in failed if f"failed:{call.key}" not in keys]


def disputes_are_borne_once() -> list[str]:
    """What shops bear of a dispute is no more than it cost, and nothing unless it was lost."""
    wrong = [
        f"{share.dispute.dispute_id} is {share.dispute.status}, and {share.shop_order_id} bears some of it"
        for share in DisputeShare.objects.exclude(dispute__status=Dispute.Status.LOST).select_related("dispute")
    ]
    borne = dict(DisputeShare.objects.values_list("dispute").annotate(s=Sum("amount_minor")).order_by())
    cost: Counter[str] = Counter()
    causes = {f"dispute {dispute.dispute_id}": dispute for dispute in Dispute.objects.filter(pk__in=borne)}
    for column, sign in (("debit", 1), ("credit", -1)):
        rows = LedgerEntry.objects.filter(**{column: DISPUTES}, cause__in=causes).values("cause")
        for row in rows.annotate(s=Sum("amount_minor")).order_by():
            cost[row["cause"]] += sign * row["s"]
    return wrong + [
        f"{cause}: {borne[dispute.pk] - cost[cause]} too much was borne"
        for cause, dispute in causes.items()
        if borne[dispute.pk] > cost[cause]
    ]


def shops_have_what_was_transferred() -> list[str]:
    """Each shop's account at the stand-in against our transfers and reversals; no shop is paid twice."""
    if not settings.STRIPE_FAKE:
        return []
    wrong = []
    for shop in Shop.objects.exclude(stripe_account=""):
        account = ledger.shop_account(shop.pk)
        sums = LedgerEntry.objects.filter(kind__in=["transfer", "reversal"]).aggregate(
            paid=Sum("amount_minor", filter=Q(debit=account), default=0),
            back=Sum("amount_minor", filter=Q(credit=account), default=0),
        )
        movements = gateway.list_balance_transactions(
            created_since=datetime.fromtimestamp(0, UTC), account_id=shop.stripe_account
        )
        has = sum(m.net_minor for m in movements if not m.kind.startswith("payout"))
        if has != sums["paid"] - sums["back"]:
            wrong.append(f"{shop}: Stripe says {has}, the ledger {sums['paid'] - sums['back']}")
    return wrong


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "the ledger sums to zero": ledger_sums_to_zero,
    "an order has one currency": one_currency_per_order,
    "each shop order is paid once, what was earned": each_shop_order_is_paid_once,
    "no more is taken back than was transferred": reversals_fit,
    "every refund by a person is borne": requests_are_borne,
    "commission goes back once, with its tax": commission_goes_back_once,
    "tax that the network collects is owed to its place": collected_tax_is_owed,
    "every failed refund is booked back": failed_refunds_are_booked_back,
    "disputes are borne once": disputes_are_borne_once,
    "shops have what was transferred": shops_have_what_was_transferred,
}
