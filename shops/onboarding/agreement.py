"""What the network and its shops agree on: its words, and which of them an owner of a shop accepted."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from django.utils.translation import get_language

from marketplace.foundation import audit, network
from marketplace.models import User
from shops.models import AgreementWord, Shop


def text() -> str:
    """In the language of the page, or the other; empty where the network has written none."""
    current = network.current()
    french, english = current.shop_agreement_fr.strip(), current.shop_agreement_en.strip()
    return (french or english) if (get_language() or "fr").startswith("fr") else (english or french)


def version() -> str:
    """Of its words as they are now; empty where there are none."""
    current = network.current()
    words = f"{current.shop_agreement_fr.strip()}\0{current.shop_agreement_en.strip()}"
    return sha256(words.encode()).hexdigest()[:16] if words != "\0" else ""


def accepted(shop: Shop) -> AgreementWord | None:
    """The word that holds for the words of now."""
    return AgreementWord.objects.filter(shop=shop, version=version()).first()


def accept(shop: Shop, seen: str, *, by: User, now: datetime) -> bool:
    """False: the words were changed since `seen`, the version that the person read."""
    if not seen or seen != version():
        return False
    word, is_new = AgreementWord.objects.get_or_create(shop=shop, version=seen, defaults={"at": now, "by": by.email})
    if is_new:
        audit.record("shop.agree", word, by=by, shop_id=shop.pk, version=seen)
    return True
