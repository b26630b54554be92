"""A checkout while the reader fills it in: who, where, how per shop, what they agree to. Nothing is frozen yet; every
page computes its plan from the basket as it is."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from oscar.apps.address.models import UserAddress
from oscar.apps.basket.models import Basket

from marketplace.checkout import earners, filling_in, institutions, order_rows, planning, vouchers
from marketplace.checkout.delivery import Destination, needs_slot
from marketplace.checkout.models import Checkout, CheckoutParcel
from marketplace.checkout.planning import Plan
from marketplace.foundation import network
from marketplace.foundation.prepared import Prepared
from marketplace.models import User
from marketplace.payments import gift_cards
from marketplace.payments.models import BankAccount
from shops.downloads import codes
from shops.models import Allocation, DeliveryOption, DeliverySlot, Shop

HOLD_PREFIX = "checkout:"
PERSON = ("email", "name", "phone")
ADDRESS = ("line1", "line2", "city", "region", "postcode", "country")
_HELD = Prepared(
    lambda key: Allocation.objects.filter(hold_key=key, cause=Allocation.Cause.HOLD, ended_at=None).values_list(
        "stock_record_id", "units"
    )
)
FOR_SOMEBODY = ("recipient_name", "recipient_email", "gift_note", "purchase_order")
AGREEMENTS = ("agrees_other_shop", "agrees_later", "agrees_in_part")


def start(
    basket: Basket,
    user: User | None,
    *,
    language: str,
    now: datetime,
    age: int = 0,
    shop_id: int | None = None,
) -> Checkout:
    """The checkout of this basket: the one being paid, the one being filled in, else a new one that knows what the
    reader said the last time (this basket's, or the account's), its gift cards too. `age`: the reader states to be as
    old. `shop_id`: the reader's own shop, which earns what the network sells unless they choose otherwise, and is asked
    first for what another lacks. The basket must be saved."""
    with transaction.atomic():
        Basket.objects.select_for_update().filter(pk=basket.pk).first()
        alive = Checkout.objects.filter(basket_id=basket.pk, state__in=[Checkout.State.OPEN, Checkout.State.PAYING])
        found = alive.order_by("-state", "-pk").first()  # "paying" before "open"
        if found:
            if user and found.user_id is None:
                Checkout.objects.filter(pk=found.pk).update(user=user, email=found.email or user.email)
                found.refresh_from_db()
            state_age(found, age)
            return found
        made = Checkout(
            token=secrets.token_urlsafe(32),
            basket_id=basket.pk,
            user=user,
            language=language,
            currency=network.current().currency,
            country=network.current().country,
            age_stated=age,
            created_at=now,
            earning_shop=earners.choices().filter(pk=shop_id).first() if shop_id else None,
            reader_shop=Shop.objects.filter(pk=shop_id).first() if shop_id else None,
        )
        earlier = _remember(made, basket, user)
        made.save()
        gift_cards.remember(made.pk, basket.pk)
        vouchers.remember(made, now=now)
        _choose_as_before(made, earlier, now)
        return made


def being_paid(basket: Basket) -> Checkout | None:
    """The checkout of this basket that is frozen and at the payment page."""
    if basket.pk is None:
        return None
    return Checkout.objects.filter(basket_id=basket.pk, state=Checkout.State.PAYING).select_related("payment").first()


def units_held(checkout: Checkout) -> dict[int, int]:
    """Units by stock record that this checkout keeps."""
    units: Counter[int] = Counter()
    for record_id, kept in _HELD.rows(hold_key(checkout)):
        units[record_id] += kept
    return dict(units) | codes.held(hold_key(checkout))


def hold_key(checkout: Checkout) -> str:
    return f"{HOLD_PREFIX}{checkout.pk}"


def set_person(checkout: Checkout, *, email: str, name: str, phone: str = "") -> None:
    _write(checkout, {"email": email, "name": name, "phone": phone})


def set_recipient(checkout: Checkout, given: Mapping[str, str]) -> None:
    """Whom it is for, a word to them, an institution's own number; `given` holds every name of FOR_SOMEBODY."""
    _write(checkout, {name: given[name] for name in FOR_SOMEBODY})


def name_recipient(checkout: Checkout, name: str) -> None:
    """Whose name stands on the parcel where it is not the buyer's: an address of theirs may be another's."""
    _write(checkout, {"recipient_name": "" if name == checkout.name else name})


def set_address(checkout: Checkout, address: Mapping[str, str]) -> None:
    """`address` holds every name of ADDRESS."""
    _write(checkout, {name: address[name] for name in ADDRESS})


def agree(checkout: Checkout, agreements: Mapping[str, bool]) -> None:
    """`agreements` holds every name of AGREEMENTS."""
    _write(checkout, {name: agreements[name] for name in AGREEMENTS})


