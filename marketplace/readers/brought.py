"""Customers that a shop brought along from an earlier network: by the shop's own word, so that nothing of an account
here is told by them. Who takes it back here, or ends their account, is named no more and is not brought back: a keyed
digest of the address stays, as the proof of the withdrawal (GDPR, articles 7 (3) and 17)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from marketplace.models import User
from marketplace.readers.confirmed import addresses_of
from marketplace.readers.models import Consent
from shops.models import BroughtCustomer, EarlierNetwork, Shop

_NOBODY = {"email": "", "name": "", "words": "", "network": None, "given_at": None}
_AT_ONCE = 500


class Customer(NamedTuple):
    """As a row of customers.jsonl says it."""

    name: str
    email: str
    given_at: datetime
    words: str


class Taken(NamedTuple):
    """How many are new; are the shop's customers already; took it back here, and stay away."""

    new: int
    same: int
    ended: int


def digest_of(email: str) -> str:
    """What cannot be told back into an address without the site's key."""
    return salted_hmac("marketplace.readers.brought", email.strip().lower(), algorithm="sha256").hexdigest()


def take(shop: Shop, rows: Sequence[Customer], network: Callable[[], EarlierNetwork], *, now: datetime) -> Taken:
    """In the caller's transaction. Nobody twice, and nobody who withdrew. `network`, where they agreed to it, is asked
    for only where somebody is new: so that they go with it (`drop`)."""
    said_here = Consent.objects.filter(shop=shop, purpose=Consent.Purpose.SHOP, withdrawn_at=None)
    here = {digest_of(email) for email in said_here.values_list("user__email", flat=True) if email}
    new = same = ended = 0
    for start in range(0, len(rows), _AT_ONCE):
        some = {digest_of(row.email): row for row in rows[start : start + _AT_ONCE]}
        known = BroughtCustomer.objects.filter(shop=shop, digest__in=list(some))
        over = {digest: at is not None for digest, at in known.values_list("digest", "ended_at")}
        fresh = [digest for digest in some if digest not in here and digest not in over]
        whence = {"network": network()} if fresh else {}
        made = [
            BroughtCustomer(shop=shop, digest=one, brought_at=now, **whence, **some[one]._asdict()) for one in fresh
        ]
        BroughtCustomer.objects.bulk_create(made, ignore_conflicts=True)  # somebody may withdraw at this moment
        gone = sum(over.get(digest, False) and digest not in here for digest in some)
        new, ended, same = new + len(made), ended + gone, same + len(some) - len(made) - gone
    return Taken(new, same, ended)


def of_shop(shop: Shop) -> QuerySet[BroughtCustomer]:
    return BroughtCustomer.objects.filter(shop=shop, ended_at=None)


def of(reader: User) -> QuerySet[BroughtCustomer]:
    """What shops say of the addresses that the reader has shown to be theirs."""
    digests = [digest_of(email) for email in addresses_of(reader)]
    return (
        BroughtCustomer.objects.filter(digest__in=digests, ended_at=None)
        .select_related("shop", "network")
        .order_by("pk")
    )


def export(reader: User) -> list[dict[str, Any]]:
    """What shops say of them, in plain values."""
    return [dict(row) for row in of(reader).values("shop__name", "network__name", "name", "email", "words", "given_at")]


def end(rows: QuerySet[BroughtCustomer], *, now: datetime) -> int:
    """They are named no more. Returns how many."""
    keys = list(rows.filter(ended_at=None).values_list("pk", flat=True))
    return BroughtCustomer.objects.filter(pk__in=keys).update(ended_at=now, **_NOBODY)


def drop(network: EarlierNetwork) -> int:
    """Those that came from there, as if they never had. Who took it back stays away. Returns how many."""
    return BroughtCustomer.objects.filter(network=network, ended_at=None).delete()[0]


def keep_away(shops: Iterable[int], emails: Iterable[str], *, now: datetime) -> None:
    """Of these shops nobody with these addresses is a customer by the shop's word, now or later."""
    digests = {digest_of(email) for email in emails if email}
    with transaction.atomic():
        wanted = [
            BroughtCustomer(shop_id=shop, digest=digest, brought_at=now, ended_at=now)
            for shop in sorted(set(shops))
            for digest in sorted(digests)
        ]
        BroughtCustomer.objects.bulk_create(wanted, ignore_conflicts=True)
        end(BroughtCustomer.objects.filter(shop__in={row.shop_id for row in wanted}, digest__in=digests), now=now)


def forget(reader: User, *, now: datetime) -> None:
    """The account ends, whose addresses are still known: no shop names them, and none that they agreed to brings them
    back."""
    emails = {*addresses_of(reader), reader.email}
    end(BroughtCustomer.objects.filter(digest__in=[digest_of(email) for email in emails]), now=now)
    agreed = Consent.objects.filter(user=reader, purpose=Consent.Purpose.SHOP)
    keep_away(agreed.values_list("shop_id", flat=True), emails, now=now)


def address_removed(reader: User, email: str, *, now: datetime) -> None:
    """Shops that they agreed to here know them by another address now: by this one none brings them back, also where
    they take that back later, when nothing says any more that it was theirs."""
    agreed = Consent.objects.filter(user=reader, purpose=Consent.Purpose.SHOP)
    keep_away(agreed.values_list("shop_id", flat=True), [email], now=now)


def said_here(user: User, shop: Shop) -> None:
    """The reader's own word takes the place of the shop's, whatever it was. Only of addresses that are shown to be
    theirs: anybody can register one, and would undo what its owner took back."""
    digests = [digest_of(email) for email in addresses_of(user)]
    BroughtCustomer.objects.filter(shop=shop, digest__in=digests).delete()


def forget_address(shop: Shop, email: str, *, now: datetime) -> bool:
    """The shop was asked to: False where it had brought nobody with this address."""
    return bool(end(BroughtCustomer.objects.filter(shop=shop, digest=digest_of(email)), now=now))
