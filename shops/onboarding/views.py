"""Asking to join, and the applicant's own page, which the link of their mail opens."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.foundation import network
from marketplace.storefront import tries
from shops.models import Application
from shops.onboarding import agreement, applying, documents
from shops.onboarding.forms import ApplicationForm, PaperForm, WordsForm

FORMS_PER_MINUTE = 3
MAILS_PER_ADDRESS = 1  # a minute: nobody's letter box is filled from here
KEYS_PER_MINUTE = 30
PAPERS_PER_MINUTE = 15
REFUSALS = {
    "decided": gettext_lazy("It is decided: nothing can be changed any more."),
    "many": gettext_lazy("That is enough written here: call us."),
}
View = Callable[..., HttpResponse]


@sensitive_post_parameters("born_on")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    current = network.current()
    if request.method != "POST":
        form = ApplicationForm(initial={"country": current.country, "tax_registered": True, "branches": 1})
        return _form(request, form)
    if tries.too_many(request, "join", per_minute=FORMS_PER_MINUTE):
        return render(request, "storefront/too_often.html", status=429)
    form = ApplicationForm(request.POST)
    if not form.is_valid():
        return _form(request, form, 422)
    said = {name: value for name, value in form.cleaned_data.items() if name != "declares"}
    if tries.too_many(request, "join-mail", per_minute=MAILS_PER_ADDRESS, by=said["email"]):
        return render(request, "storefront/too_often.html", status=429)
    applying.apply(said, language=_language(), now=timezone.now())
    return redirect("joining:sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    return render(request, "joining/sent.html")


def applicants(view: View) -> Callable[..., HttpResponse]:
    """For `view(request, application)`: whoever has the link; who guesses has few tries."""

    @wraps(view)
    def wrapped(request: HttpRequest, pk: int, key: str, **names: object) -> HttpResponse:
        found = applying.find(pk, key)
        if found is None:
            if tries.too_many(request, "application-key", per_minute=KEYS_PER_MINUTE):
                return render(request, "storefront/too_often.html", status=429)
            raise Http404
        return view(request, found, **names)

    return never_cache(wrapped)


@require_safe
@applicants
def application(request: HttpRequest, row: Application) -> HttpResponse:
    return _page(request, row)


@require_POST
@applicants
def confirm(request: HttpRequest, row: Application) -> HttpResponse:
    """By a button: programs that look at links confirm nothing."""
    if applying.confirm(row, now=timezone.now()):
        messages.success(request, _("Thank you. We look at it, and write to you."))
    return _back(row)


@require_POST
@applicants
def say(request: HttpRequest, row: Application) -> HttpResponse:
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _page(request, row, words=form)
    if tries.too_many(request, "application-say", per_minute=PAPERS_PER_MINUTE, by=str(row.pk)):
        return render(request, "storefront/too_often.html", status=429)
    try:
        applying.answer(row, form.cleaned_data["text"], now=timezone.now())
    except applying.ApplicationError as error:
        messages.error(request, REFUSALS[error.code])
    else:
        messages.success(request, _("Sent."))
    return _back(row)


@require_POST
@applicants
def attach(request: HttpRequest, row: Application) -> HttpResponse:
    form = PaperForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, row, paper=form)
    if tries.too_many(request, "application-paper", per_minute=PAPERS_PER_MINUTE, by=str(row.pk)):
        return render(request, "storefront/too_often.html", status=429)
    file, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
    try:
        documents.keep(row, kind, file, file.name, now=timezone.now())
    except documents.DocumentError as error:
        form.add_error("file", str(error))
        return _page(request, row, paper=form)
    messages.success(request, _("Kept. Only the network sees it."))
    return _back(row)


@require_POST
@applicants
def remove_paper(request: HttpRequest, row: Application, document_id: int) -> HttpResponse:
    document = get_object_or_404(row.documents, pk=document_id)
    if row.takes_papers:
        documents.remove(document)
        messages.success(request, _("Removed."))
    return _back(row)


@require_POST
@applicants
def withdraw(request: HttpRequest, row: Application) -> HttpResponse:
    if applying.withdraw(row, now=timezone.now()):
        messages.success(request, _("Withdrawn. What you sent is deleted within 90 days."))
    return _back(row)


def _form(request: HttpRequest, form: ApplicationForm, status: int = 200) -> HttpResponse:
    return render(request, "joining/join.html", {"form": form, "agreement": agreement.text()}, status=status)


def _page(
    request: HttpRequest, row: Application, words: WordsForm | None = None, paper: PaperForm | None = None
) -> HttpResponse:
    context = {
        "application": row,
        "key": applying.key_of(row),
        "said": row.messages.all(),
        "papers": row.documents.all(),
        "words_form": words or WordsForm(),
        "paper_form": paper or PaperForm(),
    }
    return render(request, "joining/application.html", context, status=422 if words or paper else 200)


def _back(row: Application) -> HttpResponse:
    return redirect("joining:application", pk=row.pk, key=applying.key_of(row))


def _language() -> str:
    return (get_language() or "fr")[:2]
