"""One function: say who did what and why, in the transaction of the change."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import models
from django.utils import timezone

from marketplace.foundation import prepared
from marketplace.foundation.models_trail import AuditEntry

# Who really acts where a page is somebody else's: an operator who helps.
_in_place_of: ContextVar[models.Model | None] = ContextVar("in_place_of", default=None)


@contextmanager
def in_place(operator: models.Model) -> Iterator[None]:
    """All that a person is recorded to do meanwhile, be it by a word, is recorded as done by `operator` for that
    person."""
    before = _in_place_of.set(operator)
    try:
        yield
    finally:
        _in_place_of.reset(before)


def acting_id() -> int | None:
    """The key of the operator who acts in somebody's place just now."""
    operator = _in_place_of.get()
    return operator.pk if operator is not None else None


def record(
    action: str,
    subject: models.Model,
    *,
    by: object = None,
    reason: str = "",
    shop_id: int | None = None,
    **facts: object,
) -> AuditEntry:
    """Write one entry. `action` is noun.verb; `by` a User, or a word such as "system" or "reader 100012" for whoever
    acts without an account; `facts` must be JSON-able."""
    return prepared.insert([AuditEntry(**_columns(action, subject, by, reason, shop_id, facts))])[0]


def digest_of_name(salt: str, label: str) -> str:
    return _digest(salt, label)


def digest_of_words(salt: str, reason: str, facts: Mapping[str, object]) -> str:
    return _digest(salt, reason, _as_stored(json.loads(json.dumps(facts))))


def _columns(
    action: str, subject: models.Model, by: object, reason: str, shop_id: int | None, facts: dict[str, object]
) -> dict[str, object]:
    user = by if isinstance(by, models.Model) else None
    label, why = str(getattr(user, "email", None) or by or "system")[:200], reason[:500]
    operator = _in_place_of.get()
    if operator is not None and label != "system" and getattr(user, "pk", None) != operator.pk:
        facts = {**facts, "for_user": user.pk} if user is not None else facts
        user, label = operator, f"{getattr(operator, 'email', operator)} ({label})"[:200]
    name_salt, words_salt = secrets.token_hex(16), secrets.token_hex(16)
    return {
        "at": timezone.now(),
        "actor": user,
        "actor_label": label,
        "action": action,
        "subject_type": subject._meta.label_lower,
        "subject_id": str(subject.pk),
        "shop_id": shop_id,
        "reason": why,
        "facts": facts,
        "name_salt": name_salt,
        "name_digest": digest_of_name(name_salt, label),
        "words_salt": words_salt,
        "words_digest": digest_of_words(words_salt, why, facts),
    }


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _as_stored(value: object) -> object:
    """As it comes back from either database: PostgreSQL keeps 1e3 as 1000."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _as_stored(one) for name, one in value.items()}
    return [_as_stored(one) for one in value] if isinstance(value, list) else value
