"""Nothing of another shop is ever shown or changed, whatever the route."""

from __future__ import annotations

import copy
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.urls import resolve, reverse

from catalog_sync.models import DryRun, FeedSetup, OwnArticle, PriceRule, SyncRun
from marketplace.agenda.models import Event, ShopCalendar
from marketplace.checkout.models import Voucher
from marketplace.cms.models import Pick
from marketplace.foundation.models import AuditEntry
from shops.models import (
    Allocation,
    Alternative,
    BufferRule,
    DeliveryOption,
    Message,
    Motion,
    Parcel,
    QuickReply,
    Reservation,
    Return,
    ReturnLine,
    Shop,
    ShopMember,
    ShopOrder,
    ShopOrderLine,
    ShopSystem,
    SpecialHours,
    Thread,
)
from shops.portal import queries as portal_queries
from shops.portal.urls import order_patterns, own_patterns, setup_patterns, shop_patterns, urlpatterns
from shops.returns import photos
from shops.threads import writing
from shops.threads.writing import Asker, Words
from tests import factories
from tests.factories import NOON
from tests.routes_parcels import alternative
from tests.routes_words import file_of
from tests.shops.portal.conftest import Stall, signed_in, stall

NUMBER, LINE, RUN, RECORD, FEED, KEY = "number", "line_id", "run_id", "record_id", "name", "key_id"
DRY, EVENT, OPTION, KIND, PARCEL = "dry_run_id", "event_id", "option_id", "kind", "parcel_id"
SETUP, CODE, OWN = "setup_id", "code", "article_id"
RESERVED, DEED, FORM, VOUCHER, DAYS = "pk", "deed", "form", "voucher_id", "row_id"
MOTION = "pk:motion"
RULE, PICK, EARLIER, CLOSED = "rule_id", "pick_id", "order_id", "statement_id"
PRICE, SYSTEM = "rule_id:price", "kind:system"
RETURN, PHOTO, AGREE = "pk:return", "photo_id", "deed:agree"  # as the part before the colon in its address
OFFER, HOME = "offer_id", "deed:home"
QUESTION, FILE, REPLY, WRITE = "pk:question", "file_id", "reply_id", "deed:write"
# Every route of the portal: what its address names beside the shop, and whether it acts.
LOOKS: dict[str, list[str]] = {
    "desk": [],
    "queue": [],
    "orders": [],
    "pick-list": [],
    "day": [],
    "order": [NUMBER],
    "order-pick-list": [NUMBER],
    "offer": [NUMBER, LINE],
    "slip": [NUMBER],
    "label": [NUMBER],
    "labels": [],
    "slips": [],
    "stock-start": [],
    "stock-list": [SETUP],
    "stock-columns": [SETUP],
    "stock-trial": [SETUP],
    "stock-rows": [SETUP, CODE],
    "stock-rows-file": [SETUP, CODE],
    "stock-sale": [SETUP],
    "own-articles": [],
    "own-new": [],
    "own-article": [OWN],
    "feeds": [],
    "questions": [],
    "declared": [FEED],
    "columns": [FEED],
    "dry-run": [DRY],
    "run": [RUN],
    "errors": [RUN],
    "stock": [],
    "money": [],
    "figures": [],
    "kept": [],
    "prices": [],
    "systems": [],
    **{name: [] for name in ("address", "mail")},
    "picks": [],
    "profile": [],
    "team": [],
    "start": [],
    "preview": [],
    "business": [],
    "data": [],
    "brought": [],
    "earlier": [],
    "earlier-order": [EARLIER],
    "earlier-statement": [CLOSED],
    "leaving": [],
    "channel": [],
    "order-files": [],
    "events": [],
    "event-new": [],
    "event-change": [EVENT],
    "hours": [],
    "delivery": [],
    "delivery-new": [KIND],
    "delivery-change": [OPTION],
    "for-others": [],
    "reservations": [],
    "messages": [],
    "thread": [QUESTION],
    "thread-file": [FILE],
    "order-thread": [NUMBER],
    "quick-replies": [],
    "returns": [],
    "return": [RETURN],
    "return-photo": [RETURN, PHOTO],
    "gift-cards": [],
    "local": [],
    "vouchers": [],
    "downloads": [],
    "invoices": [],
    "announcements": [],
    "motions": [],
    "motion": [MOTION],
    "support": [],
    "statement": [],
    "statement-file": [FORM],
}
ACTS: dict[str, list[str]] = {
    "accept-all": [NUMBER],
    "accept": [NUMBER, LINE],
    "decline": [NUMBER, LINE],
    "put-back": [NUMBER],
    "keep-longer": [NUMBER],
    "take-back": [NUMBER],
    "pack": [NUMBER],
    "hand-over": [NUMBER],
    "scan": [],
    "bulk-accept": [],
    "send-again": [NUMBER],
    **{name: [] for name in ("save-channel", "save-fallback", "renew-secret")},
    "test-channel": [],
    "end-channel": [],
    "price-preview": [],
    "price-save": [],
    "price-up": [PRICE],
    "price-remove": [PRICE],
    "system-connect": [SYSTEM],
    "system-read": [SYSTEM],
    "system-orders": [SYSTEM],
    "system-end": [SYSTEM],
    "save-order-files": [],
    "test-order-files": [],
    "confirm-order-server": [],
    "end-order-files": [],
    "make-order-key": [],
    "stock-upload": [],
    "stock-connect": [],
    "stock-again": [SETUP],
    "stock-kind": [SETUP],
    "stock-host-key": [SETUP],
    "stock-give-up": [SETUP],
    "stock-choose": [SETUP],
    "stock-try": [SETUP],
    "stock-go": [SETUP],
    "own-save": [],
    "own-confirm": [],
    "own-save-change": [OWN],
    "own-count": [OWN],
    "own-remove": [OWN],
    "approve": [RUN],
    "reject": [RUN],
    "undo": [RUN],
    "send": [FEED],
    "declare": [FEED],
    "choose-columns": [FEED],
    "confirm-host-key": [FEED],
    "try-list": [FEED],
    "make-webhook": [FEED],
    "end-webhook": [FEED],
    "answer-question": [FEED],
    "make-key": [FEED],
    "revoke-key": [KEY],
    "till-is-right": [RECORD],
    "save-profile": [],
    **{name: [] for name in ("save-address", "save-mail")},
    "add-pick": [],
    "end-pick": [PICK],
    "save-rule": [],
    "remove-rule": [RULE],
    "save-article": [],
    "pause": [],
    "resume": [],
    "invite": [],
    "accept-agreement": [],
    "test-order": [],
    "save-business": [],
    "business-shop": [],
    **{key: [] for key in ("data-save", "data-export", "bring", "forget-customer")},
    **{key: [] for key in ("leaving-ask", "leaving-stay", "leaving-export")},
    "stripe-connect": [],
    "save-week": [],
    "say-days": [],
    "take-back-days": [DAYS],
    "save-tax": [],
    "event-save": [],
    "event-save-change": [EVENT],
    "event-cancel": [EVENT],
    "save-calendar": [],
    "save-counter": [],
    "delivery-save": [KIND],
    "delivery-save-change": [OPTION],
    "delivery-arrange": [OPTION],
    "parcel-arrive": [PARCEL],
    "parcel-shelve": [PARCEL],
    "parcel-miss": [PARCEL],
    "parcel-miss-sent": [NUMBER, PARCEL],
    "parcel-send-again": [NUMBER, PARCEL],
    "parcel-collect": [PARCEL],
    "parcel-send-back": [PARCEL],
    "parcel-elsewhere": [NUMBER, PARCEL, HOME],
    "offer-withdraw": [NUMBER, OFFER],
    "reservation": [RESERVED, DEED],
    "thread-act": [QUESTION, WRITE],
    "order-thread-act": [NUMBER, WRITE],
    "quick-reply-add": [],
    "quick-reply-save": [REPLY],
    "quick-reply-remove": [REPLY],
    "return-act": [RETURN, AGREE],
    "return-terms": [],
    "gift-card-redeem": [],
    "gift-card-sell": [],
    "local-accept": [],
    "local-credit": [],
    "voucher-make": [],
    "voucher-end": [VOUCHER],
    "motion-propose": [],
    "motion-say": [MOTION],
    "motion-vote": [MOTION],
    "support-grant": [],
    "support-take-back": [],
}
ROUTES = LOOKS | ACTS
# Of the shop's own
NAMES_A_ROW = [name for name, parts in ROUTES.items() if set(parts) - {KIND, SYSTEM, FORM, CODE, MOTION}]
FORMS = {"offer", "event-new", "event-change", "delivery-new", "delivery-change"}  # nothing to look at there but a form
# What staff do not see at all, tested below; a file: `test_routes`; of one download or card: tests of their views.
ELSEWHERE = {
    *("refund", "invoice", "download", "download-give", "download-sell", "gift-card-print", "gift-card-receipt"),
    *("desk-undo", "desk-seen"),  # of what is pressed: test_undo_views
    *("uninvite", "member-role", "member-remove"),  # an owner's: test_team_views
    "announcement-read",  # of each person, also who only looks: shops/test_announcing
    "revoke-order-key",  # an owner's: test_channel_views
    "earlier-remove",  # an owner's: test_bringing_views
    "step-down",  # of whoever it is: onboarding/test_going_live_and_leaving
    *("stripe-back", "stripe-again"),  # on to Stripe and back: test_stripe_views
}
OF_ACCOUNTS = {"save-tax"}  # what whoever keeps the accounts does, and staff do not
# Of a point's keepers: test_point_views. Of whoever is asked: test_team_views.
POINT = {"worker", "point", "point-arrive", "point-collect", "point-send-back", "invitation"}
FILLED = {"version": "0", "units": "1", "reason": "sold", "code": "K7M3QX", "label": "till", "kind": "books"}
FILLED |= {"q": "K7M3QX", "return_days": "9", "text": "x", "text_fr": "x"}


