"""Gift cards bought online, in a reader's data and as they leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.payments import gift_card_sales, gift_cards
from marketplace.payments.models import GiftCard, GiftCardPurchase, LedgerEntry
from marketplace.readers import forgetting, leaving
from marketplace.readers.gift_cards import PERSONAL
from tests import factories

pytestmark = pytest.mark.django_db
State = GiftCardPurchase.State


def confirmed(email: str) -> User:
    reader = factories.user(email)
    EmailAddress.objects.create(user=reader, email=email, verified=True, primary=True)
    return reader


def purchase(number: int, state: str = State.PAID, *, mailed: bool = True, **columns) -> GiftCardPurchase:
    """Léa's for Ada, of 25.00: its card is there where it is paid; `mailed`: and its code told."""
    now = timezone.now()
    row = gift_card_sales.start(
        2500,
        buyer=("Léa", "Lea@example.org"),
        recipient=("Ada", "ada@example.org"),
        message="Joyeux Noël",
        once=f"form-{number}",
        language="fr",
        now=now,
    )
    columns = {"state": state} | columns
    if state == State.PAID:
        made = {"paid_by": gift_cards.PaidBy.ONLINE, "by": None, "once": f"online:{row.seed}", "now": now}
        columns["card"], _code = gift_cards.issue(
            2500, currency="CAD", recipient_email="ada@example.org", mailed=False, **made
        )
        columns["paid_at"] = now
        if mailed:
            columns |= {"seed": "", "message": ""}
    GiftCardPurchase.objects.filter(pk=row.pk).update(**columns)
    row.refresh_from_db()
    return row


def personal(row: GiftCardPurchase) -> tuple[str, ...]:
    row.refresh_from_db()
    return tuple(getattr(row, name) for name in PERSONAL)


def test_export_holds_what_was_bought_and_what_was_got_by_mail():
    lea, ada = confirmed("lea@example.org"), confirmed("ada@example.org")
    told, untold = purchase(1), purchase(2, mailed=False)
    of_lea, of_ada = (leaving.export(reader)["gift_cards"] for reader in (lea, ada))
    assert [(row["amount_minor"], row["recipient_name"], row["message"]) for row in of_lea["bought"]] == [
        (2500, "Ada", ""),
        (2500, "Ada", "Joyeux Noël"),
    ]
    assert (of_lea["received"], of_ada["bought"]) == ([], [])
    assert [row["card"] for row in of_ada["received"]] == [str(told.card)]  # the other is to come as a surprise
    assert untold.seed not in str(of_lea)


def test_nobody_gets_what_was_bought_with_an_address_that_is_not_shown_to_be_theirs():
    purchase(1)
    reader = factories.user("lea@example.org")
    assert leaving.export(reader)["gift_cards"] == {"bought": [], "received": []}
    assert leaving.leave(reader, now=timezone.now()) == []
    assert GiftCardPurchase.objects.get().buyer_name == "Léa"


def test_who_leaves_is_forgotten_and_the_books_stay():
    lea, now = confirmed("lea@example.org"), timezone.now()
    told, untold, over = purchase(1), purchase(2, mailed=False), purchase(3, State.EXPIRED)
    before = LedgerEntry.objects.count()
    assert leaving.leave(lea, now=now) == []
    assert (personal(told), personal(over)) == (("",) * 5, ("",) * 5)
    assert personal(untold) == ("Léa", "", "Ada", "ada@example.org", "Joyeux Noël")  # it is Ada's
    assert (LedgerEntry.objects.count(), told.amount_minor, told.card.balance_minor) == (before, 2500, 2500)
    assert forgetting.forget_unplaced(now) == 0
    gift_card_sales.tell(untold, now=untold.mail_at + timedelta(minutes=1))
    mail = MailMessage.objects.get(kind="gift_card")
    assert (mail.to, "Léa" in mail.text, "Joyeux Noël" in mail.html) == ("ada@example.org", True, True)
    assert (forgetting.forget_unplaced(now), personal(untold)) == (1, ("",) * 5)


def test_who_got_a_card_is_forgotten_as_they_leave():
    ada = confirmed("ada@example.org")
    told, untold = purchase(1), purchase(2, mailed=False)
    assert leaving.leave(ada, now=timezone.now()) == []
    assert personal(told) == ("Léa", "Lea@example.org", "", "", "")
    assert personal(untold)[2:4] == ("Ada", "ada@example.org")
    assert GiftCard.objects.get(pk=told.card_id).recipient_email == ""


@pytest.mark.parametrize("state", [State.NEW, State.OPEN, State.REFUNDING])
def test_nobody_leaves_while_a_card_is_being_paid_or_paid_back(state):
    lea = confirmed("lea@example.org")
    purchase(1, state)
    assert leaving.leave(lea, now=timezone.now()) == ["payment"]


def test_what_was_not_paid_is_not_kept_for_ever():
    now = timezone.now()
    old = now - forgetting.KEEP - timedelta(days=1)
    gone, fresh = purchase(1, State.EXPIRED, created_at=old), purchase(2, State.EXPIRED)
    paid = purchase(3, created_at=old)
    assert [forgetting.forget_unplaced(now) for _ in range(2)] == [1, 0]
    assert (personal(gone), personal(fresh)[0], personal(paid)[0]) == (("",) * 5, "Léa", "Léa")
