"""An operator looks at the pages of a person who asked for help: those of one shop, or those of a reader's account.
To look needs a reason; to change something needs the leave of the person, or of an owner of the shop, for a limited
time. Who looked, when, and each thing that was changed or tried to be is kept and shown to whom it concerns."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.models import User
from marketplace.readers import second_factor
from marketplace.readers.models import SupportDeed, SupportGrant, SupportVisit
from shops import queries
from shops.models import Shop, ShopMember

LASTS = timedelta(hours=1)
GRANT_HOURS = (1, 24, 72)


class SupportError(Exception):
    """It cannot be; the message says why, to a person."""


def grant(person: User, shop: Shop | None, *, hours: int, now: datetime) -> SupportGrant:
    """Operators may act in this person's place on their account's pages, or, said by an owner, on the shop's. Raises
    SupportError."""
    if hours not in GRANT_HOURS or (shop is not None and not queries.owns(person, shop)):
        raise SupportError(_("That cannot be granted."))
    with transaction.atomic():
        row = SupportGrant.objects.create(user=person, shop=shop, given_at=now, until=now + timedelta(hours=hours))
        audit.record("support.grant", row, by=person, shop_id=shop.pk if shop else None, hours=hours)
    return row


def take_back(person: User, shop: Shop | None, *, now: datetime) -> bool:
    """From the next click on. For a shop any owner takes back what another gave. False: nothing was granted."""
    if shop is not None and not queries.owns(person, shop):
        raise SupportError(_("That cannot be granted."))
    with transaction.atomic():
        if not _open_grants(person, shop, now).update(until=now):
            return False
        audit.record("support.take_back", shop or person, by=person, shop_id=shop.pk if shop else None)
    return True


def granted_until(person: User, shop: Shop | None, *, now: datetime) -> datetime | None:
    """None: they may look and no more. What somebody granted who is no owner any more does not count."""
    return _open_grants(person, shop, now).order_by("-until").values_list("until", flat=True).first()


def _open_grants(person: User, shop: Shop | None, now: datetime) -> QuerySet[SupportGrant]:
    found = SupportGrant.objects.filter(until__gt=now, shop=shop)
    if shop is None:
        return found.filter(user=person)
    owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER)
    return found.filter(user__in=owners.values("user"))


def begin(operator: User, person: User, shop: Shop | None, *, reason: str, now: datetime) -> SupportVisit:
    """For an hour at most. Raises SupportError."""
    if why := _refusal(operator, person, shop):
        raise SupportError(why)
    if not reason.strip():
        raise SupportError(_("Say why."))
    with transaction.atomic():
        visit = SupportVisit.objects.create(
            operator=operator, user=person, shop=shop, reason=reason[:200], started_at=now, ends_at=now + LASTS
        )
        _record("support.begin", visit)
    return visit


def end(visit: SupportVisit, *, now: datetime) -> None:
    with transaction.atomic():
        if SupportVisit.objects.filter(pk=visit.pk, ends_at__gt=now).update(ends_at=now):
            _record("support.end", visit)


def running(visit_id: int, operator: User, *, now: datetime) -> SupportVisit | None:
    """The visit, asked with each page: its time is over, the person may have left the shop or become an operator."""
    rows = SupportVisit.objects.select_related("user", "shop", "operator")
    visit = rows.filter(pk=visit_id, operator=operator, ends_at__gt=now).first()
    if visit is None or _refusal(operator, visit.user, visit.shop):
        return None
    return visit


def note(visit: SupportVisit, address: str, *, allowed: bool, now: datetime) -> None:
    """Before it is done: something is changed, or was refused."""
    with transaction.atomic():
        deed = SupportDeed.objects.create(visit=visit, at=now, address=address[:300], allowed=allowed)
        _record("support.act", visit, address=deed.address, allowed=allowed)


def visits_of(person: User) -> QuerySet[SupportVisit]:
    """Of their account, and where an operator saw a shop as they do."""
    return _newest(SupportVisit.objects.filter(user=person))


def visits_at(shop: Shop) -> QuerySet[SupportVisit]:
    return _newest(SupportVisit.objects.filter(shop=shop))


def _newest(rows: QuerySet[SupportVisit]) -> QuerySet[SupportVisit]:
    return rows.select_related("operator", "user", "shop").prefetch_related("deeds").order_by("-started_at", "-pk")


def latest() -> QuerySet[SupportVisit]:
    return _newest(SupportVisit.objects.all())


def _refusal(operator: User, person: User, shop: Shop | None) -> str:
    if not (operator.is_active and operator.is_staff):
        return _("Operators alone look at others' pages.")
    if second_factor.works_for_network(person):
        return _("Nobody looks at the pages of somebody who works for the network.")
    if not person.is_active:
        return _("This account has ended.")
    if shop is not None and not shop.members.filter(user=person).exists():
        return _("This person does not act for that shop.")
    return ""


def _record(action: str, visit: SupportVisit, **facts: object) -> None:
    told = {"of_user": visit.user_id, **facts}
    audit.record(action, visit, by=visit.operator, reason=visit.reason, shop_id=visit.shop_id, **told)
