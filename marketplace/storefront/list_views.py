"""A reader's lists of titles, and their saved searches."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from oscar.apps.catalogue.models import Product
from oscar.apps.wishlists.models import WishList

from marketplace.foundation import links
from marketplace.readers import lists
from marketplace.readers.models import SavedSearch
from marketplace.storefront.keeping_forms import ListForm
from marketplace.storefront.place_views import safe_next
from marketplace.storefront.reader_request import account, person
from search.forms import choices, readable
from search.reader import reader_of
from search.rows import rows

MOST_SEARCHES = 100
SHOWN = 30  # titles of a list on one page


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    """`/lists/`: all of them, and a form for another one."""
    form = ListForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = lists.make(person(request), form.cleaned_data["name"])
        if made is None:
            form.add_error("name", _("You have as many lists as there can be. Delete one first."))
        else:
            if form.cleaned_data["shared"]:
                lists.change(made, name=made.name, shared=True)
            return redirect("storefront:list", made.key)
    context = {"lists": lists.lists_of(person(request)), "form": form}
    return render(request, "storefront/lists.html", context, status=400 if form.errors else 200)


def one(request: HttpRequest, key: str) -> HttpResponse:
    """A list: its owner's, or anybody's where it is shared."""
    wish_list = _seen(request, key)
    reader = reader_of(request)
    is_mine = wish_list.owner == request.user
    pages = Paginator(lists.titles_of(wish_list), SHOWN).get_page(request.GET.get("page"))
    form = ListForm(initial={"name": wish_list.name, "shared": wish_list.visibility == WishList.PUBLIC})
    context = {
        "list": wish_list,
        "rows": rows(list(pages), reader),
        "pages": pages,
        "reader": reader,
        "is_mine": is_mine,
        "form": form if is_mine else None,
        "address": links.absolute(reverse("storefront:list", args=[lists.shared_key(wish_list)])),
    }
    return render(request, "storefront/list.html", context)


@login_required
@require_POST
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Name and share a list, or delete it."""
    wish_list = _own(request, key)
    if "delete" in request.POST:
        wish_list.delete()
        messages.success(request, _("The list is deleted."))
        return redirect("storefront:lists")
    form = ListForm(request.POST)
    if form.is_valid():
        lists.change(wish_list, name=form.cleaned_data["name"], shared=form.cleaned_data["shared"])
    else:
        messages.error(request, _("A list needs a name."))
    return redirect("storefront:list", key)


@login_required
def put(request: HttpRequest, product_id: int) -> HttpResponse:
    """`/lists/put/<title>/`: which list is it to be on?"""
    product = _product(product_id)
    if request.method == "POST":
        chosen = request.POST.get("list", "")
        wish_list = _own(request, chosen) if chosen else lists.make(person(request), _named(request))
        if wish_list is None:
            messages.error(request, _("You have as many lists as there can be. Delete one first."))
        elif not lists.put(wish_list, product):
            messages.error(request, _("The list is full. Take something off it, or choose another one."))
        else:
            said = _("“%(title)s” is on the list “%(list)s”.")
            messages.success(request, said % {"title": product.title, "list": wish_list.name})
        return redirect(safe_next(request) if "next" in request.POST else product)
    context = {"product": product, "lists": lists.lists_of(person(request)), "form": ListForm()}
    return render(request, "storefront/list_put.html", context)


@login_required
@require_POST
def take_off(request: HttpRequest, key: str, product_id: int) -> HttpResponse:
    lists.take_off(_own(request, key), product_id)
    return redirect("storefront:list", key)


@login_required
def searches(request: HttpRequest) -> HttpResponse:
    """`/searches/`: the saved ones; posted, one more."""
    if request.method == "POST":
        _save(request)
        return redirect("storefront:searches")
    return render(request, "storefront/searches.html", {"searches": SavedSearch.objects.filter(reader=person(request))})


@login_required
@require_POST
def forget_search(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(SavedSearch, pk=pk, reader=person(request)).delete()
    return redirect("storefront:searches")


def _save(request: HttpRequest) -> None:
    """What the result page sends: its address's parameters, read anew as any address is."""
    chosen = choices(QueryDict(request.POST.get("parameters", "")[:4000]))
    parameters = chosen.parameters()
    mine = SavedSearch.objects.filter(reader=person(request))
    if not parameters or len(parameters) > 1500:
        messages.error(request, _("There is nothing to save in this search, or it is too long."))
    elif mine.count() >= MOST_SEARCHES:
        messages.error(request, _("You have as many searches as there can be. Delete one first."))
    else:
        name = readable(request.POST.get("name", ""))[:120] or chosen.text or _("All titles")
        mine.update_or_create(
            reader=person(request), parameters=parameters, defaults={"name": name, "saved_at": timezone.now()}
        )
        messages.success(request, _("The search is saved."))


def _seen(request: HttpRequest, key: str) -> WishList:
    found = lists.seen_by(account(request), key)
    if found is None:
        raise Http404
    return found


def _own(request: HttpRequest, key: str) -> WishList:
    found: Any = get_object_or_404(WishList, key=key if key.isalnum() else "", owner=person(request))
    return found


def _product(product_id: int) -> Product:
    return get_object_or_404(Product, pk=product_id, is_public=True)


def _named(request: HttpRequest) -> str:
    return readable(request.POST.get("name", "")) or _("To read")
