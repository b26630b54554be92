"""Who is an operator, and of which roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit, network
from marketplace.foundation.models import AuditEntry, Network, OperatorRoles, Role
from marketplace.models import User
from marketplace.operations import roles

TWO, USUAL_LIMIT_MINOR = 2, 200_00


class OperatorError(Exception):
    """It cannot be done; the message says why."""


def give(person: User, given: Iterable[str], *, by: User) -> list[str]:
    """Make somebody an operator of exactly these roles. Raises OperatorError of oneself, so that who administers
    cannot lock everybody out, and of who was made at the machine and has them all."""
    kept = sorted(Role(name).value for name in set(given))
    with made_two(by=by):
        _check(person, by)
        User.objects.filter(pk=person.pk).update(is_staff=True)
        OperatorRoles.objects.update_or_create(user=person, defaults={"roles": kept})
        audit.record("operator.roles", person, by=by, roles=kept)
    return kept


@contextmanager
def made_two(*, by: object) -> Iterator[None]:
    """Around making an operator. From the moment on that a second one could approve it, a large refund needs two: above
    a usual amount, unless the network has set one. It is changed, or switched off, where it is shown (the network's
    settings)."""
    with transaction.atomic():
        row = Network.objects.select_for_update().filter(pk=1, refund_two_above_minor=0).first()
        before = len(roles.holders(Role.MONEY))
        yield
        if row and before < TWO <= len(roles.holders(Role.MONEY)) and not _has_decided():
            row.refund_two_above_minor = USUAL_LIMIT_MINOR
            row.save(update_fields=["refund_two_above_minor"])
            audit.record("network.change", row, by=by, refund_two_above_minor=["0", str(USUAL_LIMIT_MINOR)])
    network.forget()


def _has_decided() -> bool:
    """Whether somebody has set or switched off the limit, or it began once: that stays."""
    known = AuditEntry.objects.filter(action="network.change", facts__has_key="refund_two_above_minor")
    return known.exists()


def end(person: User, *, by: User) -> bool:
    """They are no operator any more, from their next click on. False: they were none."""
    with transaction.atomic():
        _check(person, by)
        if not User.objects.filter(pk=person.pk, is_staff=True).update(is_staff=False):
            return False
        OperatorRoles.objects.filter(user=person).delete()
        audit.record("operator.end", person, by=by)
    return True


def _check(person: User, by: User) -> None:
    locked = User.objects.select_for_update().get(pk=person.pk)
    if locked.pk == by.pk:
        raise OperatorError(_("Of your own roles another operator decides."))
    if locked.is_superuser:
        raise OperatorError(_("This account was made at the machine and has every role."))
    if not locked.is_active:
        raise OperatorError(_("This account has ended."))
