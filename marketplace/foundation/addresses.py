"""The address that a request comes from, and the hash under which such addresses are counted."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

_HOUSEHOLD_BITS = 64  # of an IPv6 address; the others one household chooses as it likes


def address_of(request: HttpRequest) -> str:
    """Where the call comes from; behind a proxy of ours what that has written last, for the rest anyone can write."""
    said = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return said.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def known_address_of(request: HttpRequest) -> str:
    """The same; empty where that is no address (a socket, a broken proxy)."""
    said = address_of(request)
    try:
        return str(ip_address(said))
    except ValueError:
        return ""


def hash_of(address: str) -> str:
    """What cannot be told back into an address without the site's key. Of IPv6 the part that a household shares."""
    try:
        found = ip_address(address)
    except ValueError:
        network = "unknown"  # a socket, or words of a broken proxy: all such callers are one
    else:
        found = getattr(found, "ipv4_mapped", None) or found
        network = str(found if found.version == 4 else ip_network((found, _HOUSEHOLD_BITS), strict=False))
    return salted_hmac("marketplace.api.callers", network, algorithm="sha256").hexdigest()
