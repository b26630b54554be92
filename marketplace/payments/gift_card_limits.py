"""How much a shop may owe the network by selling gift cards: it keeps what it takes until its orders pay for it."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.foundation import mail
from marketplace.foundation.money import display
from marketplace.payments import ledger
from marketplace.payments.models import GiftCard
from shops import mailing
from shops.models import Shop, ShopMember


class OverLimitError(Exception):
    """The text says to a person what is owed and may be."""


def _owed(shop: Shop, currency: str) -> int:
    """What its account in the ledger is below zero."""
    return max(0, ledger.balance(ledger.shop_account(shop.pk), currency=currency))


def within_limit(shop: Shop, amount_minor: int, *, currency: str) -> None:
    """A shop keeps what it takes for a card until its next orders pay for it: the network lends it that, up to a limit.
    Under the shop's lock, so that two counters at once lend it no more. Raises OverLimitError."""
    locked = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
    owed = _owed(locked, currency)
    if owed + amount_minor > locked.gift_cards_limit_minor:
        language = get_language() or "fr"
        words = {
            "owed": display(owed, currency, language),
            "limit": display(locked.gift_cards_limit_minor, currency, language),
        }
        raise OverLimitError(
            _(
                "Your shop owes the network %(owed)s, and may owe at most %(limit)s when it sells a card. Its next "
                "orders pay that back; to sell more before, ask the network."
            )
            % words
        )


def tell_at_limit(shop: Shop, amount_minor: int, *, currency: str, now: datetime) -> None:
    """Its owners, once for each time that it comes there: not again before another card was sold."""
    shop.refresh_from_db(fields=["gift_cards_limit_minor"])
    owed = _owed(shop, currency)
    if owed + amount_minor <= shop.gift_cards_limit_minor:
        return
    last = GiftCard.objects.filter(shop=shop).order_by("-pk").values_list("pk", flat=True).first()
    owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER).values_list("user__email", flat=True)
    for address in sorted({mailing.address(shop, mailing.About.MONEY), *owners}):
        mail.post(
            "gift_cards_limit", to=address, language=shop.language, now=now, shop_id=shop.pk,
            not_before=mailing.not_before(shop, now),
            dedupe_key=f"gift_cards_limit:{shop.pk}:{last or 0}:{address}"[:200],
            context={"shop": shop, "owed_minor": owed, "currency": currency},
        )  # fmt: skip
