"""What a reader agreed to: written down in the words that they saw, shown to them, and withdrawn as easily as given
(GDPR, article 7). Never asked for by a box that is ticked already, and nothing else depends on a yes."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout
from marketplace.foundation import network
from marketplace.models import User
from marketplace.readers import brought
from marketplace.readers.confirmed import addresses_of
from marketplace.readers.models import Alert, Consent
from shops.models import Shop

Purpose = Consent.Purpose
WORDS: dict[str, str | Promise] = {
    Purpose.NEWSLETTER: _("%(network)s may send me its news by mail."),
    Purpose.ALERTS: _("%(network)s may mail me when a shop has a title that I asked for."),
    Purpose.DOWNLOAD: _(
        "Hand my downloads over at once. I know that I can no longer take one back once I have downloaded it or "
        "seen its link or code."
    ),
    Purpose.SHOP: _("%(shop)s may keep my name and e-mail address as its customer."),
}
ASKED = (Purpose.NEWSLETTER, Purpose.SHOP)
"""Those that the account page asks for; the others are said where they arise."""


def words(purpose: str, shop: Shop | None = None) -> str:
    """In the language of the page."""
    return str(WORDS[purpose]) % {"network": network.current().name, "shop": shop.name if shop else ""}


def version(purpose: str) -> str:
    """Of its words as they are now, in every language."""
    said = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            said.append(str(WORDS[purpose]))
    return sha256("\0".join(said).encode()).hexdigest()[:16]


def give(user: User, purpose: str, *, now: datetime, shop: Shop | None = None) -> Consent:
    """The one that holds, or a new one."""
    said = {"version": version(purpose), "words": words(purpose, shop)[:500], "given_at": now}
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        key = {"user": user, "purpose": purpose, "shop": shop, "withdrawn_at": None}
        if purpose == Purpose.SHOP and shop is not None:
            brought.said_here(user, shop)
        return Consent.objects.get_or_create(**key, defaults=said)[0]


def give_for(checkout: Checkout, *, now: datetime) -> None:
    """To downloads at once, as the checkout asked; a guest's too."""
    checkouts.agree_to_download(checkout, now=now)
    said = {"version": version(Purpose.DOWNLOAD), "words": words(Purpose.DOWNLOAD), "given_at": now}
    key = {"user_id": checkout.user_id, "purpose": Purpose.DOWNLOAD}
    Consent.objects.get_or_create(checkout=checkout, defaults={**said, **key})


def withdraw(row: Consent, *, now: datetime) -> bool:
    """With what rests on it: alerts end, and no shop brings its customer back from elsewhere. The right of withdrawal,
    once lost, does not come back: False."""
    if row.purpose == Purpose.DOWNLOAD:
        return False
    with transaction.atomic():
        if row.purpose == Purpose.ALERTS:
            Alert.objects.filter(reader=row.user).delete()
        if row.purpose == Purpose.SHOP and row.shop_id and row.user:
            brought.keep_away([row.shop_id], {*addresses_of(row.user), row.user.email}, now=now)
        return bool(Consent.objects.filter(pk=row.pk, withdrawn_at=None).update(withdrawn_at=now))


def alerts_ended(user_id: int, *, now: datetime) -> None:
    """Called where one ends: with the last of them the consent to be mailed does."""
    if not Alert.objects.filter(reader=user_id).exists():
        held(user_id).filter(purpose=Purpose.ALERTS).update(withdrawn_at=now)


def held(user_id: int) -> QuerySet[Consent]:
    return Consent.objects.filter(user=user_id, withdrawn_at=None)


def customers_of(shop: Shop) -> QuerySet[Consent]:
    """Who lets the shop keep them, oldest first."""
    found = Consent.objects.filter(shop=shop, purpose=Purpose.SHOP, withdrawn_at=None, user__is_active=True)
    return found.select_related("user").order_by("pk")


def readers_of_news() -> QuerySet[Consent]:
    found = Consent.objects.filter(purpose=Purpose.NEWSLETTER, withdrawn_at=None, user__is_active=True)
    return found.select_related("user").order_by("pk")