def event_of(stall: Stall) -> Event:
    return Event.objects.filter(shop=stall.shop).first() or factories.event(stall.shop)


def parcel_of(stall: Stall) -> Parcel:
    """One that was carried to it."""
    return Parcel.objects.get_or_create(
        shop_order=stall.order, carried_to=stall.shop, defaults={"handed_over_at": NOON}
    )[0]


def days_of(stall: Stall) -> SpecialHours:
    """Days on which it is closed."""
    day = {"first_day": NOON.date(), "last_day": NOON.date()}
    return SpecialHours.objects.get_or_create(shop=stall.shop, **day)[0]


def return_of(stall: Stall) -> Return:
    """What a reader sends back to it, with a picture."""
    found = Return.objects.filter(shop_order=stall.order).first()
    if found is None:
        said = {"basis": "fault", "reason": "damaged", "asked_at": NOON, "goes_to": stall.shop}
        found = Return.objects.create(
            number=f"{stall.order.number}-R1", once=stall.shop.slug, shop_order=stall.order, **said
        )
        ReturnLine.objects.create(of=found, line=stall.order.lines.first(), units=1)
        photos.keep(found, [b"webp"])
    return found


def question_of(stall: Stall) -> Thread:
    """What a reader asks it, with a file, and an answer that it gives often."""
    found = Thread.objects.filter(shop=stall.shop, shop_order=None).first()
    if found is None:
        asker = Asker("lea@example.org", "Léa", "fr", confirmed=True)
        found = writing.ask(stall.shop, Words("Y est-il ?"), asker, product_id=None, now=NOON)
        file_of(found.messages.get())
        QuickReply.objects.create(shop=stall.shop, label="x", text_fr="x")
    return found


