"""Ask a bookseller: a question to a shop without an order, and the page of its thread, which the key in the mail opens
and which confirms that the address is whose it is said to be."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Max, Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.catalogue.models import Product

from marketplace.foundation import links
from marketplace.models import User
from marketplace.readers import confirmed
from marketplace.storefront import tries
from marketplace.storefront.reader_request import account, person
from marketplace.storefront.thread_views import PER_MINUTE
from shops.models import MessageFile, Shop, Side, Thread
from shops.threads import files, letters, lines, writing
from shops.threads.forms import AskForm, WordsForm
from shops.threads.writing import Asker, ThreadError

SHOWN = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """`/shops/<slug>/ask/`, of a title with `?title=<key>`."""
    shop = get_object_or_404(Shop, slug=slug, status=Shop.Status.ACTIVE)
    reader, product = account(request), _title(request)
    initial = {"name": reader.get_full_name()} if reader else {}
    posted = request.method == "POST"
    if posted and tries.too_many(request, "ask", per_minute=PER_MINUTE):
        return render(request, "storefront/too_often.html", status=429)
    form = AskForm(*((request.POST, request.FILES) if posted else ()), has_account=reader is not None, initial=initial)
    if form.is_valid():
        asker = _asker(request, form, reader)
        try:
            product_id = product.pk if product else None
            thread = writing.ask(shop, form.words(), asker, product_id=product_id, now=timezone.now())
        except ThreadError as error:
            form.add_error(None, str(error))
        else:
            if asker.confirmed:
                messages.success(request, _("Sent to %(shop)s. The answer comes by mail too.") % {"shop": shop.name})
                return redirect("storefront:question", thread.pk, links.question_key(thread.pk))
            said = _("One more step: confirm your address with the mail that comes to %(mail)s. Then %(shop)s sees it.")
            messages.info(request, said % {"mail": asker.email, "shop": shop.name})
            return redirect(product or shop)
    context = {
        "shop": shop,
        "product": product,
        "form": form,
        "back": product or shop,
        "verified": reader is not None and _is_known(reader),
    }
    return render(request, "storefront/ask.html", context, status=422 if posted else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """Not confirmed yet, it asks, and posted to confirms: programs that only look confirm nothing. Then its thread."""
    thread, form = _open(request, pk, key), WordsForm()
    if thread is None:
        return render(request, "storefront/too_often.html", status=429)
    if request.method == "POST" and thread.confirmed_at is None:
        writing.confirm(thread, now=timezone.now())
        messages.success(request, _("Thank you. %(shop)s has your question now.") % {"shop": thread.shop.name})
        return redirect("storefront:question", pk, key)
    if request.method == "POST":
        if tries.too_many(request, "words", per_minute=PER_MINUTE):
            return render(request, "storefront/too_often.html", status=429)
        form = WordsForm(request.POST, request.FILES)
        if form.is_valid() and _written(request, thread, form):
            messages.success(request, _("Sent to %(shop)s.") % {"shop": thread.shop.name})
            return redirect("storefront:question", pk, key)
    return _page(request, thread, key, form)


@never_cache
@require_safe
def question_file(request: HttpRequest, pk: int, key: str, file_id: int) -> HttpResponse:
    thread = _open(request, pk, key)
    if thread is None:
        return render(request, "storefront/too_often.html", status=429)
    return files.answer(get_object_or_404(MessageFile, pk=file_id, message__thread=thread))


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """A reader's threads, of orders and questions, the last one first."""
    reader = person(request)
    own = Q(user=reader, confirmed_at__isnull=False) | Q(shop_order__order__user=reader)
    rows = Thread.objects.filter(own).select_related("shop", "product", "shop_order__order")
    found = list(rows.annotate(newest=Max("messages__pk")).order_by("-last_at", "-pk")[:SHOWN])
    told = [(row, letters.about(row), letters.reader_url(row), (row.newest or 0) > row.seen_by_reader) for row in found]
    return render(request, "storefront/my_words.html", {"rows": told})


def _written(request: HttpRequest, thread: Thread, form: WordsForm) -> bool:
    now = timezone.now()
    try:
        writing.write(thread, Side.READER, form.words(), by=account(request), name=thread.name, now=now)
    except ThreadError as error:
        form.add_error(None, str(error))
        return False
    return True


def _page(request: HttpRequest, thread: Thread, key: str, form: Form) -> HttpResponse:
    if request.method == "GET" and thread.confirmed_at:
        writing.look([thread], Side.READER)
    context = {
        "thread": thread,
        "shop": thread.shop,
        "product": thread.product,
        "lines": lines.of(thread, Side.READER),
        "file_base": request.path + "files/",
        "form": form,
    }
    return render(request, "storefront/question.html", context, status=422 if form.errors else 200)


def _open(request: HttpRequest, pk: int, key: str) -> Thread | None:
    """The question that this key opens; None: tried too often with others."""
    if not constant_time_compare(links.question_key(pk), key):
        if tries.too_many(request, "question"):
            return None
        raise Http404(_("This address opens no question. Use the one in your mail."))
    return get_object_or_404(Thread.objects.select_related("shop", "product"), pk=pk, shop_order=None)


def _title(request: HttpRequest) -> Product | None:
    given = request.GET.get("title", "")
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        return None
    return Product.objects.filter(pk=int(given), is_public=True).first()


def _asker(request: HttpRequest, form: AskForm, reader: User | None) -> Asker:
    given = form.cleaned_data
    return Asker(
        email=reader.email if reader else given["email"],
        name=given["name"],
        language=(get_language() or "fr")[:2],
        user=reader,
        confirmed=reader is not None and _is_known(reader),
        asked_from=tries.origin(request, "ask"),
    )


def _is_known(reader: User) -> bool:
    owner = confirmed.owners([reader.email.lower()]).get(reader.email.lower())
    return owner is not None and owner.pk == reader.pk
