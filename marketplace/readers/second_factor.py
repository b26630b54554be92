"""Of whom a second factor is asked, and until when they may work without.

Whoever acts for the network or edits its pages: from the first visit on. Whoever acts for a shop, or keeps a pick-up
point: after `SECOND_FACTOR_GRACE_DAYS` from their first visit, or at once if they ever had one."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from marketplace.foundation import audit, links, mail
from marketplace.models import User
from marketplace.readers.models import SecondFactorGrace
from shops.models import PickupPoint, ShopMember

_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def is_asked_of(person: User) -> bool:
    return works_for_network(person) or _acts_for_shop(person)


def works_for_network(person: User) -> bool:
    return person.is_staff or person.is_superuser or person.has_perm("wagtailadmin.access_admin")


def factors(person: User) -> QuerySet[Authenticator]:
    """Those that open the door; codes to fall back on are none by themselves."""
    return Authenticator.objects.filter(user=person, type__in=_FACTORS)


def without(people: list[User]) -> set[int]:
    """Which of them have none, by id."""
    having = Authenticator.objects.filter(user__in=people, type__in=_FACTORS).values_list("user_id", flat=True)
    return {person.pk for person in people} - set(having)


def may_wait_until(person: User, *, language: str, now: datetime) -> datetime | None:
    """When the person's days of grace end, which begin here, with a mail; None: there are none."""
    if works_for_network(person):
        return None
    ends_at = now + timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS)
    with transaction.atomic():
        grace, is_new = SecondFactorGrace.objects.get_or_create(user=person, defaults={"ends_at": ends_at})
        if is_new:
            url = links.absolute(reverse("mfa_index"))
            mail.post(
                "second_factor_due",
                to=person.email,
                language=language,
                dedupe_key=f"second_factor_due:{person.pk}",
                context={"until": ends_at, "url": url},
                now=now,
            )
    return grace.ends_at if grace.ends_at > now else None


def end_grace(person: User, now: datetime) -> None:
    """They have one now: whoever takes it away again must have another at once."""
    SecondFactorGrace.objects.update_or_create(user=person, defaults={"ends_at": now})


def reset(person: User, *, by: object, reason: str, language: str, now: datetime) -> None:
    """Take every factor away, for somebody who lost theirs; each session ends, and the next must set up another."""
    with transaction.atomic():
        Authenticator.objects.filter(user=person).delete()
        end_grace(person, now)
        entry = audit.record("person.reset_second_factor", person, by=by, reason=reason)
        mail.post(
            "second_factor_reset",
            to=person.email,
            language=language,
            dedupe_key=f"second_factor_reset:{entry.pk}",
            context={"url": links.absolute(reverse("mfa_index"))},
            now=now,
        )
        for session in UserSession.objects.filter(user=person):
            session.end()


def _acts_for_shop(person: User) -> bool:
    return ShopMember.objects.filter(user=person).exists() or PickupPoint.objects.filter(keepers=person).exists()
