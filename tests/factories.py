"""Small plain makers of the rows that tests need. Each takes the columns that matter and fills in the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.utils import timezone
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Product, ProductClass
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.order.models import Line, Order
from oscar.apps.partner.models import Partner, StockRecord

from catalog_sync.models import DryRun, Feed, FeedSetup, OwnArticle
from catalog_sync.titles import moves
from marketplace.agenda.models import Event
from marketplace.catalogue.models import ProductFacts
from marketplace.checkout.models import Checkout, Institution, Voucher
from marketplace.foundation import network as networks
from marketplace.foundation.models import Network, OperatorRoles, Role
from marketplace.foundation.money import to_minor
from marketplace.models import User
from marketplace.payments import gift_cards, local_kept
from marketplace.payments.models import CreditTerms, GiftCard, LocalAccount, LocalCurrency, MoneyCall, Payment
from marketplace.readers import brought
from shops import reservations, stock
from shops.downloads import uploading
from shops.models import (
    BroughtCustomer,
    DeliveryOption,
    DeliverySlot,
    Download,
    EarlierNetwork,
    EarlierOrder,
    EarlierStatement,
    OpeningHours,
    Reservation,
    Shop,
    ShopMember,
    ShopOrder,
    ShopOrderLine,
    SpecialHours,
    StockTerms,
)
from shops.models import Partner as ReferralPartner

_number = count(1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday; for tests that want a fixed clock


def network(**columns: object) -> Network:
    """The one row, with columns changed."""
    row, _ = Network.objects.update_or_create(pk=1, defaults=columns)
    networks.forget()
    return row


def user(email: str = "", **columns: object) -> User:
    """A person; the password is `password`."""
    email = email or f"person{next(_number)}@example.org"
    person = get_user_model()(email=email, **columns)
    person.set_password("password")
    person.save()
    return person


def operator(email: str = "", *given: str, **columns: object) -> User:
    """An operator of these roles; of every role where none is named."""
    person = user(email, is_staff=True, **columns)
    OperatorRoles.objects.create(user=person, roles=list(given or Role.values))
    return person


def confirmed_user(email: str = "", **columns: object) -> User:
    """A person who has confirmed their address."""
    person = user(email, **columns)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def shop(name: str = "", **columns: object) -> Shop:
    """An active shop with its Partner, whose stock is as of now, which books without delay and can be paid."""
    number = next(_number)
    name = name or f"Librairie {number}"
    partner = Partner.objects.create(name=name, code=f"shop-{number}")
    columns = {
        "slug": f"shop-{number}",
        "status": Shop.Status.ACTIVE,
        "email": f"shop{number}@example.org",
        "line1": "1, rue du Port",
        "city": "Montréal",
        "postcode": "H2X 1A1",
        "complete_as_of": timezone.now(),
        "booking_lag_minutes": 0,
        "vouched_at": timezone.now(),
        "stripe_account_ready": True,
    } | columns
    if columns["complete_as_of"] is not None:
        columns.setdefault(
            "fresh_until", columns["complete_as_of"] + timedelta(hours=columns.get("freshness_hours", 72))
        )
    return Shop.objects.create(partner=partner, name=name, **columns)


def feed_setup(of: Shop) -> FeedSetup:
    """A list that the shop has begun to add: one row, tried and left out."""
    now = timezone.now()
    feed = Feed.objects.create(shop=of, name=f"begun-{of.pk}", kind="csv", location=f"begun-{of.pk}/", active=False)
    problem = {"kind": "refused", "code": "sku_missing", "position": "2", "sku": "", "value": "", "text": "?"}
    outcome = {"state": "done", "read": 1, "refused": 1, "refused_by": {"sku_missing": 1}}
    dry = DryRun.objects.create(feed=feed, file="x", received_at=now, done_at=now, outcome=outcome, problems=[problem])
    return FeedSetup.objects.create(feed=feed, started_at=now, shown_name="list.csv", trial=dry)


def own_article(of: Shop, **columns: object) -> OwnArticle:
    """An article that the shop has typed by hand; nothing of it was pushed yet."""
    kind = {"kind": "manual", "location": "", "mode": Feed.Mode.DELTA}
    feed = Feed.objects.get_or_create(shop=of, name=f"typed-{of.pk}", defaults=kind)[0]
    now = timezone.now()
    values = {"sku": "M-1", "title": "Nana", "price_minor": 1200, "units": 2, "counted_at": now, "made_at": now}
    return OwnArticle.objects.create(feed=feed, **{**values, **columns})


def member(of: Shop, person: User | None = None, role: str = ShopMember.Role.STAFF) -> ShopMember:
    return ShopMember.objects.create(shop=of, user=person or user(), role=role)


def delivery_option(of: Shop, kind: str = DeliveryOption.Kind.PICKUP, **columns: object) -> DeliveryOption:
    columns = {"name_fr": "Au comptoir", "name_en": "At the counter"} | columns
    return DeliveryOption.objects.create(shop=of, kind=kind, **columns)


def opening_hours(of: Shop, *, weekday: int, opens: time, closes: time) -> OpeningHours:
    return OpeningHours.objects.create(shop=of, weekday=weekday, opens=opens, closes=closes)


def special_hours(of: Shop, first: date, last: date | None = None, spans: str = "", **columns: object) -> None:
    """Closed from `first` to `last`, or open as "10:00-12:00 13:00-17:00" says."""
    for opens, closes in [span.split("-") for span in spans.split()] or [(None, None)]:
        SpecialHours.objects.create(
            shop=of,
            first_day=first,
            last_day=last or first,
            opens=opens and time.fromisoformat(opens),
            closes=closes and time.fromisoformat(closes),
            **columns,
        )


def slot(of: DeliveryOption, *, weekday: int, hour: int = 17, capacity: int = 1) -> DeliverySlot:
    """Of a courier: two hours from `hour` on."""
    return DeliverySlot.objects.create(
        option=of, weekday=weekday, begins=time(hour), ends=time(hour + 2), capacity=capacity
    )


def event(of: Shop, title: str = "Lecture", **columns: object) -> Event:
    """An hour of it from tomorrow on, unless `begins` and `ends` say otherwise."""
    begins = columns.setdefault("begins", timezone.now() + timedelta(days=1))
    columns = {"ends": begins + timedelta(hours=1), "changed_at": timezone.now()} | columns
    return Event.objects.create(shop=of, title=title, **columns)


def product_class() -> ProductClass:
    return ProductClass.objects.get_or_create(
        slug="title", defaults={"name": "Title", "requires_shipping": True, "track_stock": True}
    )[0]


def product(title: str = "", *, gtin: int | None = None, **facts: object) -> Product:
    """A title with its facts; `facts` are columns of ProductFacts."""
    number = next(_number)
    row = Product.objects.create(title=title or f"Title {number}", product_class=product_class())
    facts = {"gtin": gtin, "language": "fr", "updated_at": timezone.now()} | facts
    ProductFacts.objects.create(product=row, **facts)
    return row


def stock_record(
    of: Shop,
    title: Product | None = None,
    *,
    units: int | None = 3,
    price: str = "20.00",
    sku: str = "",
    **terms: object,
) -> StockRecord:
    """What `of` asks for a title and how many it has. `terms` are columns of StockTerms; without any, no such row."""
    record = StockRecord.objects.create(
        product=title or product(),
        partner=of.partner,
        partner_sku=sku or f"sku-{next(_number)}",
        price_currency="CAD",
        price=Decimal(price),
        num_in_stock=units,
    )
    if terms:
        StockTerms.objects.create(stock_record=record, **terms)
    return record


def download(of: StockRecord, content: str = "Il était une fois", *, kind: str = "file") -> Download:
    """What makes a record a download: a file of this text, else the link or the codes, one a line."""
    how = {"by": "test", "now": timezone.now()}
    if kind == "file":
        return uploading.give_file(of, ContentFile(content.encode()), "conte.epub", **how)
    return uploading.give_link(of, content, **how) if kind == "link" else uploading.give_codes(of, content, **how)[0]


def order(person: User | None = None, *, email: str = "lea@example.org", **columns: object) -> Order:
    """A placed order without lines, of an account or of a guest."""
    columns = {
        "number": str(100_000 + next(_number)),
        "currency": "CAD",
        "total_incl_tax": Decimal("20.00"),
        "total_excl_tax": Decimal("20.00"),
        "date_placed": timezone.now(),
        "guest_email": "" if person else email,
    } | columns
    return Order.objects.create(user=person, **columns)


def order_line(of: Order, record: StockRecord, units: int = 1) -> Line:
    total = record.price * units
    return Line.objects.create(
        order=of,
        partner=record.partner,
        partner_name=record.partner.name,
        partner_sku=record.partner_sku,
        stockrecord=record,
        product=record.product,
        title=record.product.title,
        quantity=units,
        line_price_incl_tax=total,
        line_price_excl_tax=total,
        line_price_before_discounts_incl_tax=total,
        line_price_before_discounts_excl_tax=total,
        num_allocated=0,
    )


def shop_order(of: Shop, *wanted: tuple[StockRecord, int], placed: Order | None = None, **columns: object) -> ShopOrder:
    """One shop's part of an order, its units promised by the guarded statements; each record is (record, units)."""
    placed = placed or order()
    now = columns.get("created_at") or timezone.now()
    totals = [to_minor(record.price, "CAD") * units for record, units in wanted]
    option = columns.pop("delivery_option", None) or delivery_option(of)
    columns = {
        "number": f"{placed.number}-{chr(65 + placed.shop_orders.count())}",
        "delivery_kind": option.kind,
        "delivery_name": option.name_fr,
        "currency": "CAD",
        "goods_minor": sum(totals),
        "delivery_minor": 0,
        "tax_minor": 0,
        "total_minor": sum(totals),
        "pickup_code": "K7M3QX" if option.kind == DeliveryOption.Kind.PICKUP else "",
        "created_at": now,
        "answer_due_at": now + timedelta(hours=48),
    } | columns
    made = ShopOrder.objects.create(order=placed, shop=of, delivery_option=option, **columns)
    for (record, units), total in zip(wanted, totals, strict=True):
        line = ShopOrderLine.objects.create(
            shop_order=made,
            order_line=order_line(placed, record, units),
            stock_record=record,
            product=record.product,
            title=record.product.title,
            sku=record.partner_sku,
            quantity=units,
            unit_price_minor=total // units,
            goods_minor=total,
            total_minor=total,
        )
        if not stock.take(line, units, now=now):
            raise ValueError(f"{of} does not have {units} of {record.partner_sku}.")
    return made


