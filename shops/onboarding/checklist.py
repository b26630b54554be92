"""What a shop needs before it is put on sale: lines that are computed from what is stored, each asked or not as the
operator says, and lines of the operator's own, ticked by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from catalog_sync.doors import own_shelf
from marketplace.foundation import audit
from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from marketplace.payments.models import BankAccount
from shops.channels import testing
from shops.channels.testing import PLAIN, TESTED
from shops.models import (
    Application,
    ApplicationDocument,
    ChecklistItem,
    ChecklistTick,
    DeliveryOption,
    Shop,
    ShopMember,
)
from shops.onboarding import agreement

_OF_SYSTEMS, _OF_WEBHOOKS = ("shop_system.connect", "shop_system.take_orders"), ("order_webhook.set_up",)


class Point(NamedTuple):
    """`item_id`: of a line that is ticked by hand. `code`: of one that is computed."""

    text: str | Promise
    is_done: bool
    code: str = ""
    item_id: int = 0


class Computed(NamedTuple):
    text: str | Promise
    holds: Callable[[Shop], bool]


def _has_owner(shop: Shop) -> bool:
    return shop.members.filter(role=ShopMember.Role.OWNER, user__is_active=True).exists()


def _agreed(shop: Shop) -> bool:
    return agreement.accepted(shop) is not None


def _has_hours(shop: Shop) -> bool:
    counter = shop.delivery_options.filter(active=True, kind=DeliveryOption.Kind.PICKUP)
    return not counter.exists() or shop.opening_hours.exists()


def _is_paid(shop: Shop) -> bool:
    return shop.stripe_account_ready or BankAccount.objects.filter(shop=shop).exists()


def _has_papers(shop: Shop) -> bool:
    """Of several shops of a business those of one do for all."""
    its_own, of_business = Q(application__shop=shop), Q(application__business=shop.business_id)
    return ApplicationDocument.objects.filter(its_own | of_business if shop.business_id else its_own).exists()


def _has_fresh_stock(shop: Shop) -> bool:
    """Its list was read whole, or it typed what it has, and not so long ago that nothing of it is sold any more."""
    now = timezone.now()
    if Shop.objects.filter(own_shelf.types_alone(), pk=shop.pk).exists():
        return own_shelf.has_fresh(shop, now=now)
    return shop.complete_as_of is not None and (shop.fresh_until is None or shop.fresh_until > now)


def _is_tested(shop: Shop) -> bool:
    """By the way that its orders take now, and since that leads where it does."""
    way, its_own = testing.way_of(shop), AuditEntry.objects.filter(shop_id=shop.pk)
    came = its_own.filter(action=TESTED, facts__channel=way.channel)
    if way.channel == PLAIN:  # unless what had left by mail came back, or would not leave any more
        return not shop.unreachable and came.exists()
    begun = its_own.filter(action__in=_OF_SYSTEMS if way.system else _OF_WEBHOOKS).order_by("-pk").first()
    return came.filter(pk__gt=begun.pk if begun else 0).exists()


COMPUTED: dict[str, Computed] = {
    "owner": Computed(_("An owner has accepted the invitation"), _has_owner),
    "agreement": Computed(_("The agreement with the network is accepted"), _agreed),
    "papers": Computed(_("Papers that say who it is came with its application"), _has_papers),
    "delivery": Computed(
        _("A way of delivery, or pick-up at the counter"),
        lambda shop: shop.delivery_options.filter(active=True).exists(),
    ),
    "hours": Computed(_("Opening hours, where readers collect at its counter"), _has_hours),
    "stock": Computed(
        _("A complete list of its stock was read, or its books were typed, and is fresh"), _has_fresh_stock
    ),
    "tested": Computed(_("A test order came through to the shop"), _is_tested),
    "paid": Computed(_("An account at Stripe that is ready, or a bank account"), _is_paid),
}


def points(shop: Shop) -> list[Point]:
    """Each, done or missing."""
    items = list(ChecklistItem.objects.filter(is_needed=True))
    ticked = set(ChecklistTick.objects.filter(shop=shop).values_list("item_id", flat=True))
    left_out = not_asked() | (set() if agreement.version() else {"agreement"})  # there is nothing to accept
    if not Application.objects.filter(shop=shop).exists():
        left_out.add("papers")  # the network asked it in, and knows it
    asked = [Point(one.text, one.holds(shop), code) for code, one in COMPUTED.items() if code not in left_out]
    return asked + [Point(text_of(item), item.pk in ticked, item_id=item.pk) for item in items if not item.code]


def is_ready(shop: Shop) -> bool:
    return all(point.is_done for point in points(shop))


def not_asked() -> set[str]:
    """Codes of the computed lines that this network does without."""
    return set(ChecklistItem.objects.filter(is_needed=False).exclude(code="").values_list("code", flat=True))


def own() -> list[ChecklistItem]:
    """The operator's own lines that are asked."""
    return list(ChecklistItem.objects.filter(code="", is_needed=True))


def text_of(item: ChecklistItem) -> str:
    return item.text_fr if (get_language() or "fr").startswith("fr") or not item.text_en else item.text_en


def ask(code: str, is_needed: bool, *, by: User) -> None:
    row, _is_new = ChecklistItem.objects.update_or_create(code=code, defaults={"is_needed": is_needed})
    audit.record("checklist.ask", row, by=by, code=code, is_needed=is_needed)


def add(text_fr: str, text_en: str, *, by: User) -> None:
    row = ChecklistItem.objects.create(text_fr=text_fr, text_en=text_en)
    audit.record("checklist.add", row, by=by, text=text_fr)


def drop(item: ChecklistItem, *, by: User) -> None:
    """It is asked of nobody any more; who ticked it for which shop stays."""
    if ChecklistItem.objects.filter(pk=item.pk, code="", is_needed=True).update(is_needed=False):
        audit.record("checklist.drop", item, by=by, text=item.text_fr)


def tick(shop: Shop, item: ChecklistItem, is_done: bool, *, by: User, now: datetime) -> None:
    if is_done:
        _row, changed = ChecklistTick.objects.get_or_create(shop=shop, item=item, defaults={"at": now, "by": by.email})
    else:
        changed = bool(ChecklistTick.objects.filter(shop=shop, item=item).delete()[0])
    if changed:
        audit.record("checklist.tick", shop, by=by, shop_id=shop.pk, text=item.text_fr, is_done=is_done)
