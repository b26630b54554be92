"""Time zones as calendar programs name them."""

from __future__ import annotations

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import get_global

_LAST_PARTS = re.compile(r"([A-Za-z_]+/[A-Za-z_+-]+(?:/[A-Za-z_]+)?)$")


@lru_cache(maxsize=256)
def zone_named(name: str) -> ZoneInfo | None:
    """ "Europe/Paris", "/mozilla.org/20050126_1/Europe/Paris" or Windows' "Romance Standard Time"; None for others."""
    if len(name) > 100:
        return None
    ending = _LAST_PARTS.search(name)
    for candidate in (get_global("windows_zone_mapping").get(name, name), ending[1] if ending else ""):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (KeyError, ValueError, OSError):  # unknown; no name at all; a folder of the zones
            continue
    return None
