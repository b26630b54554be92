"""What the shop is paid: one transfer per order, with what the network keeps of it."""

from __future__ import annotations

from csp.decorators import csp_update
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from marketplace.foundation import network
from marketplace.payments import debts
from shops import queries
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.queries import (
    earlier_statements_for,
    settlements_for,
    total_minor,
    transfers_for,
    waiting_for_transfer,
)

# Where the button that opens an account leads on to.
STRIPES_PAGES = ["https://connect.stripe.com", "https://accounts.stripe.com"]
SHOWN = 50
STATEMENTS_SHOWN = 36
EARLIER_SHOWN = 240


@csp_update({"form-action": STRIPES_PAGES})
@require_safe
@portal_page
def money(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    rows = transfers_for(request.user).filter(shop_order__shop=workplace.shop)
    done = rows.exclude(done_at=None)
    context = {
        "pages": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "currency": network.current().currency,
        "paid_minor": total_minor(done),
        "kept_minor": total_minor(done, "commission_minor"),
        "coming_minor": total_minor(rows.filter(done_at=None)),
        "owed_minor": debts.debt(workplace.shop.pk, currency=network.current().currency),
        "waiting": waiting_for_transfer(request.user).filter(shop=workplace.shop).count(),
        "statements": settlements_for(request.user).filter(shop=workplace.shop)[:STATEMENTS_SHOWN],
        "earlier": earlier_statements_for(request.user).filter(shop=workplace.shop).defer("lines")[:EARLIER_SHOWN],
        "may_connect": not workplace.shop.stripe_account_ready and queries.owns(request.user, workplace.shop),
        "delay_days": network.current().transfer_delay_days,
    }
    return page(request, workplace, "portal/money.html", context)
