"""The accounts of the ledger: what each holds, and its number and name in a French journal.

Numbers follow the French plan comptable général (règlement ANC 2014-03): 5 for money, 46 for what is held for others
(the network collects in the shops' names: opérations pour le compte de tiers), 4 for tax, 6 and 7 for the network's own
costs and income. An accountant who books otherwise changes them here, before the first export."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Nature(StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class Account(NamedTuple):
    """`name` ends with a colon where there is one account for each shop, jurisdiction or currency."""

    name: str
    nature: Nature
    number: str
    label: str
    holds: str


ACCOUNTS = (
    Account("stripe", Nature.ASSET, "511700", "Stripe, en compte", "the network's balance at Stripe (clearing)"),
    Account("bank", Nature.ASSET, "512000", "Banque", "the network's bank account"),
    Account("institutions", Nature.ASSET, "411000", "Clients, collectivités",
            "owed by institutions that ordered by invoice; of each order by its entries, below zero owed back"),
    Account("orders", Nature.LIABILITY, "467100", "Commandes encaissées",
            "money captured for orders, owed to readers, shops and network; of each order by its entries"),
    Account("shop:", Nature.LIABILITY, "467200", "Libraires, compte courant",
            "what one shop has earned and not been paid (payable); below zero the shop owes it (receivable)"),
    Account("gift_cards", Nature.LIABILITY, "419700", "Cartes-cadeaux", "gift cards sold and not used yet"),
    Account("local:", Nature.LIABILITY, "467300", "Monnaie locale",
            "units of one local currency that readers and shops hold in Halles; booked in that currency"),
    Account("exchange:", Nature.LIABILITY, "467310", "Monnaie locale, contrepartie",
            "what stands behind the units of one local currency; booked in both currencies"),
    Account("pool", Nature.LIABILITY, "467400", "Fonds de solidarité", "sales without a chosen shop, to be shared"),
    Account("disputes", Nature.ASSET, "467500", "Litiges en cours", "taken back by readers' banks, not decided yet"),
    Account("tax:", Nature.LIABILITY, "445710", "TVA collectée", "tax on commission and dues, of one jurisdiction"),
    Account("commission", Nature.INCOME, "706000", "Commissions", "the network's share of what was handed over"),
    Account("dues", Nature.INCOME, "756000", "Cotisations", "what members pay for a period"),
    Account("partner:", Nature.LIABILITY, "467600", "Apporteurs, compte courant", "what one partner is owed"),
    Account("referrals", Nature.EXPENSE, "622200", "Commissions d'apporteurs", "what partners get of sales"),
    Account("stripe_fees", Nature.EXPENSE, "627800", "Frais Stripe", "what Stripe kept"),
    Account("promotions", Nature.EXPENSE, "623400", "Promotions", "discounts and price differences the network bears"),
    Account("goodwill", Nature.EXPENSE, "658200", "Gestes commerciaux", "what the network gave back of its own"),
    Account("losses", Nature.EXPENSE, "654000", "Pertes sur litiges",
            "disputes lost and debts that no shop pays any more"),
    Account("dividends", Nature.EXPENSE, "657000", "Ristournes coopératives", "yearly surplus shared among the shops"),
    Account("rounding", Nature.EXPENSE, "658000", "Écarts d'arrondi", "cents that no rule gives to anybody"),
)  # fmt: skip
_BY_NAME = {account.name: account for account in ACCOUNTS}


class UnknownAccountError(ValueError):
    """An account that is in no chart: nothing is posted to it."""


def account_of(name: str) -> Account:
    """The row of an account as entries name it ("shop:12" is a "shop:"). Raises UnknownAccountError."""
    kind, colon, of = name.partition(":")
    found = _BY_NAME.get(kind + colon)
    if found is None or (colon and not of):
        raise UnknownAccountError(f"There is no account {name!r}: add it to the chart.")
    return found
