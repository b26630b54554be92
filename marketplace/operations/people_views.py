"""The people of a shop as the operator sees them: who signed in or tried to, who has a second factor. One who lost
theirs gets it taken away here, and sets up another."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_action, operator_page
from marketplace.operations.shop_views import ReasonForm
from marketplace.readers import second_factor, sign_ins
from marketplace.storefront.reader_request import person
from shops.models import Shop

SHOWN = 100


@require_safe
@operator_page
def of_shop(request: HttpRequest, shop_id: int) -> HttpResponse:
    row = get_object_or_404(Shop, pk=shop_id)
    members = list(row.members.select_related("user").order_by("user__email"))
    lacking = second_factor.without([member.user for member in members])
    context = {
        "shop": row,
        "people": [(member, member.user_id not in lacking) for member in members],
        "log": [(entry, sign_ins.words_of(entry.browser)) for entry in sign_ins.of_shop(row)[:SHOWN]],
        "form": ReasonForm(auto_id=False),
    }
    return render(request, "operations/shop_sign_ins.html", context)


@operator_action
def reset_factor(request: HttpRequest, shop_id: int, user_id: int) -> HttpResponse:
    """Of a member, never of somebody of the network: theirs is taken away at the machine (`forget_second_factor`)."""
    shop = get_object_or_404(Shop, pk=shop_id)
    member, form = get_object_or_404(shop.members.select_related("user"), user=user_id), ReasonForm(request.POST)
    if second_factor.works_for_network(member.user):
        messages.error(request, _("Of an operator it is taken away at the machine: manage.py forget_second_factor."))
    elif not form.is_valid():
        messages.error(request, _("Say why."))
    else:
        said = {"reason": form.cleaned_data["reason"], "language": shop.language}
        second_factor.reset(member.user, by=person(request), now=timezone.now(), **said)
        messages.success(request, _("Taken away, and every session ended; the person is told by mail."))
    return redirect("operations:shop-sign-ins", shop_id=shop.pk)