def motion_of_all() -> Motion:
    """Of all members: no shop's own."""
    said = {"title": "Dues", "text": "x", "choices": ["Yes", "No"], "proposed_at": NOON}
    return Motion.objects.first() or Motion.objects.create(**said)


def rule_of(stall: Stall) -> BufferRule:
    names = {"kind": "subject", "subject": "YF", "price_minor": 0, "keep": 1}
    return BufferRule.objects.get_or_create(shop=stall.shop, **names)[0]


def price_rule_of(stall: Stall) -> PriceRule:
    return PriceRule.objects.get_or_create(shop=stall.shop, place=1, change_bp=-500)[0]


def system_of(stall: Stall) -> ShopSystem:
    return ShopSystem.objects.get_or_create(shop=stall.shop, kind="tryton", defaults={"made_at": NOON})[0]


def pick_of(stall: Stall) -> Pick:
    return Pick.objects.get_or_create(shop=stall.shop, gtin=9782070360024, signed="Léa")[0]


def reservation_of(stall: Stall) -> Reservation:
    return Reservation.objects.filter(shop=stall.shop).first() or factories.reservation(stall.withheld.stock_record)


def setup_of(stall: Stall) -> FeedSetup:
    return FeedSetup.objects.filter(feed__shop=stall.shop).first() or factories.feed_setup(stall.shop)


