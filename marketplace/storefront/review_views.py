"""Readers' reviews: all of a title, one's own, and the report of somebody else's."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.catalogue.models import ProductRedirect
from marketplace.readers import reviews
from marketplace.storefront.reader_request import account, person
from marketplace.storefront.review_forms import ReportForm, ReviewForm

SHOWN = 20


def of_title(request: HttpRequest, slug: str, pk: str) -> HttpResponse:
    """`/catalogue/<slug>_<pk>/reviews/`: all that are approved, the newest first."""
    product = Product.objects.filter(pk=int(pk), is_public=True).select_related("facts").first()
    if product is None:
        joined = get_object_or_404(ProductRedirect.objects.select_related("product"), old_id=int(pk))
        return redirect("storefront:reviews", joined.product.slug, joined.product.pk)
    if slug != product.slug:
        return redirect("storefront:reviews", product.slug, product.pk, permanent=True)
    approved = product.reviews.approved().count()
    pages = Paginator(range(approved), SHOWN).get_page(request.GET.get("page"))
    reviewed = reviews.of_title(product, most=SHOWN, after=(pages.number - 1) * SHOWN)
    context = {"product": product, "reviewed": reviewed, "pages": pages, "kept": ""}
    return render(request, "storefront/reviews.html", context)


@login_required
def write(request: HttpRequest, product_id: int) -> HttpResponse:
    """`/reviews/write/<title>/`: the reader's own, new or changed; POST with `delete` takes it back."""
    product = get_object_or_404(Product, pk=product_id, is_public=True)
    reader = person(request)
    written = reviews.of_reader(reader, product)
    if request.method == "POST" and "delete" in request.POST:
        if reviews.take_back(reader, product):
            messages.success(request, _("Your review is gone."))
        return redirect(product)
    form = ReviewForm(request.POST or None, initial=_as_written(written) or {"signed": reader.first_name})
    if request.method == "POST" and form.is_valid():
        reviews.write(reader, product, **form.cleaned_data)
        messages.success(request, _("Thank you. Your review is shown as soon as somebody of the network has read it."))
        return redirect(product)
    context = {"product": product, "form": form, "written": written}
    return render(request, "storefront/review_write.html", context, status=400 if form.errors else 200)


def _as_written(review: ProductReview | None) -> dict[str, object]:
    if review is None:
        return {}
    return {"score": review.score, "title": review.title, "body": review.body, "signed": review.name}


def report(request: HttpRequest, pk: int) -> HttpResponse:
    """`/reviews/<review>/report/`: by anybody, once; a session is begun only when the report is sent."""
    rows = ProductReview.objects.approved().filter(product__is_public=True).select_related("product")
    review = get_object_or_404(rows, pk=pk)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reader = account(request)
        if reader is None and not request.session.session_key:
            request.session.create()
        by = reviews.reporter(reader.pk if reader else None, request.session.session_key or "")
        reviews.report(review, by=by, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Thank you. Somebody of the network looks at it."))
        return redirect(review.product)
    context = {"review": review, "product": review.product, "form": form}
    return render(request, "storefront/review_report.html", context, status=400 if form.errors else 200)
