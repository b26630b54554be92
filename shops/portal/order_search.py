"""Orders by whatever a person types or a scanner reads; and those that wait for a book to be picked."""

from __future__ import annotations

import re
from functools import reduce

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Replace
from django.utils import timezone

from marketplace.models import User
from search.text import isbn_query
from shops import queries
from shops.models import DeliveryOption, DeskAction, Message, Shop, ShopOrder, ShopOrderLine
from shops.orders import sight
from shops.orders.projecting import Shown, project

Status = ShopOrder.Status
Kind = DeliveryOption.Kind
MOST_TO_PICK = 30
_PHONE = re.compile(r"[\d\s().+/\-\u00a0\u2009\u202f]+")
_BETWEEN = (" ", "-", ".", "(", ")", "/", "+", "\u00a0", "\u202f")  # digits of a telephone, as people write it
_LEAST_DIGITS, _LAST_DIGITS = 4, 8
_LEAST_WORDS = 4  # characters looked for in messages


def matching(orders: QuerySet[ShopOrder], text: str) -> QuerySet[ShopOrder]:
    """By number, pick-up code, ISBN, SKU, title, author or tracking, and by whom it is for while the shop sees that. A
    pick-up code finds only orders that were not collected yet."""
    plain = text.replace("-", "").replace(" ", "")
    if orders.filter(number=text.upper()).exists():
        return orders.filter(number=text.upper())
    wanted = Q(number__startswith=text) | Q(lines__sku=text) | Q(lines__title__icontains=text)
    wanted |= Q(parcels__tracking__iexact=text) | Q(lines__product__facts__contributors_text__icontains=text)
    wanted |= Q(pickup_code=plain.upper(), status__in=[Status.NEW, Status.ACCEPTED, Status.PACKED])
    if (gtin := isbn_query(text)) is not None:
        wanted |= Q(lines__gtin=gtin)
    orders = orders.alias(
        told_phone=_without(_BETWEEN, "order__checkout__phone"),
        told_postcode=_without((" ", "-"), "order__shipping_address__postcode"),
    )
    return orders.filter(wanted | _person(text) & sight.seen(sight.since(timezone.now()))).distinct()


def _person(text: str) -> Q:
    """What a shop sees of an order's reader: name or e-mail, telephone, where it is sent to, what they wrote."""
    if "@" in text:
        by_mail = Q(order__checkout__email__iexact=text) | Q(order__checkout__recipient_email__iexact=text)
        return by_mail | Q(order__user__email__iexact=text)
    person = Q(order__checkout__name__icontains=text) | Q(order__checkout__recipient_name__icontains=text)
    if digits := _of_phone(text):
        person |= Q(told_phone__endswith=digits)
    if 4 <= len(postcode := re.sub(r"[\s-]", "", text)) <= 10 and any(one.isdecimal() for one in postcode):
        person |= Q(told_postcode__iexact=postcode, delivery_kind__in=[Kind.POST, Kind.COURIER])
    if len(text) >= _LEAST_WORDS:
        written = Message.objects.filter(thread__shop_order=OuterRef("pk"), text__icontains=text)
        person |= Q(Exists(written))
    return person


def _of_phone(text: str) -> str:
    """The last digits of what may be a telephone: with the code of a country or without, they are the same."""
    digits = re.sub(r"\D", "", text) if _PHONE.fullmatch(text) and not isbn_query(text) else ""
    return digits[-_LAST_DIGITS:] if len(digits) >= _LEAST_DIGITS else ""


def _without(signs: tuple[str, ...], column: str) -> Combinable:
    start: Combinable = Coalesce(F(column), Value(""))
    return reduce(lambda found, sign: Replace(found, Value(sign), Value("")), signs, start)


def of_book(lines: list[ShopOrderLine], text: str) -> list[ShopOrderLine]:
    """Those of the scanned article, first what still wants a copy."""
    gtin = isbn_query(text)
    rows = [row for row in lines if (gtin and row.gtin == gtin) or (text and row.sku == text)]
    return sorted(rows, key=lambda row: row.picked >= row.accepted)


def to_pick(user: User, shop: Shop, text: str) -> list[Shown]:
    """Orders that wait for a copy of this article to be picked, as they will be once what was pressed is done (a copy
    just accepted may be picked); the earliest deadline first. Three queries."""
    gtin = isbn_query(text)
    if not text:
        return []
    its_lines = ShopOrderLine.objects.filter(Q(sku=text) | (Q(gtin=gtin) if gtin else Q()), shop_order=OuterRef("pk"))
    waiting = DeskAction.objects.filter(due_at__isnull=False, undone_at=None, failed_at=None).order_by("pk")
    pressed = Exists(waiting.filter(shop_order=OuterRef("pk")))
    found = queries.orders_for(user).filter(Exists(its_lines), shop=shop)
    # Those that have their copy lie there until they are packed: of a new book they would be all that is looked at.
    wanting = Q(Exists(its_lines.filter(picked__lt=F("accepted"))), status=Status.ACCEPTED)
    found = found.filter(wanting | Q(pressed, status__in=[Status.NEW, Status.ACCEPTED]))
    found = found.order_by(Coalesce("ready_by", "created_at"), "pk")
    found = found.prefetch_related("lines", Prefetch("desk_actions", waiting, to_attr="pressed"))
    shown = [project(order, order.lines.all(), order.pressed) for order in found[:MOST_TO_PICK]]
    return [one for one in shown if _wants(one, text)]


def _wants(shown: Shown, text: str) -> bool:
    rows = of_book(list(shown.lines.values()), text)
    return shown.order.status == Status.ACCEPTED and bool(rows) and rows[0].picked < rows[0].accepted
