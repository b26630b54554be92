"""By which right a reader may send something back, and until when. Pure, with its sources; read in November 2026.

- Directive 2011/83/EU on consumer rights: articles 9 (14 days from the day on which the consumer has the goods; of
  several goods of one order that come separately, from the last), 10 (a year more where the trader did not tell of it:
  the network's pages always do), 11 and 11a (how it is said; 11a, the function on the page, by directive (EU)
  2023/2673, since 19 June 2026), 13 (the money), 14 (sending back), 16 (exceptions, by letter). Where it holds: the
  Union and the EEA (decision 181/2012 of the EEA Joint Committee).
- United Kingdom: Consumer Contracts (Information, Cancellation and Additional Charges) Regulations 2013, regulations 28
  to 36: the same days and exceptions.
- How days are counted: regulation (EEC, Euratom) 1182/71, article 3: the day itself does not count; a period that ends
  on a Saturday, Sunday or public holiday ends with the next working day. Public holidays are not known here: what is
  asked for on such a day is asked by the shop's terms, and a person decides.
- Quebec (Consumer Protection Act, P-40.1, sections 54.8 to 54.13) and the other provinces give a right to cancel a
  distance contract where the merchant did not say what the law asks or does not deliver; none to change one's mind.
  There the shop's own terms count.
- Faults: directive (EU) 2019/771, article 10 (two years); elsewhere as long as a person finds fair (Quebec: sections 37
  and 38), so no day is said. The money of a fault, 14 days from arrival: Code de la consommation (France), L217-17.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shops.models import Return

Basis = Return.Basis
Excepted = Return.Excepted

WITHDRAWAL_DAYS = 14
REFUND_WITHIN = timedelta(days=14)
SEND_WITHIN = timedelta(days=14)
"""Article 14 (1): from the day on which the consumer said so."""
FAULT_DAYS = 2 * 365 + 1

_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_EU.split())
EEA = EU | {"IS", "LI", "NO"}
GIVES_WITHDRAWAL = EEA | {"GB"}


@dataclass(frozen=True)
class Case:
    """`country`: ISO 3166-1, where the reader got the goods. `received_on`: the last of the part, None while nothing of
    it has left its shop. `excepted`: exceptions that are known to hold of the goods. `today` at the reader's."""

    country: str
    received_on: date | None
    today: date
    return_days: int
    is_consumer: bool = True
    by_professional: bool = True
    excepted: frozenset[Excepted] = frozenset()


@dataclass(frozen=True)
class Right:
    """`until`: the last day on which it is asked for; None: no day is said."""

    basis: Basis
    until: date | None
    source: str = ""


def rights(case: Case) -> list[Right]:
    """What the reader may ask for today, the strongest first: a withdrawal needs no reason and nobody's agreement, what
    a shop's terms allow and what is faulty may need the shop's word."""
    if case.received_on is None:
        return []
    found = [_withdrawal(case), _terms(case), _fault(case)]
    return [right for right in found if right and (right.until is None or case.today <= right.until)]


def by_basis(case: Case, basis: Basis) -> Right | None:
    return next((right for right in rights(case) if right.basis == basis), None)


def refund_by(
    basis: Basis, *, asked_at: datetime, sent_at: datetime | None, arrived_at: datetime | None
) -> datetime | None:
    """When the money must be on its way back at the latest; None while the shop may still wait. Of a withdrawal 14 days
    from the day it was said (article 13 (1)), but not before the goods are back or the reader shows that they were
    sent, whichever comes first (13 (3)); of all else 14 days from arrival."""
    if basis != Basis.WITHDRAWAL:
        return arrived_at + REFUND_WITHIN if arrived_at else None
    shown = min((at for at in (sent_at, arrived_at) if at), default=None)
    return max(asked_at + REFUND_WITHIN, shown) if shown else None


def delivery_back(paid_minor: int, *, chosen_minor: int, standard_minor: int | None) -> int:
    """Of what a reader paid for delivery (`paid_minor`, tax included), what goes back when the whole part is withdrawn
    from: all of it, but for what a dearer way than the cheapest standard one cost more (article 13 (2)). `chosen_minor`
    and `standard_minor` are the two prices as the reader saw them; None: nothing else was offered."""
    if not chosen_minor or standard_minor is None or standard_minor >= chosen_minor:
        return paid_minor
    return paid_minor * standard_minor // chosen_minor


def working_day(day: date) -> date:
    """The day itself, or the Monday after a Saturday or Sunday."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day


def opens_seal(excepted: Iterable[Excepted]) -> bool:
    """Whether an exception holds only of what the reader has opened."""
    return bool({Excepted.SEALED, Excepted.HEALTH} & set(excepted))


def _withdrawal(case: Case) -> Right | None:
    if case.country not in GIVES_WITHDRAWAL or not (case.is_consumer and case.by_professional) or case.excepted:
        return None
    assert case.received_on is not None
    until = working_day(case.received_on + timedelta(days=WITHDRAWAL_DAYS))
    source = "Consumer Contracts Regulations 2013" if case.country == "GB" else "2011/83/EU, 9"
    return Right(Basis.WITHDRAWAL, until, source)


def _terms(case: Case) -> Right | None:
    """What the shop promises by itself; that the law excepts something does not take that away."""
    assert case.received_on is not None
    if not case.return_days:
        return None
    return Right(Basis.TERMS, case.received_on + timedelta(days=case.return_days))


def _fault(case: Case) -> Right:
    assert case.received_on is not None
    known = case.country in EEA and case.is_consumer and case.by_professional
    until = case.received_on + timedelta(days=FAULT_DAYS) if known else None
    return Right(Basis.FAULT, until, "(EU) 2019/771, 10" if known else "")
