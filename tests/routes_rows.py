"""The rows that the addresses of `test_routes` name: A's, unless it is said otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from catalog_sync.models import PriceRule
from marketplace.api.models import ReadKey
from marketplace.checkout.models import Institution
from marketplace.cms.models import Pick
from marketplace.foundation import links
from marketplace.payments import gift_card_sales, issuing
from marketplace.payments.models import CommissionRule, Difference, Dispute, Dues, MoneyIncident, ReconciliationRun
from shops import team
from shops.models import (
    BufferRule,
    DeskAction,
    Handout,
    Parcel,
    PickupPoint,
    Return,
    ReturnLine,
    Shop,
    ShopKey,
    ShopOrder,
)
from shops.returns import photos
from tests import factories
from tests.shops.portal.conftest import Stall


def of_delivery(a: Stall, b: Stall) -> dict[str, Any]:
    """A's option, a parcel that B carried to it, a pick-up point, an institution, an event."""
    parcel = Parcel.objects.create(shop_order=b.order, carried_to=a.shop, handed_over_at=timezone.now())
    point = PickupPoint.objects.create(name="Bibliothèque", line1="1, rue", city="Laval", postcode="H7A 1A1")
    point.keepers.add(a.staff)
    institution = Institution.objects.create(user=factories.user(), name="École", region="06")
    known = {"option": a.order.delivery_option_id, "option_kind": "courier", "parcel": parcel.pk, "year": 2026}
    known |= {"partner": factories.partner().pk, "third": 3}
    known |= {"voucher": factories.voucher(shop=a.shop).pk, "network_voucher": factories.voucher().pk}
    known |= of_downloads(a)
    known |= {
        "setup": factories.feed_setup(a.shop).pk,
        "system": "tryton",
        "trouble": "sku_missing",
        "own": factories.own_article(a.shop).pk,
    }
    factories.special_hours(a.shop, timezone.now().date())
    known["special_days"] = a.shop.special_hours.get().pk
    known |= of_team(a)
    pressed = {"deed": "pack", "once": "x", "version": 0, "made_at": timezone.now(), "failed_at": timezone.now()}
    known["desk_action"] = DeskAction.objects.create(shop=a.shop, shop_order=a.order, by=a.staff, **pressed).pk
    known["buffer_rule"] = BufferRule.objects.create(shop=a.shop, kind="subject", subject="YF", keep=1).pk
    known["price_rule"] = PriceRule.objects.create(shop=a.shop, place=1, change_bp=-500).pk
    known["pick"] = Pick.objects.create(shop=a.shop, gtin=9782070360024, signed="Léa").pk
    known |= of_returns(a, b)
    return known | {"point": point.pk, "institution": institution.pk, "event": factories.event(a.shop).pk}


def of_returns(a: Stall, b: Stall) -> dict[str, Any]:
    """What A's reader sends back, and what B's brings to A."""
    sent = {"basis": "fault", "reason": "damaged", "asked_at": timezone.now()}
    row = Return.objects.create(number="A-R1", once="a", shop_order=a.order, goes_to=a.shop, **sent)
    ReturnLine.objects.create(of=row, line=a.order.lines.first(), units=1)
    photos.keep(row, [b"webp"])
    return {
        "return": row.pk,
        "return_number": row.number,
        "return_photo": row.photos.get().pk,
        "agree": "agree",
        "send": "send",
        "part": a.order.number,
    }


def of_team(a: Stall) -> dict[str, Any]:
    """Who acts for A, and who is asked to."""
    asked = team.invite(a.shop, "zoe@example.org", "staff", language="fr", by=a.staff, now=timezone.now())
    key = ShopKey.objects.create(shop=a.shop, label="x", digest="x", created_at=timezone.now())
    of_a = {"shop_key": key.pk, "member": a.shop.members.get().pk}
    return of_a | {"invitation": asked.pk, "invitation_key": team.key_of(asked)}


def of_downloads(a: Stall) -> dict[str, Any]:
    """An article that A sells as a link, and what a reader got of it."""
    record, line = factories.stock_record(a.shop, availability="digital"), a.order.lines.first()
    download = factories.download(record, "https://example.org/a", kind="link")
    Handout.objects.create(line=line, download=download, kind="link", made_at=timezone.now())
    key = links.download_key(line.pk)
    return {"download": record.pk, "given": "codes", "sold_download": line.pk, "sold_download_key": key}


def money_of(part: ShopOrder, now: datetime) -> dict[str, Any]:
    """What an operator looks at."""
    said = {"title": "Facture", "to": "", "facts": [], "columns": ["", "", "", "", ""], "rows": [], "sums": []}
    said |= {"seller": [part.shop.name], "buyer": ["Léa"], "total": ["", ""], "notes": [], "colour": "#0d6b4c"}
    document = {"issuer": "shop:1", "language": "fr", "currency": "CAD", "shop_order": part}
    dispute = {"amount_minor": 100, "currency": "CAD", "status": "needs_response", "opened_at": now}
    return {
        "read_key": ReadKey.objects.create(label="x", digest="x", created_at=now).pk,
        "invoice": issuing.issue("invoice", part.shop, {}, said, now=now, **document).pk,
        "incident": MoneyIncident.objects.create(key="x", text="x", opened_at=now).pk,
        "refund_call": factories.transfer(part, kind="refund").pk,
        "dispute": Dispute.objects.create(dispute_id="du_1", charge_id="ch_1", **dispute).pk,
    }


def money_rows(shop: Shop, now: datetime) -> dict[str, Any]:
    run = ReconciliationRun.objects.create(asked_at=now, since=now)
    return {
        "difference": Difference.objects.create(run=run, kind="unknown", stripe_id="x", last_seen_at=now).pk,
        "dues": Dues.objects.create(shop=shop, amount_minor=1, currency="CAD", next_on=now.date()).pk,
        "no_export": 0,
        "running": 0,
        "csv": "csv",
        **gift_cards_of(shop),
        "rule": CommissionRule.objects.create(label="x", basis_points=600, begins_at=now).pk,
    }


def gift_cards_of(shop: Shop) -> dict[str, Any]:
    """One bought online and not paid, one that a shop sold."""
    how = {"buyer": ("Léa", "lea@example.org"), "once": "routes", "language": "fr", "now": timezone.now()}
    purchase, card = gift_card_sales.start(2500, **how), factories.gift_card(shop=shop)
    key, entry = gift_card_sales.key_of(purchase), card.entries.get().pk
    return {"purchase": purchase.pk, "purchase_key": key, "gift_card": card.pk, "gift_card_entry": entry}
