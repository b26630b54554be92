"""A shop's orders left as files at its server: its owner says where, and the folder is tried at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation.folders import FolderError, ShownKeyError
from marketplace.foundation.secrets import SecretError
from marketplace.storefront import tries
from shops import drops, queries
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page
from shops.portal.order_file_forms import OrderFilesForm, said_of

TESTS_PER_MINUTE = 5


@require_safe
@portal_page
def order_files(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def save_order_files(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form, shop = OrderFilesForm(request.POST), workplace.shop
    if not form.is_valid():
        return _page(request, workplace, form)
    said = form.cleaned_data
    drops.set_up(
        shop,
        said["kind"],
        form.drop(),
        by=request.user,
        now=timezone.now(),
        password=said["password"],
        private_key=said["private_key"],
    )
    return _tried(request, workplace)


@owner_action
def test_order_files(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _tried(request, workplace)


@owner_action
def confirm_order_server(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Somebody has compared the fingerprint with what the server's keeper says."""
    shown = request.POST.get("fingerprint", "")
    if not drops.confirm(workplace.shop, shown, by=request.user, now=timezone.now()):
        messages.error(request, _("The server has shown another key meanwhile. Look at it again."))
        return _back(workplace)
    return _tried(request, workplace)


@owner_action
def end_order_files(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    drops.end(workplace.shop, by=request.user, now=timezone.now())
    messages.success(request, _("Orders come by e-mail from now on."))
    return redirect("portal:channel", slug=workplace.shop.slug)


def _tried(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop = workplace.shop
    if not drops.of(shop).location:
        return _back(workplace)
    if tries.too_many(request, "channel-test", per_minute=TESTS_PER_MINUTE, by=str(shop.pk)):
        messages.error(request, _("Too many tests: wait a minute."))
        return _back(workplace)
    try:
        drops.try_it(shop)
        messages.success(request, _("The folder works: a file was written and taken away again."))
    except ShownKeyError:
        messages.warning(request, _("Saved. The server has to be confirmed below before anything is left there."))
    except (FolderError, SecretError) as error:
        messages.error(request, _("Saved, but the folder does not work: %(why)s") % {"why": str(error)[:300]})
    return _back(workplace)


def _page(request: StaffRequest, workplace: Workplace, form: OrderFilesForm | None = None) -> HttpResponse:
    shop = workplace.shop
    setup = drops.of(shop)
    known = said_of(setup, shop.channel) if setup.location else {"kind": "dilicom"}
    context = {
        "setup": setup,
        "form": form or OrderFilesForm(initial=known),
        "is_owner": queries.owns(request.user, shop),
        "is_used": shop.channel in dict(OrderFilesForm.base_fields["kind"].choices),  # type: ignore[attr-defined]
    }
    return page(request, workplace, "portal/order_files.html", context, status=422 if form else 200)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:order-files", slug=workplace.shop.slug)