def own_of(stall: Stall) -> OwnArticle:
    return OwnArticle.objects.filter(feed__shop=stall.shop).first() or factories.own_article(stall.shop)


def known_of(stall: Stall) -> dict[str, object]:
    """What the addresses of its rows name; makes those that are missing."""
    known = {
        NUMBER: stall.order.number,
        LINE: stall.order.lines.first().pk,
        RUN: stall.run.pk,
        FEED: stall.run.feed.name,
        KEY: stall.key.pk,
        RECORD: stall.withheld.stock_record_id,
        EVENT: event_of(stall).pk,
        OPTION: stall.order.delivery_option_id,
        KIND: "courier",
        RESERVED: reservation_of(stall).pk,
        DEED: "keep",
        VOUCHER: (Voucher.objects.filter(shop=stall.shop).first() or factories.voucher(shop=stall.shop)).pk,
        FORM: "csv",
        DAYS: days_of(stall).pk,
        SETUP: setup_of(stall).pk,
        RULE: rule_of(stall).pk,
        PICK: pick_of(stall).pk,
        PRICE: price_rule_of(stall).pk,
        SYSTEM: system_of(stall).kind,
        CODE: "sku_missing",
        OWN: own_of(stall).pk,
        PARCEL: parcel_of(stall).pk,
        DRY: DryRun.objects.get_or_create(feed=stall.run.feed, defaults={"received_at": NOON})[0].pk,
    }
    back = return_of(stall)
    asked = question_of(stall)
    known |= {QUESTION: asked.pk, FILE: asked.messages.get(side="reader").files.get().pk, WRITE: "write"}
    known |= {REPLY: stall.shop.quick_replies.first().pk}
    known |= {MOTION: motion_of_all().pk, OFFER: alternative(stall.order.lines.first(), NOON), HOME: "home"}
    known |= {EARLIER: factories.earlier_order(stall.shop).pk, CLOSED: factories.earlier_statement(stall.shop).pk}
    known |= {RETURN: back.pk, PHOTO: back.photos.get().pk, AGREE: "agree"}
    return known


def address(name: str, stall: Stall, *, slug: str = "") -> str:
    """The address of `stall`'s own rows; `slug` puts another shop's name before them."""
    parts = {key.partition(":")[0]: stall.known[key] for key in ROUTES[name]}
    if name.startswith("statement"):
        parts |= {"number": 0}  # the month that is running: each shop has one
    return reverse(f"portal:{name}", kwargs={"slug": slug or stall.shop.slug} | parts)


def call(client, name: str, where: str):
    return client.post(where, FILLED) if name in ACTS else client.get(where)


CHANGEABLE = (
    *(Thread, Message, QuickReply, Pick, BufferRule, PriceRule, ShopSystem, Reservation, Return, Shop, DeliveryOption),
    *(Alternative, Parcel, ShopOrder, ShopOrderLine, Allocation, Event, ShopCalendar, FeedSetup, OwnArticle, SyncRun),
)


def rows_of(stall: Stall) -> tuple:
    """Everything the portal could change, of any shop, as the database has it."""
    tables: list[object] = []
    with connection.cursor() as cursor:
        for model in CHANGEABLE:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}" ORDER BY 1')
            tables.append(cursor.fetchall())
    return *tables, AuditEntry.objects.filter(shop=stall.shop).count()