def earlier_network(of: Shop, name: str = "Anciennes Halles") -> EarlierNetwork:
    return EarlierNetwork.objects.get_or_create(shop=of, site="https://old.example", name=name, until=NOON)[0]


def earlier_order(of: Shop, number: str = "7-A", title: str = "Le temps retrouvé") -> EarlierOrder:
    """What the shop brought along from an earlier network."""
    amounts = {"unit_price_minor": 900, "goods_minor": 900, "tax_minor": 0, "total_minor": 900}
    units = {"quantity": 1, "accepted": 1, "declined": 0, "cancelled": 0, "handed_over": 1}
    line = {"sku": "S", "gtin": None, "title": title, "condition": "new", **units, **amounts}
    said = {"delivery_kind": "post", "goods_minor": 900, "delivery_minor": 0, "tax_minor": 0, "lines": [line]}
    said |= {"answered_at": NOON.isoformat(), "handed_over_at": NOON.isoformat()}
    columns = {"status": "handed_over", "ordered_at": NOON, "currency": "CAD", "total_minor": 900, "said": said}
    text = f"{number.lower()} {title.lower()}"
    return EarlierOrder.objects.create(shop=of, network=earlier_network(of), number=number, text=text, **columns)


def earlier_statement(of: Shop, number: int = 1) -> EarlierStatement:
    sums = dict.fromkeys(("opening", "commission", "tax", "other", "transferred"), 0) | {"goods": 900, "closing": 900}
    line = {"at": NOON.isoformat(), "kind": "earning", "order": "7-A", "goods_minor": 900, "commission_minor": 0,
            "tax_minor": 0, "other_minor": 0, "transferred_minor": 0}  # fmt: skip
    columns = {"begins_at": NOON, "ends_at": NOON + timedelta(days=31), "currency": "CAD", "lines": [line]}
    columns |= {f"{name}_minor": minor for name, minor in sums.items()}
    return EarlierStatement.objects.create(shop=of, network=earlier_network(of), number=number, **columns)


