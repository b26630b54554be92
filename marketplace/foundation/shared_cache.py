"""The cache: each process has its own, but for what all must count together.

Tries at passwords and codes, and codes that were used, are counted by allauth in Django's cache. In a memory of each
process's own, four processes would allow four times as many, and a code twice; and what is taken once (`ONCE`) would be
taken four times. What begins so is therefore a row (`SharedEntry`), under a hash that does not tell whose it is; all
else stays in memory, and costs no query."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from django.utils import timezone

from marketplace.foundation import bulk, links
from marketplace.foundation.models import SharedEntry

ONCE = "once:"
_SHARED = ("allauth", ONCE)
_USED_CODE = "allauth.mfa.totp.used"
# A code is good in the half minute before and after its own as well (`MFA_TOTP_TOLERANCE`); allauth forgets after one.
_CODE_SECONDS = 120
_TABLE = SharedEntry._meta.db_table
_PUT = f"""
INSERT INTO {_TABLE} (cache_key, value, expires) VALUES (%(key)s, %(value)s, %(expires)s)
ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires"""  # noqa: S608  (the table's name is ours)
# One statement: of two at once one has added it.
_ADD = f"{_PUT} WHERE {_TABLE}.expires <= %(now)s RETURNING cache_key"


class SharedTries(LocMemCache):
    """As Django's cache in memory. Shared values are what JSON can say."""

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        if not _is_shared(key):
            return super().add(key, value, timeout, version)
        return bool(bulk.rows(_ADD, self._words(key, value, timeout)))

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        if not _is_shared(key):
            super().set(key, value, timeout, version)
            return
        bulk.execute(_PUT, self._words(key, value, timeout))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        if not _is_shared(key):
            return super().get(key, default, version)
        rows = SharedEntry.objects.filter(pk=_name(key), expires__gt=timezone.now())
        found = rows.values_list("value", flat=True).first()
        return default if found is None else json.loads(found)

    def delete(self, key: Any, version: int | None = None) -> bool:
        if not _is_shared(key):
            return super().delete(key, version)
        return bool(SharedEntry.objects.filter(pk=_name(key)).delete()[0])

    def _words(self, key: Any, value: Any, timeout: Any) -> dict[str, Any]:
        seconds: float = self.default_timeout or 0
        if timeout is not DEFAULT_TIMEOUT and timeout is not None:
            seconds = timeout
        if str(key).startswith(_USED_CODE):
            seconds = max(seconds, _CODE_SECONDS)
        now = timezone.now()
        stamps = {"now": bulk.moment(now), "expires": bulk.moment(now + timedelta(seconds=seconds))}
        return {"key": _name(key), "value": json.dumps(value), **stamps}


def forget(now: datetime) -> int:
    """Step: what is worth nothing any more. Returns rows."""
    return SharedEntry.objects.filter(expires__lte=now).delete()[0]


def _is_shared(key: Any) -> bool:
    return str(key).startswith(_SHARED)


def _name(key: Any) -> str:
    return links.key_of("halles.shared-cache", str(key))