@pytest.fixture(scope="module")
def stalls(rows_of_the_module) -> tuple[Stall, Stall]:
    both = stall("Librairie du Port"), stall("Mile End Pages")
    for one in both:
        one.known = known_of(one)
    return both


@pytest.fixture
def ours(stalls, db) -> Stall:
    return copy.deepcopy(stalls[0])


@pytest.fixture
def theirs(stalls, db) -> Stall:
    return copy.deepcopy(stalls[1])


def test_table_names_every_route_of_the_portal():
    named = {
        pattern.name
        for pattern in (*shop_patterns, *order_patterns, *setup_patterns, *own_patterns)
        if getattr(pattern, "name", None)
    }
    assert set(ROUTES) | ELSEWHERE == named
    assert {pattern.name for pattern in urlpatterns if getattr(pattern, "name", None)} == {
        "door",
        "order-of-any-shop",
        *POINT,
    }


@pytest.mark.parametrize("name", ROUTES)
def test_strangers_find_nothing(name, ours, theirs):
    """Neither a visitor, who signs in first, nor a reader, an operator, the other shop: here or at its own address."""
    before, where = rows_of(ours), address(name, ours)
    response = call(signed_in(None), name, where)
    assert (response.status_code, response.url.partition("?")[0]) == (302, reverse("account_login"))
    operator = factories.user(is_staff=True, is_superuser=True)
    people = {"a reader": factories.user(), "an operator": operator, "the other shop": theirs.staff}
    found = {who: call(signed_in(person), name, where).status_code for who, person in people.items()}
    assert found == dict.fromkeys(people, 404)
    if name in NAMES_A_ROW:
        assert call(theirs.client, name, address(name, ours, slug=theirs.shop.slug)).status_code == 404
    assert rows_of(ours) == before


@pytest.mark.parametrize("name", NAMES_A_ROW)
def test_person_of_both_shops_stays_in_the_shop_at_hand(name, ours, theirs):
    factories.member(ours.shop, theirs.staff)
    before = rows_of(ours)
    assert call(theirs.client, name, address(name, ours, slug=theirs.shop.slug)).status_code == 404
    assert rows_of(ours) == before


def test_line_of_another_shop_in_ones_own_order_is_not_found(ours, theirs):
    before = rows_of(theirs)
    where = reverse("portal:accept", args=[ours.shop.slug, ours.order.number, theirs.order.lines.first().pk])
    assert ours.client.post(where, FILLED).status_code == 404
    assert rows_of(theirs) == before


@pytest.mark.parametrize("name", LOOKS)
def test_page_shows_nothing_of_another_shop(name, ours, theirs):
    response = ours.client.get(address(name, ours))
    assert response.status_code == 200
    shown = response.getvalue().decode(errors="replace")  # a label is a PDF
    foreign = [theirs.shop.name, theirs.order.number, "titre de Mile End", "SKU-Mile", theirs.shop.slug]
    assert [word for word in foreign if word in shown] == []


def acts_in(page: str) -> set[str]:
    """Names of the portal's acts to which a form of the page would lead, whatever it is of."""
    forms = [resolve(where.partition("?")[0]) for where in re.findall(r'action="(/[^"]*)"', page)]
    return {form.url_name for form in forms if form.namespace == "portal"} & set(ACTS)


@pytest.mark.parametrize("name", LOOKS)
def test_who_may_look_sees_the_page_without_its_buttons(name, ours):
    for role in (ShopMember.Role.READER, ShopMember.Role.ACCOUNTS):
        person = factories.member(ours.shop, role=role).user
        response = signed_in(person).get(address(name, ours))
        assert response.status_code == (403 if name in FORMS else 200)
        shown = response.getvalue().decode(errors="replace")  # a label is a PDF
        theirs = OF_ACCOUNTS if role == ShopMember.Role.ACCOUNTS and name == "profile" else set()
        assert acts_in(shown) == theirs


def test_buttons_of_who_may_act_are_seen(ours):
    """Negative control."""
    assert acts_in(ours.client.get(address("order", ours)).getvalue().decode()) >= {"accept-all", "decline"}