def brought_customer(of: Shop, email: str) -> BroughtCustomer:
    """Somebody who is a customer by the shop's own word."""
    row = brought.Customer("Léa", email, NOON, "The shop may keep me.")
    brought.take(of, [row], lambda: earlier_network(of), now=NOON)
    return BroughtCustomer.objects.get(shop=of, digest=brought.digest_of(email))


def reservation(
    record: StockRecord, units: int = 1, *, email: str = "lea@example.org", **columns: object
) -> Reservation:
    """Copies set aside without paying, at a shop that offers it from now on."""
    Shop.objects.filter(partner=record.partner, reserve_hours=0).update(reserve_hours=48)
    fresh = stock.read([record.pk])[record.pk]
    columns = {"user": None, "name": "Léa", "language": "fr", "confirmed": True, "now": timezone.now()} | columns
    return reservations.reserve(fresh, units, email=email, **columns)


def basket(*lines: tuple[StockRecord, int], owner: User | None = None) -> Basket:
    """An open basket whose lines are bound to the stock records given; each line is (record, units)."""
    made = Basket.objects.create(owner=owner)
    for record, units in lines:
        made.lines.create(
            line_reference=f"{record.product_id}_{record.pk}",
            product=record.product,
            stockrecord=record,
            quantity=units,
            price_currency=record.price_currency,
        )
    return made


