"""What the network and its shops agree on: its words, and which of them an owner of a shop accepted."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import get_language

from marketplace.foundation import audit, network
from marketplace.foundation.models import Network
from marketplace.models import User
from shops.models import AgreementWord, Shop
from shops.onboarding import standing

NOTICE = timedelta(days=15)
"""From the day on which shops are told of other words until these hold: Regulation (EU) 2019/1150, article 3 (2)."""
_BOUND = [Shop.Status.ACTIVE, Shop.Status.PAUSED, Shop.Status.SUSPENDED]


def text() -> str:
    """In the language of the page, or the other; empty where the network has written none."""
    current = network.current()
    french, english = current.shop_agreement_fr.strip(), current.shop_agreement_en.strip()
    return (french or english) if (get_language() or "fr").startswith("fr") else (english or french)


def version() -> str:
    """Of its words as they are now; empty where there are none."""
    return version_of(network.current())


def version_of(current: Network) -> str:
    words = f"{current.shop_agreement_fr.strip()}\0{current.shop_agreement_en.strip()}"
    return sha256(words.encode()).hexdigest()[:16] if words != "\0" else ""


def accepted(shop: Shop) -> AgreementWord | None:
    """The word that holds for the words of now."""
    return AgreementWord.objects.filter(shop=shop, version=version()).first()


def accept(shop: Shop, seen: str, *, by: User, now: datetime) -> bool:
    """False: the words were changed since `seen`, the version that the person read."""
    if not seen or seen != version():
        return False
    Shop.objects.filter(pk=shop.pk).update(agreed_version=seen)
    word, is_new = AgreementWord.objects.get_or_create(shop=shop, version=seen, defaults={"at": now, "by": by.email})
    if is_new:
        audit.record("shop.agree", word, by=by, shop_id=shop.pk, version=seen)
    return True


def waits(shop: Shop) -> bool:
    """Whether a shop that sells has not accepted the words of now. No query."""
    return shop.status in _BOUND and bool(wanted := version()) and shop.agreed_version != wanted


def holds_from() -> datetime | None:
    """From when on the words of now hold for who accepted others; None: they were never changed."""
    since = network.current().shop_agreement_changed_at
    return since + NOTICE if since else None


def follow(before: Network, after: Network, *, now: datetime) -> int:
    """The network was saved: where its agreement has other words now, the owners of shops that sell are told once, and
    from when on it holds. Returns how many shops."""
    wanted = version_of(after)
    if wanted == version_of(before):
        return 0
    with transaction.atomic():
        Network.objects.filter(pk=after.pk).update(shop_agreement_changed_at=now)
        known = AgreementWord.objects.filter(version=wanted).values("shop")  # the words were taken back
        Shop.objects.filter(pk__in=known).update(agreed_version=wanted)
        bound = Shop.objects.filter(status__in=_BOUND).exclude(agreed_version=wanted).order_by("pk")
        told = list(bound) if wanted else []
        said, kind = {"holds_from": now + NOTICE}, "agreement_changed"
        for shop in told:
            standing.tell_owners(shop, kind, f"/portal/{shop.slug}/start/", now=now, said=said)
    return len(told)