@pytest.mark.parametrize("name", ACTS)
def test_who_may_look_changes_nothing(name, ours):
    for role in (ShopMember.Role.READER, ShopMember.Role.ACCOUNTS):
        person = factories.member(ours.shop, role=role).user
        before = rows_of(ours)
        may = role == ShopMember.Role.ACCOUNTS and name in OF_ACCOUNTS
        assert call(signed_in(person), name, address(name, ours)).status_code == (302 if may else 403)
        assert may or rows_of(ours) == before


@pytest.mark.parametrize("name", ACTS)
def test_action_takes_no_get_and_needs_the_token_against_forged_forms(name, ours):
    before, where = rows_of(ours), address(name, ours)
    assert ours.client.get(where).status_code == 405
    client = type(ours.client)(enforce_csrf_checks=True)
    client.force_login(ours.staff)
    assert client.post(where, FILLED).status_code == 403
    assert rows_of(ours) == before


@pytest.mark.parametrize("asked", ["get", "post"])
def test_money_goes_back_by_the_owner_and_the_accounts_alone(asked, ours, theirs):
    factories.payment(ours.order.order)
    where = reverse("portal:refund", args=[ours.shop.slug, ours.order.number])
    accounts = factories.member(ours.shop, role=ShopMember.Role.ACCOUNTS).user
    people = (None, factories.user(), theirs.staff, ours.staff, accounts)
    answers = [getattr(signed_in(person), asked)(where).status_code for person in people]
    assert answers == [302, 404, 404, 403, 200 if asked == "get" else 422]


def test_door_leads_to_the_one_shop(ours):
    assert ours.client.get(reverse("portal:door")).url == reverse("portal:desk", args=[ours.shop.slug])


def test_door_lists_several_shops(ours, theirs):
    factories.member(theirs.shop, ours.staff)
    response = ours.client.get(reverse("portal:door"))
    assert response.status_code == 200
    assert [shop.name for shop in response.context["shops"]] == ["Librairie du Port", "Mile End Pages"]


def test_door_says_to_a_stranger_that_there_is_no_shop(db):
    response = signed_in(factories.user("lea@example.org")).get(reverse("portal:door"))
    assert response.status_code == 404
    assert "lea@example.org" in response.content.decode()


def test_switcher_names_the_other_shops(ours, theirs):
    factories.member(theirs.shop, ours.staff)
    shown = ours.client.get(reverse("portal:desk", args=[ours.shop.slug])).content.decode()
    assert reverse("portal:desk", args=[theirs.shop.slug]) in shown


def test_mails_address_leads_to_the_order(ours):
    where = reverse("portal:order-of-any-shop", args=[ours.order.number])
    assert ours.client.get(where).url == reverse("portal:order", args=[ours.shop.slug, ours.order.number])


def test_mails_address_is_nobody_elses(ours, theirs):
    where = reverse("portal:order-of-any-shop", args=[ours.order.number])
    assert theirs.client.get(where).status_code == 404
    assert signed_in(None).get(where).status_code == 302


def test_person_who_is_no_longer_active_is_out(ours):
    client = ours.client
    type(ours.staff).objects.filter(pk=ours.staff.pk).update(is_active=False)
    assert client.get(address("desk", ours)).status_code == 302


def test_polling_without_a_session_leads_the_whole_page_to_the_door(ours):
    response = signed_in(None).get(address("queue", ours), headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert response["HX-Redirect"].startswith(reverse("account_login"))


def test_action_without_a_session_leads_back_to_the_desk(ours):
    response = signed_in(None).post(address("pack", ours), FILLED)
    assert response.url.endswith(f"?next={address('desk', ours)}")


@pytest.mark.parametrize(
    "query", ["feeds_for", "runs_for", "stock_records_for", "withheld_for", "incidents_for", "transfers_for"]
)
def test_query_begins_at_ones_own_shops(query, ours, theirs):
    rows = getattr(portal_queries, query)
    assert not rows(AnonymousUser()).exists()
    assert not rows(factories.user(is_superuser=True, is_staff=True)).exists()
    own, foreign = set(rows(ours.staff)), set(rows(theirs.staff))
    assert own.isdisjoint(foreign)
    assert len(own) == len(foreign)