def state_age(checkout: Checkout, years: int) -> None:
    """The reader states to be at least so old."""
    if years > checkout.age_stated:
        _write(checkout, {"age_stated": years})


def let_earn(checkout: Checkout, shop: Shop | None, by_record: Mapping[int, Shop | None] | None = None) -> None:
    """Who sells the network's downloads to this reader, single ones by stock record otherwise than the rest; None: they
    are sold for the pool."""
    single = {str(record): earner.pk if earner else 0 for record, earner in (by_record or {}).items()}
    _write(checkout, {"earning_shop_id": shop.pk if shop else None, "earning_by_record": single})


def agree_to_download(checkout: Checkout, *, now: datetime) -> None:
    """The reader wants downloads at once and gives up withdrawing from them once they are fetched."""
    _write(checkout, {"agreed_to_download_at": now})


def pay_by_invoice(checkout: Checkout, by_invoice: bool) -> None:
    """Whether an institution wants to be invoiced; whether it may is looked at when it is frozen."""
    _write(checkout, {"by_invoice": by_invoice})


def choose_delivery(
    checkout: Checkout, chosen: Mapping[int, int], in_slots: Mapping[int, tuple[int, date]] | None = None
) -> None:
    """`chosen`: delivery option by shop; `in_slots`: the courier's slot and day by shop. Shops left out keep what they
    had; options and slots of another shop are ignored."""
    options = list(DeliveryOption.objects.filter(pk__in=chosen.values(), active=True))
    wanted = in_slots or {}
    of_option = dict(DeliverySlot.objects.filter(pk__in=[pk for pk, _ in wanted.values()]).values_list("pk", "option"))
    parcels = []
    for option in options:
        if chosen.get(option.shop_id) == option.pk:
            slot = wanted.get(option.shop_id)
            slot_id, day = slot if slot and of_option.get(slot[0]) == option.pk else (None, None)
            parcels.append(
                CheckoutParcel(
                    checkout=checkout, shop_id=option.shop_id, delivery_option=option, slot_id=slot_id, slot_day=day
                )
            )
    with transaction.atomic():
        if filling_in.locked(checkout):
            CheckoutParcel.objects.bulk_create(
                parcels,
                update_conflicts=True,
                unique_fields=["checkout", "shop", "is_download"],
                update_fields=["delivery_option", "slot", "slot_day"],
            )


def collect_everything(checkout: Checkout, plan: Plan) -> bool:
    """Choose each shop's pick-up. False, and nothing is chosen, where a shop has none."""
    pickups = {
        parcel.shop.pk: option.pk
        for parcel in plan.sent
        for option in reversed(parcel.options)
        if option.kind == DeliveryOption.Kind.PICKUP
    }
    if len(pickups) < len(plan.sent):
        return False
    choose_delivery(checkout, pickups)
    return True


def forget_delivery(checkout: Checkout) -> None:
    with transaction.atomic():
        if filling_in.locked(checkout):
            CheckoutParcel.objects.filter(checkout=checkout).update(delivery_option=None, slot=None, slot_day=None)


def destination(checkout: Checkout) -> Destination | None:
    """Where to, once the reader has given a whole address."""
    if not (checkout.line1 and checkout.city and checkout.postcode and checkout.country):
        return None
    return Destination(country=checkout.country, postcode=checkout.postcode)


def plan_of(checkout: Checkout, *, now: datetime) -> Plan:
    """The plan of its basket as it is now, with what the reader chose: two queries more than `planning.plan`,
    three while stock is held."""
    said = CheckoutParcel.objects.filter(checkout=checkout)
    rows = list(said.values_list("shop_id", "delivery_option_id", "slot_id", "slot_day"))
    chosen = {shop_id: option_id for shop_id, option_id, *_ in rows}
    in_slots = {shop_id: (slot_id, day) for shop_id, _, slot_id, day in rows if slot_id and day}
    held = units_held(checkout) if checkout.state == Checkout.State.PAYING else {}
    basket = Basket(pk=checkout.basket_id)
    to, voucher = destination(checkout), vouchers.of(checkout, now=now)
    # Nothing more counts by itself once it is frozen, nor for an institution, which buys at the regular price.
    is_open = checkout.state == Checkout.State.OPEN
    running = vouchers.promotions(now=now) if is_open else []
    if running and institutions.is_bound(checkout.user_id):
        running = []
    earned_by = earners.Chosen(checkout.earning_shop_id, checkout.earning_by_record)
    how = {"chosen": chosen, "to": to, "held": held, "in_slots": in_slots, "earned_by": earned_by}
    return planning.plan(basket, now=now, voucher=voucher, promotions=running, **how)  # type: ignore[arg-type]  # each its own