def payment(of: Order, *, checkout: dict | None = None, **columns: object) -> Payment:
    """The captured payment of an order, with the checkout it was placed from; `checkout` are columns of that one."""
    total = to_minor(of.total_incl_tax, "CAD")
    made = Checkout.objects.create(
        **{
            "token": f"token-{next(_number)}",
            "state": Checkout.State.PLACED,
            "order": of,
            "currency": "CAD",
            "total_minor": total,
            "created_at": timezone.now(),
        }
        | (checkout or {})
    )
    columns = {"state": Payment.State.CAPTURED, "currency": "CAD", "amount_minor": total} | columns
    return Payment.objects.create(checkout=made, **columns)


def transfer(to: ShopOrder, amount_minor: int = 1000, **columns: object) -> MoneyCall:
    """What is paid to a shop for one of its orders, done unless `done_at` says otherwise."""
    checkout = Checkout.objects.filter(order=to.order).first()
    columns = {
        "kind": MoneyCall.Kind.TRANSFER,
        "key": f"transfer-{next(_number)}",
        "payment": checkout.payment if checkout else payment(to.order),
        "currency": "CAD",
        "done_at": timezone.now(),
    } | columns
    return MoneyCall.objects.create(shop_order=to, amount_minor=amount_minor, **columns)


def review(of: Product, person: User | None = None, *, score: int = 4, **columns: object) -> ProductReview:
    """An approved review, with the title's mean after it."""
    columns = {"title": "Beau livre", "body": "Lu d'une traite.", "name": "Léa", "status": 1} | columns
    made = ProductReview(product=of, user=person or user(), score=score, **columns)
    ProductReview.objects.bulk_create([made])
    moves.rate([of.pk])
    of.refresh_from_db(fields=["rating"])
    return made


def gift_card(amount_minor: int = 2000, **columns: object) -> GiftCard:
    """Paid to the network's bank, for ever."""
    return gift_card_and_code(amount_minor, **columns)[0]


def gift_card_and_code(amount_minor: int = 2000, **columns: object) -> tuple[GiftCard, str]:
    once = f"gift-card-{next(_number)}"
    how = {"currency": "CAD", "paid_by": "bank", "by": None, "once": once, "now": timezone.now()}
    return gift_cards.issue(amount_minor, **{**how, **columns})


def partner(name: str = "", **columns: object) -> ReferralPartner:
    """One whose links count."""
    how = {"email": "ami@example.org", "created_at": timezone.now()} | columns
    return ReferralPartner.objects.create(name=name or f"Partner {next(_number)}", **how)


def voucher(code: str = "", **columns: object) -> Voucher:
    """The network's, 10 % off, unless the columns say otherwise."""
    rate = {} if "amount_minor" in columns else {"basis_points": 1000}
    how = {"label": "Spring", "currency": "CAD", "begins_at": timezone.now() - timedelta(days=1), "once_each": False}
    return Voucher.objects.create(code=code or f"SPRING{next(_number)}", **{**how, **rate, **columns})


def institution(person: User | None = None, *, limit_minor: int = 100_000, **columns: object) -> Institution:
    """One that may order by invoice, within 30 days; the network says where it is paid."""
    network(bank_details="Halles, IBAN FR76 3000 6000 0112 3456 7890 189")
    made = Institution.objects.create(user=person or user(), name="École du Port", region="")
    CreditTerms.objects.create(institution=made, limit_minor=limit_minor, **columns)
    return made


def local_currency(**columns: object) -> LocalCurrency:
    """One for one, its accounts kept here."""
    return LocalCurrency.objects.create(**{"code": "GON", "name": "Gonette"} | columns)


def local_account(person: User, currency: LocalCurrency, units: int = 2000) -> LocalAccount:
    """A reader's, with units bought at the bank."""
    account = local_kept.account_of(currency, user=person)
    how = {"payer": "bank", "by": None, "once": f"local-{next(_number)}", "now": timezone.now()}
    local_kept.credit(account, units, **how)
    account.refresh_from_db()
    return account
