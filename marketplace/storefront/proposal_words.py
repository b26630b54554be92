"""A proposal in one sentence: "2 parcels instead of 3, 4.20 less, from shops up to 1.2 km away"."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace.checkout.assigning import Goal
from marketplace.checkout.proposals import Move, Proposal
from marketplace.storefront.amounts import shown
from marketplace.storefront.templatetags.storefront import distance


def goal_name(goal: Goal) -> str:
    return {
        Goal.FEWEST: _("Fewest parcels"),
        Goal.CHEAPEST: _("Cheapest together"),
        Goal.NEAREST: _("Nearest shops"),
        Goal.MINE: _("My shop first"),
    }[goal]


def sentence(proposal: Proposal, currency: str) -> str:
    said = [_parcels(proposal), _cost(proposal, currency)]
    if proposal.farthest_km is not None:
        values = {"distance": distance(proposal.farthest_km)}
        of = proposal.after.parcels
        said.append(ngettext("from a shop %(distance)s away", "from shops up to %(distance)s away", of) % values)
    return ", ".join(said)


def _parcels(proposal: Proposal) -> str:
    after, before = proposal.after.parcels, proposal.before.parcels if proposal.before else None
    values = {"parcels": after, "before": before}
    if before is None:
        return ngettext("%(parcels)d parcel", "%(parcels)d parcels", after) % values
    if before == after:
        return ngettext("%(parcels)d parcel as now", "%(parcels)d parcels as now", after) % values
    return (
        ngettext("%(parcels)d parcel instead of %(before)d", "%(parcels)d parcels instead of %(before)d", after)
        % values
    )


def _cost(proposal: Proposal, currency: str) -> str:
    less = proposal.less_minor
    if less is None:
        return _("%(amount)s with delivery") % {"amount": shown(proposal.price_minor, currency)}
    return _("costs the same") if not less else change(-less, currency)


def change(minor: int, currency: str) -> str:
    """ "$4.20 less", "$1.30 more", "same price"."""
    if not minor:
        return _("same price")
    amount = {"amount": shown(abs(minor), currency)}
    return _("%(amount)s less") % amount if minor < 0 else _("%(amount)s more") % amount


def move_words(move: Move, currency: str) -> str:
    """ "from Mile End Pages, $1.10 less"."""
    values = {"shop": move.offer.shop.name, "change": change(move.change_minor, currency)}
    return _("from %(shop)s, %(change)s") % values