def unpayable(plan: Plan) -> list[Shop]:
    """Shops of the plan that cannot be paid: whoever paid them would have it sent back."""
    return without_payout(parcel.shop for parcel in plan.parcels if not parcel.is_pooled)


def without_payout(shops: Iterable[Shop]) -> list[Shop]:
    """Those that can be paid neither by transfer nor by bank. A query where there is a shop that Stripe cannot pay."""
    others = [shop for shop in shops if not shop.stripe_account_ready]
    by_bank = set(BankAccount.objects.filter(shop__in=others).values_list("shop_id", flat=True)) if others else set()
    return [shop for shop in others if shop.pk not in by_bank]


def advance(checkout: Checkout, *, now: datetime) -> str:
    """The next open decision; what can only be one way (a shop with one option that is possible) is decided first."""
    plan = plan_of(checkout, now=now)
    only = {}
    for parcel in plan.undelivered:
        possible = [option for option in parcel.options if not parcel.quotes[option.pk].refusal]
        if len(possible) == len(parcel.options) == 1 and not needs_slot(possible[0]):
            only[parcel.shop.pk] = possible[0].pk
    if only:
        choose_delivery(checkout, only)
        plan = plan_of(checkout, now=now)
    return next_step(checkout, plan)


def next_step(checkout: Checkout, plan: Plan) -> str:
    """The first decision that is open: who, where, how, else pay."""
    if not (checkout.email and checkout.name):
        return "who"
    if plan.undelivered:
        return "how" if destination(checkout) or not _could_be_sent(plan) else "where"
    # A download is taxed where its reader is, so that an address is asked for even if all else is collected.
    if (not plan.only_pickups or plan.has_downloads) and destination(checkout) is None:
        return "where"
    return "pay"


def _could_be_sent(plan: Plan) -> bool:
    return any(not option.is_collected for parcel in plan.parcels for option in parcel.options)


def _write(checkout: Checkout, values: Mapping[str, object]) -> None:
    """Only while it is being filled in: what is frozen stays as the reader agreed to it."""
    open_still = Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.OPEN)
    if open_still.update(**values, touched_at=timezone.now()):
        for name, value in values.items():
            setattr(checkout, name, value)


def _remember(made: Checkout, basket: Basket, user: User | None) -> Checkout | None:
    """What was said the last time; the checkout that said it. Else an account's address book knows where."""
    earlier = Checkout.objects.filter(basket_id=basket.pk).exclude(email="").order_by("-pk").first()
    if earlier is None and user is not None:
        earlier = Checkout.objects.filter(user=user).exclude(email="").order_by("-pk").first()
    if earlier is not None and (earlier.user_id is None or (user is not None and earlier.user_id == user.pk)):
        for name in (*PERSON, *ADDRESS):
            setattr(made, name, getattr(earlier, name))
        made.recipient_name = earlier.recipient_name if earlier.line1 else ""  # whose address that is
    else:
        earlier = None
    if user is not None and not made.line1:
        book = UserAddress.objects.filter(user=user).order_by("-is_default_for_shipping", "line1", "pk").first()
        kept = order_rows.fields_of(book) if book else {}
        for name in ADDRESS if book else ():
            setattr(made, name, kept[name])
        made.name = made.name or user.get_full_name() or kept.get("name", "")
        if kept.get("name") and kept["name"] != made.name:
            made.recipient_name = kept["name"]
    if user is not None:
        made.email = made.email or user.email
        made.name = made.name or user.get_full_name()
    return earlier


def _choose_as_before(checkout: Checkout, earlier: Checkout | None, now: datetime) -> None:
    """Who has an account and is known to live somewhere chooses nothing again: each shop's parcel comes as the last one
    of that shop came; else as cheaply as it can be sent, unless the reader collected something the last time. The page
    before paying shows it, and lets it be changed."""
    if checkout.user_id is None or destination(checkout) is None:
        return
    said = CheckoutParcel.objects.filter(checkout=earlier).exclude(delivery_option=None)
    before = {row.shop_id: row.delivery_option for row in said.select_related("delivery_option")} if earlier else {}
    collects = any(option.is_collected for option in before.values() if option)
    chosen = {}
    for parcel in plan_of(checkout, now=now).undelivered:
        possible = [one for one in parcel.options if not parcel.quotes[one.pk].refusal and not needs_slot(one)]
        sent = sorted(
            (one for one in possible if not one.is_collected), key=lambda one: parcel.quotes[one.pk].price_minor
        )
        as_before = [one for one in possible if one == before.get(parcel.shop.pk)]
        if found := as_before or ([] if collects else sent):
            chosen[parcel.shop.pk] = found[0].pk
    if chosen:
        choose_delivery(checkout, chosen)
