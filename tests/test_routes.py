"""Route × actor: every named route of ours, and who gets what there. A route without a row fails; to add one is a line.

Each row answers for an anonymous visitor, a reader, a person of shop A, one of shop B, and an operator. The rows that
an address names belong to shop A, or to the anonymous visitor's checkout where only its secret address opens it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from catalog_sync.doors import hooks
from catalog_sync.models import DryRun, TitleMove, Webhook
from marketplace.catalogue.models import ListedName, ProductFacts, Subject
from marketplace.checkout import checkouts
from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.readers import addresses, alerts, consents, lists, reviews
from marketplace.readers.models import SavedSearch
from shops.models import ShopOrderLine
from tests import factories, routes_joining, routes_parcels, routes_privacy, routes_trust, routes_words
from tests.conftest import KEEPING
from tests.routes_api import OF_ORDER_KEYS
from tests.routes_board import BOARD
from tests.routes_kinds import (
    EVERYONE,
    KEYLESS,
    LOGIN,
    MOVED,
    NOT_THEIRS,
    NOT_UNDERSTOOD,
    NOWHERE,
    REFUSED,
    SHOP_A,
    SHOP_A_DOES,
    SIGNED_IN,
    Row,
    get,
    post,
)
from tests.routes_parcels import PARCELS
from tests.routes_rows import money_of, money_rows, of_delivery
from tests.routes_settings import SETTINGS
from tests.routes_stock import STOCK
from tests.shops.portal.conftest import Stall, signed_in, stall

ACTORS = ("anonymous", "reader", "A", "B", "operator")
OURS = ("joining", "storefront", "search", "portal", "operations", "fake_stripe", "api")
OURS_WITHOUT_NAMESPACE = ("stripe-events", "hook", "home")
# Django's, allauth's, Wagtail's and Oscar's doors: those that our pages lead to.
BORROWED = (
    "set_language",
    "account_login",
    "account_signup",
    "account_logout",
    "account_reset_password",
    "account_change_password",
    "account_email",
    "mfa_index",
    "wagtailadmin_home",
    "admin:index",
    "dashboard:index",
    *routes_joining.BORROWED,
)

ROUTES: dict[str, Row] = {
    **routes_joining.ROUTES,
    **routes_words.ROUTES,
    **routes_trust.ROUTES,
    **routes_privacy.ROUTES,
    # Readers
    "home": get(EVERYONE),
    "search:search": get(EVERYONE),
    "storefront:suggest": get(EVERYONE),
    "storefront:favicon": get(MOVED),
    "storefront:network-css": get(EVERYONE),
    "storefront:shop-css": get(EVERYONE, "slug"),
    "storefront:title": get(EVERYONE, "title_slug", "title"),
    "storefront:named": get(EVERYONE, "name_kind", "name_slug"),
    "storefront:subject": get(EVERYONE, "subject"),
    "storefront:new": get(EVERYONE),
    "storefront:shop-titles": get(EVERYONE, "slug"),
    "storefront:shops": get(EVERYONE),
    "storefront:shop": get(EVERYONE, "slug"),
    "storefront:events": get(EVERYONE),
    "storefront:event": get(EVERYONE, "event"),
    "storefront:event-file": get(EVERYONE, "event"),
    "storefront:events-calendar": get(EVERYONE),
    "storefront:shop-calendar": get(EVERYONE, "slug"),
    "storefront:place": get(EVERYONE),
    "storefront:towns": get(EVERYONE),
    "storefront:map": get(EVERYONE),
    "storefront:place-forget": post(MOVED),
    "storefront:my-shop": post(MOVED),
    "storefront:account": get(SIGNED_IN),
    "storefront:terms": get(EVERYONE),
    "storefront:privacy": get(EVERYONE),
    "storefront:legal": get(EVERYONE),
    "storefront:returns": get(EVERYONE),
    "storefront:accessibility": get(EVERYONE),
    "storefront:cookies": get(EVERYONE),
    "storefront:open-data": get(EVERYONE),
    "storefront:robots": get(EVERYONE),
    "storefront:sitemap": get(EVERYONE),
    "storefront:sitemap-part": get(EVERYONE, "sitemap_kind", "sitemap_part"),
    "storefront:opensearch": get(EVERYONE),
    "storefront:new-feed": get(EVERYONE),
    "storefront:subject-feed": get(EVERYONE, "subject"),
    "storefront:shop-feed": get(EVERYONE, "slug"),
    "storefront:opds": get(EVERYONE),
    "storefront:opds-titles": get(EVERYONE),
    "storefront:opds-new": get(EVERYONE),
    "storefront:opds-title": get(EVERYONE, "title"),
    "storefront:opds-shops": get(EVERYONE),
    "storefront:opds-shop": get(EVERYONE, "slug"),
    "storefront:opds-subjects": get(EVERYONE),
    "storefront:opds-subject": get(EVERYONE, "subject"),
    "storefront:order": get(EVERYONE, "order", "order_key"),
    "storefront:order-invoice": get(EVERYONE, "order", "order_key", "number"),
    "storefront:order-document": get(EVERYONE, "order", "order_key", "invoice"),
    # What readers keep; the rows named are another reader's
    "storefront:order-cancel": get(EVERYONE, "order", "order_key", "line"),
    "storefront:order-late": get(EVERYONE, "order", "order_key", "line"),
    "storefront:order-return-start": get(EVERYONE, "order", "order_key", "part"),
    "storefront:order-return-form": get(EVERYONE, "order", "order_key", "part"),
    "storefront:order-return": get(EVERYONE, "order", "order_key", "return"),
    "storefront:order-return-act": post(MOVED, "order", "order_key", "return", "send"),
    "storefront:order-return-photo": get(EVERYONE, "order", "order_key", "return", "return_photo"),
    "storefront:download": get(EVERYONE, "sold_download", "sold_download_key"),
    "storefront:download-back": post(MOVED, "sold_download", "sold_download_key"),
    "storefront:reserve": get(EVERYONE, "record"),
    "storefront:reservation": get(EVERYONE, "reservation_token"),
    "storefront:reservation-confirm": get(NOWHERE, "reservation_token", "nothing"),
    "storefront:reservation-give-up": post(MOVED, "reservation_token"),
    "storefront:order-again": get(EVERYONE, "order", "order_key"),
    "storefront:order-lost": get(EVERYONE),
    "storefront:account-join": post((LOGIN, 302, 302, 302, 302)),
    "storefront:addresses": get(SIGNED_IN),
    "storefront:address-new": get(SIGNED_IN),
    "storefront:address": get(NOT_THEIRS, "address"),
    "storefront:address-prefer": post(NOT_THEIRS, "address"),
    "storefront:address-remove": post(NOT_THEIRS, "address"),
    "storefront:account-data": get(SIGNED_IN),
    "storefront:account-end": get(SIGNED_IN),
    "storefront:lists": get(SIGNED_IN),
    "storefront:list-put": get(SIGNED_IN, "title"),
    "storefront:list": get(NOWHERE, "wish_list"),
    "storefront:list-change": post(NOT_THEIRS, "wish_list", delete="1"),
    "storefront:list-off": post(NOT_THEIRS, "wish_list", "title"),
    "storefront:searches": get(SIGNED_IN),
    "storefront:search-forget": post(NOT_THEIRS, "saved"),
    "storefront:alerts": get(SIGNED_IN),
    "storefront:alert-ask": get(SIGNED_IN, "title"),
    "storefront:alert-end": post(NOT_THEIRS, "alert"),
    "storefront:alert-stop": get(EVERYONE, "alert", "alert_key"),  # a mail's own address
    # Reviews of readers
    "storefront:reviews": get(EVERYONE, "title_slug", "title"),
    "storefront:review-write": get(SIGNED_IN, "title"),
    "storefront:review-report": get(EVERYONE, "review"),
    "storefront:widgets": get(EVERYONE),
    "storefront:widget-buy": get(NOWHERE, "nothing"),
    "storefront:widget-shop": get(EVERYONE, "slug"),
    # Buying
    "storefront:basket": get(EVERYONE),
    "storefront:basket-add": post(MOVED, stock_record="record", quantity="1"),
    "storefront:age": post(MOVED, years="18", stated="on"),
    "storefront:basket-order": post(MOVED, product="title"),
    "storefront:basket-take": post(MOVED, proposal="0" * 32),
    "storefront:basket-quantity": post(MOVED, "basket_line", quantity="1"),  # another's line: stays
    "storefront:basket-move": post(MOVED, "basket_line", stock_record="record"),  # likewise
    "storefront:checkout-start": post(MOVED),
    "storefront:checkout": get(MOVED, "token"),
    "storefront:checkout-who": get(EVERYONE, "token"),
    "storefront:checkout-where": get(EVERYONE, "token"),
    "storefront:checkout-how": get(EVERYONE, "token"),
    "storefront:checkout-pay": get(MOVED, "token"),
    "storefront:local": post(MOVED, "token", units="x"),
    "storefront:local-off": post(MOVED, "token"),
    "storefront:local-accounts": get(SIGNED_IN),
    "storefront:gift-cards": get(EVERYONE),
    "storefront:gift-card-balance": get(EVERYONE),
    "storefront:gift-card-purchase": get(EVERYONE, "purchase", "purchase_key"),
    "storefront:gift-card-print": get(NOWHERE, "purchase", "purchase_key"),  # not paid
    "storefront:gift-card-receipt": get(NOWHERE, "purchase", "purchase_key"),
    "storefront:gift-card-replace": post(MOVED, "purchase", "purchase_key"),
    "storefront:gift-card": post(MOVED, "token", code="x"),
    "storefront:gift-card-off": post(MOVED, "token", "no_export"),
    "storefront:voucher-off": post(MOVED, "token"),
    "storefront:checkout-earner": post(MOVED, "token"),
    "storefront:checkout-again": post(MOVED, "token"),
    "storefront:checkout-cancelled": get(MOVED, "token"),
    "storefront:checkout-paid": get(MOVED, "token"),
    # The shop's workspace
    "portal:door": get((LOGIN, 404, 200, 302, 404)),  # A has a choice: it keeps a point, too
    "portal:worker": get(EVERYONE),
    "portal:order-of-any-shop": get(SHOP_A_DOES, "number"),
    "portal:point": get((LOGIN, 404, 200, 404, 404), "point"),
    "portal:point-arrive": post((LOGIN, 404, 404, 404, 404), "point", "parcel"),  # that one goes to a shop
    "portal:point-collect": post((LOGIN, 404, 404, 404, 404), "point", "parcel"),
    "portal:point-send-back": post((LOGIN, 404, 404, 404, 404), "point", "parcel"),
    "portal:desk": get(SHOP_A, "slug"),
    "portal:queue": get(SHOP_A, "slug"),
    "portal:desk-undo": post(SHOP_A_DOES, "slug", action="desk_action"),
    "portal:desk-seen": post(SHOP_A_DOES, "slug", action="desk_action"),
    "portal:bulk-accept": post(SHOP_A_DOES, "slug"),
    "portal:day": get(SHOP_A, "slug"),
    "portal:scan": post(SHOP_A_DOES, "slug", q="9782070360024"),
    "portal:orders": get(SHOP_A, "slug"),
    "portal:pick-list": get(SHOP_A, "slug"),
    "portal:order": get(SHOP_A, "slug", "number"),
    "portal:order-pick-list": get(SHOP_A, "slug", "number"),
    "portal:slip": get(SHOP_A, "slug", "number"),
    "portal:slips": get(SHOP_A, "slug"),
    "portal:refund": get((LOGIN, 404, 403, 404, 404), "slug", "number"),  # of the owner and the accounts, not of staff
    "portal:accept-all": post(SHOP_A_DOES, "slug", "number", version="0"),
    "portal:accept": post(SHOP_A_DOES, "slug", "number", "line", version="0", units="1"),
    "portal:decline": post(SHOP_A_DOES, "slug", "number", "line", version="0", units="1", reason="sold"),
    "portal:put-back": post((LOGIN, 404, 409, 404, 404), "slug", "number", version="0"),
    "portal:pack": post((LOGIN, 404, 409, 404, 404), "slug", "number", version="0"),
    "portal:hand-over": post((LOGIN, 404, 409, 404, 404), "slug", "number", version="0"),
    "portal:feeds": get(SHOP_A, "slug"),
    "portal:declared": get(SHOP_A, "slug", "feed"),
    "portal:declare": post((LOGIN, 404, 422, 404, 404), "slug", "feed"),
    "portal:questions": get(SHOP_A, "slug"),
    "portal:answer-question": post(SHOP_A_DOES, "slug", "feed", sku="a", choice="same"),
    "portal:columns": get(SHOP_A, "slug", "feed"),
    "portal:choose-columns": post((LOGIN, 404, 200, 404, 404), "slug", "feed"),
    "portal:send": post(SHOP_A_DOES, "slug", "feed"),
    "portal:make-key": post((LOGIN, 404, 200, 404, 404), "slug", "feed", label="till"),
    "portal:revoke-key": post(SHOP_A_DOES, "slug", "key"),
    "portal:confirm-host-key": post(SHOP_A_DOES, "slug", "feed", fingerprint="SHA256:x"),
    "portal:try-list": post(SHOP_A_DOES, "slug", "feed"),
    "portal:dry-run": get(SHOP_A, "slug", "dry_run"),
    "portal:make-webhook": post((LOGIN, 404, 200, 404, 404), "slug", "feed", form="standard"),
    "portal:end-webhook": post(SHOP_A_DOES, "slug", "feed"),
    "portal:run": get(SHOP_A, "slug", "run"),
    "portal:errors": get(SHOP_A, "slug", "run"),
    "portal:approve": post(SHOP_A_DOES, "slug", "run"),
    "portal:reject": post(SHOP_A_DOES, "slug", "run"),
    "portal:undo": post(SHOP_A_DOES, "slug", "run"),
    "portal:reservations": get(SHOP_A, "slug"),
    "portal:reservation": post(SHOP_A_DOES, "slug", "reservation", "deed"),
    "portal:returns": get(SHOP_A, "slug"),
    "portal:return": get(SHOP_A, "slug", "return"),
    "portal:return-photo": get(SHOP_A, "slug", "return", "return_photo"),
    "portal:return-act": post(SHOP_A_DOES, "slug", "return", "agree"),
    "portal:return-terms": post(SHOP_A_DOES, "slug", return_days="10"),
    "portal:local": get(SHOP_A, "slug"),
    "portal:local-accept": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:local-credit": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:gift-cards": get(SHOP_A, "slug"),
    "portal:gift-card-redeem": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:gift-card-sell": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:gift-card-print": post((LOGIN, 404, 404, 404, 404), "slug"),
    "portal:gift-card-receipt": get(SHOP_A, "slug", "gift_card_entry"),
    "portal:vouchers": get(SHOP_A, "slug"),
    "portal:voucher-make": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:voucher-end": post(SHOP_A_DOES, "slug", "voucher"),
    "portal:downloads": get(SHOP_A, "slug"),
    "portal:download": get(SHOP_A, "slug", "download"),
    "portal:download-give": post((LOGIN, 404, 422, 404, 404), "slug", "download", "given"),
    "portal:download-sell": post(SHOP_A_DOES, "slug", "download"),
    "portal:stock": get(SHOP_A, "slug"),
    "portal:till-is-right": post(SHOP_A_DOES, "slug", "record"),
    "portal:channel": get(SHOP_A, "slug"),
    "portal:save-channel": post((LOGIN, 404, 403, 404, 404), "slug"),  # the owner's, as the next three
    "portal:save-fallback": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:renew-secret": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:test-channel": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:end-channel": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:order-files": get(SHOP_A, "slug"),
    "portal:save-order-files": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:test-order-files": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:confirm-order-server": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:end-order-files": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:make-order-key": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:revoke-order-key": post((LOGIN, 404, 403, 404, 404), "slug", "shop_key"),
    "portal:send-again": post(SHOP_A_DOES, "slug", "number"),
    "portal:profile": get(SHOP_A, "slug"),
    "portal:save-profile": post(SHOP_A_DOES, "slug", kind="books", reserve_hours="0"),
    "portal:save-tax": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:hours": get(SHOP_A, "slug"),
    "portal:save-week": post(SHOP_A_DOES, "slug", day0_from0="09:00", day0_until0="18:00"),
    "portal:say-days": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:take-back-days": post(SHOP_A_DOES, "slug", "special_days"),
    "portal:pause": post(SHOP_A_DOES, "slug"),
    "portal:resume": post(SHOP_A_DOES, "slug"),
    "portal:team": get(SHOP_A, "slug"),
    "portal:invite": post((LOGIN, 404, 403, 404, 404), "slug"),  # the owner's, as the next three
    "portal:uninvite": post((LOGIN, 404, 403, 404, 404), "slug", "invitation"),
    "portal:member-role": post((LOGIN, 404, 403, 404, 404), "slug", "member", role="owner"),
    "portal:member-remove": post((LOGIN, 404, 403, 404, 404), "slug", "member"),
    "portal:invitation": get((LOGIN, 403, 403, 403, 403), "invitation", "invitation_key"),  # another address's
    "portal:delivery": get(SHOP_A, "slug"),
    "portal:save-counter": post(SHOP_A_DOES, "slug", preparation_minutes="60", kept_days="14", uncollected="back"),
    "portal:delivery-new": get(SHOP_A, "slug", "option_kind"),
    "portal:delivery-change": get(SHOP_A, "slug", "option"),
    "portal:delivery-save": post((LOGIN, 404, 422, 404, 404), "slug", "option_kind"),
    "portal:delivery-save-change": post((LOGIN, 404, 422, 404, 404), "slug", "option"),
    "portal:delivery-arrange": post(SHOP_A_DOES, "slug", "option"),
    "portal:for-others": get(SHOP_A, "slug"),
    "portal:parcel-arrive": post(SHOP_A_DOES, "slug", "parcel"),
    "portal:parcel-collect": post((LOGIN, 404, 409, 404, 404), "slug", "parcel"),
    "portal:events": get(SHOP_A, "slug"),
    "portal:event-new": get(SHOP_A, "slug"),
    "portal:event-change": get(SHOP_A, "slug", "event"),
    "portal:event-save": post((LOGIN, 404, 422, 404, 404), "slug"),
    "portal:event-save-change": post((LOGIN, 404, 422, 404, 404), "slug", "event"),
    "portal:event-cancel": post(SHOP_A_DOES, "slug", "event"),
    "portal:save-calendar": post(SHOP_A_DOES, "slug"),
    "portal:money": get(SHOP_A, "slug"),
    "portal:stripe-connect": post((LOGIN, 404, 403, 404, 404), "slug"),  # the owner's, as the next
    "portal:stripe-again": get((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:stripe-back": get(SHOP_A_DOES, "slug"),
    "portal:invoices": get(SHOP_A, "slug"),
    "portal:invoice": get(SHOP_A, "slug", "invoice"),
    "portal:statement": get(SHOP_A, "slug", "running"),
    "portal:statement-file": get(SHOP_A, "slug", "running", "csv"),
    # Programs, which have a key and no session
    "api:openapi-json": get(EVERYONE),
    "api:api-root": get(NOWHERE),
    "api:send_list": Row(KEYLESS, sent={}, way="put"),
    "api:push_rows": Row(KEYLESS, sent={}),
    "api:push_state": get(KEYLESS, "feed"),
    "api:runs": get(KEYLESS),
    "api:run_report": get(KEYLESS, "run"),
    "api:try_list": Row(KEYLESS, sent={}),
    "api:dry_run": get(KEYLESS, "dry_run"),
    "hook": post(KEYLESS, "hook"),
    **OF_ORDER_KEYS,
    "api:search": get(EVERYONE),
    "api:product": get(NOT_UNDERSTOOD, "nothing"),
    "api:product_by_id": get(EVERYONE, "title"),
    "api:availability": get(NOT_UNDERSTOOD, "nothing"),
    "api:availability_by_id": get(EVERYONE, "title"),
    "api:availability_of_several": Row(KEYLESS, sent={}),
    "api:shops": get(EVERYONE),
    "api:shop": get(EVERYONE, "slug"),
    # The operator
    "operations:healthz": get((503, 503, 503, 503, 503)),  # no worker runs here
    **BOARD,
    # Stripe, and its stand-in
    "stripe-events": post(REFUSED),
    "fake_stripe:pay": get(NOWHERE, "nothing"),
    "fake_stripe:onboarding": get(NOWHERE, "nothing"),
    # Borrowed
    "set_language": post(MOVED, language="en"),
    "account_login": get((200, 302, 302, 302, 302)),
    "account_signup": get((200, 302, 302, 302, 302)),
    "account_logout": get((302, 200, 200, 200, 200)),
    "account_reset_password": get(EVERYONE),
    "account_change_password": get(SIGNED_IN),
    "account_email": get(SIGNED_IN),
    "mfa_index": get(SIGNED_IN),
    "wagtailadmin_home": get((LOGIN, 302, 302, 302, 302)),  # its own permission, which the operator has not by itself
    "admin:index": get((LOGIN, 302, 302, 302, 200)),
    "dashboard:index": get(MOVED),
    **{name: Row(*row) for name, row in (STOCK | PARCELS | SETTINGS).items()},
}


UNDONE = {"kind": "join", "from_product_id": 0, "to_product_id": 0, "before": {}}
HOME = dict.fromkeys(addresses.FIELDS, "") | {"line1": "1, rue du Port", "country": "CA"}


@dataclass
class World:
    a: Stall
    b: Stall
    reader: User
    operator: User
    known: dict[str, Any]

    def actors(self) -> dict[str, User | None]:
        people = (None, self.reader, self.a.staff, self.b.staff, self.operator)
        return dict(zip(ACTORS, people, strict=True))


PAGES = {
    "name_kind": "publisher",
    "name_slug": "boreal",
    "subject": "f-romans",
    "sitemap_kind": "pages",
    "sitemap_part": 0,
}


def of_a_reader(line: ShopOrderLine, now: datetime) -> dict[str, Any]:
    """What one reader keeps, and no other may see."""
    other = factories.user()
    saved = SavedSearch.objects.create(reader=other, name="s", parameters="q=s", saved_at=now)
    alert = alerts.ask(other, line.product, language="fr", now=now)
    review = factories.review(line.product, other)
    return {
        "address": addresses.keep(other, HOME).pk,
        "review": review.pk,
        "review_seen": f"{review.pk}:{reviews.seen(review)}",
        "consent": consents.give(other, "newsletter", now=now).pk,
        "brought": factories.brought_customer(line.shop_order.shop, other.email).pk,
        "wish_list": lists.make(other, "Theirs").key,
        "saved": saved.pk,
        "alert": alert.pk,
        "alert_key": alerts.stop_url(alert).split("/")[-3],
    }


@pytest.fixture
def world(db, settings, tmp_path) -> World:
    settings.VAR_DIR = tmp_path
    settings.SEARCH_INDEX_PATH = tmp_path / "index"  # none: the rows are found in SQL
    a, b = stall("Librairie du Port"), stall("Mile End Pages")
    factories.delivery_option(a.shop, "post", countries=["CA"])
    line = a.order.lines.first()
    now = timezone.now()
    strangers = factories.basket((line.stock_record, 1), owner=factories.user())
    parked = MailMessage.objects.create(dedupe_key="x", to="a@example.org", language="fr", kind="k", parked_at=now)
    ListedName.objects.create(kind="publisher", slug="boreal", key="boreal", name="Boréal", changed_on=now.date())
    Subject.objects.create(code="F", label_fr="Romans", label_en="Fiction")
    hooks.make(a.run.feed, form=Webhook.Form.STANDARD, given="", by=a.staff, now=now)
    ProductFacts.objects.filter(product_id=line.product_id).update(publisher="Boréal")
    reserved = factories.reservation(line.stock_record)
    known = {
        **of_a_reader(line, now),
        **PAGES,
        "slug": a.shop.slug,
        "title": line.product_id,
        "title_slug": line.product.slug,
        "record": line.stock_record_id,
        "order": a.order.order.number,
        "order_key": links.order_key(a.order.order.number),
        "basket_line": strangers.lines.get().pk,
        "token": checkouts.start(factories.basket((line.stock_record, 1)), None, language="fr", now=now).token,
        "number": a.order.number,
        "line": line.pk,
        "no_offer": 0,
        "deed_elsewhere": "keep",
        "alternative": routes_parcels.alternative(line, now),
        "run": a.run.pk,
        "feed": a.run.feed.name,
        "feed_id": a.run.feed_id,
        "shop_id": a.shop.pk,
        "fact": "publisher",
        "key": a.key.pk,
        "dry_run": DryRun.objects.create(feed=a.run.feed, file="x", received_at=now).pk,
        "hook": a.run.feed.webhook.slug,
        "list": "orders",
        "work": "foundation.mailmessage",
        "parked": parked.pk,
        "nothing": "nothing",
        "deed": "keep",
        "reservation": reserved.pk,
        "reservation_token": reserved.token,
        **of_delivery(a, b),
        **routes_joining.rows(a),
        **routes_words.of_words(a),
        **routes_trust.known(a),
        **money_of(a.order, now),
        **money_rows(a.shop, now),
        "earlier_network": factories.earlier_network(a.shop).pk,
        "earlier": factories.earlier_order(a.shop).pk,
        "earlier_statement": factories.earlier_statement(a.shop).pk,
        "move": TitleMove.objects.create(**UNDONE, at=now, undone_at=now).pk,
    }
    return World(a, b, factories.user(), factories.operator(), known)


AT_ONCE = 20  # to make a world takes longer than to ask it


def batched(names: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    waiting = iter(names)
    while some := tuple(islice(waiting, size)):
        yield some


def answer(world: World, name: str, client: Client) -> int:
    """The status of one request, after which everything is as before."""
    row = ROUTES[name]
    where = reverse(name, args=[world.known[part] for part in row.names])
    before = transaction.savepoint()
    try:
        if row.sent is None:
            return client.get(where).status_code
        sent = {key: world.known.get(str(value), value) for key, value in row.sent.items()}
        return client.put(where).status_code if row.way == "put" else client.post(where, sent).status_code
    finally:
        transaction.savepoint_rollback(before)
        for kept in KEEPING:
            kept.forget()


@pytest.mark.parametrize("names", list(batched(ROUTES, AT_ONCE)), ids=lambda names: f"{names[0]}-to-{names[-1]}")
def test_routes_answer_each_actor(names, world):
    people = world.actors()
    found = {
        name: {actor: answer(world, name, signed_in(person)) for actor, person in people.items()} for name in names
    }
    assert found == {name: dict(zip(ACTORS, ROUTES[name].expected, strict=True)) for name in names}


def named_routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """The full names under these patterns: "portal:desk"."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{before}{pattern.namespace}:" if pattern.namespace else before
            yield from named_routes(pattern.url_patterns, inner)
        elif pattern.name:
            yield before + pattern.name


def without_a_row(names: set[str], rows: set[str]) -> set[str]:
    ours = {name for name in names if name.startswith(tuple(f"{namespace}:" for namespace in OURS))}
    return (ours | names & {*OURS_WITHOUT_NAMESPACE, *BORROWED}) - rows


def test_every_route_of_ours_has_a_row():
    names = set(named_routes(get_resolver().url_patterns))
    assert without_a_row(names, set(ROUTES)) == set()
    assert set(ROUTES) - names == set()


def test_route_without_a_row_is_noticed():
    """Negative control."""
    names = set(named_routes(get_resolver().url_patterns))
    assert without_a_row(names, set(ROUTES) - {"portal:desk", "home"}) == {"portal:desk", "home"}
