"""How the shop delivers: its options with their table and slots, and what it does for other shops."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from shops import delivering
from shops.models import DeliveryOption, Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.delivery_forms import CounterForm, DeliveryForm
from shops.portal.words import DELIVERIES


@require_safe
@portal_page
def delivery(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _list(request, workplace, CounterForm(instance=workplace.shop))


@portal_action
def save_counter(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = CounterForm(request.POST, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _list(request, workplace, form, status=422)
    if form.changed_data:
        with transaction.atomic():
            shop = form.save(commit=False)
            shop.save(update_fields=form.changed_data)
            said = {name: form.cleaned_data[name] for name in form.changed_data}
            audit.record("shop.counter", shop, by=request.user, shop_id=shop.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:delivery", slug=workplace.shop.slug)


@require_safe
@portal_page
def new(request: StaffRequest, workplace: Workplace, kind: str) -> HttpResponse:
    return _form(request, workplace, DeliveryForm(_new(workplace, kind)))


@require_safe
@portal_page
def change(request: StaffRequest, workplace: Workplace, option_id: int) -> HttpResponse:
    return _form(request, workplace, DeliveryForm(_own(workplace, option_id)))


@portal_action
def save(request: StaffRequest, workplace: Workplace, kind: str = "", option_id: int | None = None) -> HttpResponse:
    option = _own(workplace, option_id) if option_id else _new(workplace, kind)
    form = DeliveryForm(option, request.POST)
    if not form.is_valid():
        return _form(request, workplace, form, status=422)
    delivering.keep(form.filled(), by=request.user, slots=form.slot_lines())
    messages.success(request, _("Saved."))
    return redirect("portal:delivery", slug=workplace.shop.slug)


@portal_action
def arrange(request: StaffRequest, workplace: Workplace, option_id: int) -> HttpResponse:
    """Pause it, take it up again, or move it up."""
    option = _own(workplace, option_id)
    if "up" in request.POST:
        delivering.move_up(option, by=request.user)
    else:
        delivering.pause(option, by=request.user, paused="pause" in request.POST)
    messages.success(request, _("Saved."))
    return redirect("portal:delivery", slug=workplace.shop.slug)


def _list(request: StaffRequest, workplace: Workplace, form: CounterForm, status: int = 200) -> HttpResponse:
    options = workplace.shop.delivery_options.select_related("point", "receiving_shop").prefetch_related("slots")
    context = {
        "form": form,
        "kinds": list(DELIVERIES.items()),
        "currency": network.current().currency,
        "rows": [(option, DELIVERIES[option.kind], _slots(option)) for option in options.order_by("position", "pk")],
    }
    return page(request, workplace, "portal/delivery.html", context, status=status)


def _slots(option: DeliveryOption) -> int:
    return sum(slot.active for slot in option.slots.all())


def _form(request: StaffRequest, workplace: Workplace, form: DeliveryForm, status: int = 200) -> HttpResponse:
    if not workplace.can_work:
        return page(request, workplace, "portal/only_look.html", status=403)
    context = {"form": form, "option": form.option, "kind": DELIVERIES[form.option.kind]}
    return page(request, workplace, "portal/delivery_option.html", context, status=status)


def _new(workplace: Workplace, kind: str) -> DeliveryOption:
    if kind not in DeliveryOption.Kind.values:
        raise Http404
    return DeliveryOption(shop=workplace.shop, kind=kind)


def _own(workplace: Workplace, option_id: int) -> DeliveryOption:
    return get_object_or_404(DeliveryOption, pk=option_id, shop=workplace.shop)
