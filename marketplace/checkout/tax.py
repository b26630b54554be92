"""Tax, by one plain rule to begin with: books have one rate, everything else another; both stand in the Network row,
which also says whether prices include tax or it comes on top."""

from __future__ import annotations

from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import money
from marketplace.foundation.models import Network


def rate(facts: ProductFacts | None, network: Network) -> int:
    """The rate for one title in basis points; without facts it is not known to be a book."""
    return network.book_tax_basis_points if facts and facts.is_book else network.other_tax_basis_points


def delivery_rate(goods_by_rate: dict[int, int]) -> int:
    """Delivery is part of what it delivers (Directive 2006/112/EC, article 78 (b); Excise Tax Act, section 138): it
    follows the goods of its parcel, those of most value; of equal value, the higher rate."""
    return max(goods_by_rate, key=lambda basis_points: (goods_by_rate[basis_points], basis_points))


def net_and_tax(amount_minor: int, basis_points: int, *, included: bool) -> tuple[int, int]:
    """Net and tax of an amount as shown to the reader. Their sum is the amount where tax is included, else more."""
    if included:
        tax = money.included_tax(amount_minor, basis_points)
        return amount_minor - tax, tax
    return amount_minor, money.share(amount_minor, basis_points)
