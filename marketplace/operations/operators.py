"""Who is an operator, and of which roles."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.foundation.models import OperatorRoles, Role
from marketplace.models import User


class OperatorError(Exception):
    """It cannot be done; the message says why."""


def give(person: User, roles: Iterable[str], *, by: User) -> list[str]:
    """Make somebody an operator of exactly these roles. Raises OperatorError of oneself, so that who administers
    cannot lock everybody out, and of who was made at the machine and has them all."""
    kept = sorted(Role(name).value for name in set(roles))
    with transaction.atomic():
        _check(person, by)
        User.objects.filter(pk=person.pk).update(is_staff=True)
        OperatorRoles.objects.update_or_create(user=person, defaults={"roles": kept})
        audit.record("operator.roles", person, by=by, roles=kept)
    return kept


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
