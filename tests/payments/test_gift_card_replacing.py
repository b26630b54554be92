"""A lost card: the old code is dead at once, whatever it held follows to the new one."""

import pytest
from django.utils import timezone
from django.utils.translation import override

from marketplace.foundation.models import MailMessage
from marketplace.payments import gift_cards, invariants, means
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import GiftCard, Payment
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def replaced(card: GiftCard, once: str = "lost") -> tuple[GiftCard, str]:
    return gift_cards.replace(card, by=None, once=once, language="fr", now=timezone.now())


def test_old_code_is_dead_and_the_new_one_has_what_is_left():
    card, code = factories.gift_card_and_code(2000, recipient_email="ada@example.org")
    person, now = factories.user(), timezone.now()
    gift_cards.redeem(code, 500, shop=factories.shop(), by=person, once="a" * 20, now=now)
    new, new_code = replaced(card)
    assert replaced(card) == (new, new_code)  # sent twice
    assert gift_cards.find(new_code, currency="CAD", now=now).balance_minor == 1500
    with override("en"), pytest.raises(GiftCardError, match="blocked"):
        gift_cards.find(code, currency="CAD", now=now)
    with pytest.raises(GiftCardError):
        replaced(card, once="again")
    texts = MailMessage.objects.filter(kind="gift_card", to="ada@example.org").values_list("text", flat=True)
    assert [new_code in text for text in texts.order_by("pk")] == [False, True]
    assert broken() == {}


def test_what_an_order_holds_or_gives_back_follows():
    now = timezone.now()
    made, card = paying.checkout(now), factories.gift_card(9000)
    paying.use(made, card, now)
    new, _ = replaced(card)
    newest, _ = replaced(new, once="and again")
    gift_cards.release_hold(made.pk, now=now)
    balances = dict(GiftCard.objects.values_list("pk", "balance_minor"))
    assert (balances, broken()) == ({card.pk: 0, new.pk: 0, newest.pk: 9000}, {})
    other = factories.gift_card(9000)
    payment = paying.placed(now, card=other)
    after, _ = replaced(other, once="third")
    means.give_back(Payment.objects.get(pk=payment.pk), 1000, cause="declined", now=now)
    after.refresh_from_db()
    assert after.balance_minor == 9000 - 6140 + 1000
    assert {"a blocked gift card holds nothing", "the ledger owes what gift cards hold"}.isdisjoint(broken())


def test_blocked_card_cannot_be_held():
    now = timezone.now()
    made, card = paying.checkout(now), factories.gift_card(9000)
    use = made.gift_cards.create(card=card)
    replaced(card)
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=9000)  # negative control: it is the block that refuses
    assert not gift_cards.hold([(use, 6140)], now=now)
    GiftCard.objects.filter(pk=card.pk).update(blocked_at=None)
    assert gift_cards.hold([(use, 6140)], now=now)
