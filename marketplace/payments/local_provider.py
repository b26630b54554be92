"""What is asked of whoever keeps the accounts of a local currency. Amounts are units: its own minor units."""

from __future__ import annotations

from datetime import datetime

from marketplace.payments.models import LocalShare, LocalUse


class Provider:
    """`confirm` alone may call outside; the others run in a transaction, and write down what is to be called."""

    def free(self, use: LocalUse) -> int:
        """The most that it could pay now; as much as is wanted where only the service knows."""
        raise NotImplementedError

    def hold(self, use: LocalUse, units: int, *, now: datetime) -> bool:
        """Take them off the payer's account for a checkout. False: they are not there any more."""
        raise NotImplementedError

    def confirm(self, use: LocalUse, *, now: datetime) -> bool:
        """After the transaction: whether they are held for certain. False: refused. Raises ServiceError."""
        raise NotImplementedError

    def release(self, use: LocalUse, *, now: datetime) -> None:
        """The checkout ended unpaid."""
        raise NotImplementedError

    def spend(self, use: LocalUse, *, order_id: int, now: datetime) -> None:
        """The order is placed."""
        raise NotImplementedError

    def give_back(self, use: LocalUse, units: int, *, key: str, order_id: int, now: datetime) -> None:
        """Of what was spent, to the payer."""
        raise NotImplementedError

    def pay_shop(self, share: LocalShare, units: int, *, key: str, now: datetime) -> bool:
        """What the shop earned in it. False: the shop has no account there; it is owed money instead."""
        raise NotImplementedError


class ServiceError(Exception):
    """An outside service cannot be reached, or nobody knows what it did; the message is for a person."""
