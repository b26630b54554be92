"""A shop asks to join: applied → asked → approved or rejected, with words both ways, each told by mail.

Who has the link of the mail is the applicant: it opens their page, where they confirm their address, answer and send
papers. Every change locks the row, so that of two at once one wins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from marketplace.foundation import audit, links, mail, network
from marketplace.models import User
from shops import businesses
from shops.models import Application, ApplicationMessage, Business, Shop
from shops.onboarding import documents, making

_S = Application.State
UNCONFIRMED_FOR = timedelta(days=7)
DECIDED_FOR = timedelta(days=90)
"""Who was refused may ask why, or come back; after a quarter their papers have no purpose (GDPR, article 5)."""
MOST_MESSAGES = 200
BATCH = 100


class ApplicationError(Exception):
    """What was wanted cannot be any more; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def apply(said: dict[str, Any], *, language: str, now: datetime) -> Application:
    """`said` as `ApplicationForm` cleaned it. The address is asked to confirm itself; until then nobody looks at it."""
    with transaction.atomic():
        row = Application.objects.create(language=language, made_at=now, changed_at=now, **said)
        _tell_applicant(row, "application_confirm", now)
    return row


def apply_for_branch(
    business: Business, said: dict[str, Any], *, by: User, language: str, now: datetime
) -> Application:
    """Another shop of a business that is here already: its owner is known, and the facts of the law are its own."""
    facts = {name: getattr(business, name) for name in ("kind", "legal_name", "registration", "is_professional", *_TAX)}
    who = {"contact_name": by.get_full_name() or by.email, "email": by.email, "business": business, "applicant": by}
    made = {"language": language, "made_at": now, "changed_at": now, "state": _S.APPLIED}
    with transaction.atomic():
        row = Application.objects.create(**facts, **who, **made, **said)
        _tell_network(row, now)
        _tell_applicant(row, "application_received", now)
    return row


def confirm(row: Application, *, now: datetime) -> bool:
    """Once: the address is theirs. From now on the network looks at it."""
    with transaction.atomic():
        if not _moved(row, {_S.NEW}, _S.APPLIED, now):
            return False
        _tell_network(row, now)
        _tell_applicant(row, "application_received", now)
    return True


def ask(row: Application, text: str, *, by: User, now: datetime) -> None:
    """The network wants to know more. Raises ApplicationError: "decided"."""
    with transaction.atomic():
        if not _moved(row, {_S.APPLIED, _S.ASKED}, _S.ASKED, now):
            raise ApplicationError("decided")
        _say(row, text, by.email, now)
        audit.record("application.ask", row, by=by)
        _tell_applicant(row, "application_asked", now, text=text)


def answer(row: Application, text: str, *, now: datetime) -> None:
    """The applicant says something. Raises ApplicationError: "decided", "many" (words enough)."""
    with transaction.atomic():
        if not _moved(row, {_S.APPLIED, _S.ASKED}, _S.APPLIED, now):
            raise ApplicationError("decided")
        if row.messages.count() >= MOST_MESSAGES:
            raise ApplicationError("many")
        _say(row, text, "", now)
        _tell_network(row, now)


def withdraw(row: Application, *, now: datetime) -> bool:
    return _moved(row, {_S.NEW, _S.APPLIED, _S.ASKED}, _S.WITHDRAWN, now)


def reject(row: Application, reason: str, *, by: User, now: datetime) -> None:
    """Raises ApplicationError: "decided"."""
    with transaction.atomic():
        if not _moved(row, {_S.APPLIED, _S.ASKED}, _S.REJECTED, now, by=by.email):
            raise ApplicationError("decided")
        _say(row, reason, by.email, now)
        audit.record("application.reject", row, by=by, reason=reason)
        _tell_applicant(row, "application_rejected", now, text=reason)


def approve(row: Application, *, slug: str, timezone: str, by: User, now: datetime) -> Shop:
    """The shop is made, joining as yet, with the invitation of its owner. Raises ApplicationError: "decided",
    "stranger" (who asked for another shop of a business owns none of its shops any more)."""
    with transaction.atomic():
        if not _moved(row, {_S.APPLIED, _S.ASKED}, _S.APPROVED, now, by=by.email):
            raise ApplicationError("decided")
        if row.business_id and not businesses.has_owner(row.business_id, row.applicant_id):
            raise ApplicationError("stranger")
        business = row.business or Business.objects.create(
            **{name: getattr(row, name) for name in ("kind", "registration", "is_professional", *_TAX)},
            legal_name=row.legal_name or row.contact_name,
            made_at=now,
        )
        columns = {name: getattr(row, name) for name in _COLUMNS} | {"kind": row.shop_kind, "business": business}
        legal = {"legal_name": business.legal_name, "is_professional": business.is_professional, "owner": row.email}
        shop = making.make({**columns, **legal, "slug": slug, "timezone": timezone}, by=by, now=now)
        Application.objects.filter(pk=row.pk).update(shop=shop, business=business)
        audit.record("application.approve", row, by=by, shop_id=shop.pk)
        _tell_applicant(row, "application_approved", now)
    row.refresh_from_db()
    return shop


def find(pk: int, key: str) -> Application | None:
    """The application that a mail's link means."""
    row = Application.objects.filter(pk=pk).first()
    return row if row and constant_time_compare(key_of(row), key) else None


def key_of(row: Application) -> str:
    return links.key_of("halles.application", f"{row.pk}:{row.email}")


def url_of(row: Application) -> str:
    return links.absolute(reverse("joining:application", args=[row.pk, key_of(row)]))


def forget(now: datetime) -> int:
    """Step: what nobody confirmed, and what came to nothing long ago, goes with its papers. Returns how many."""
    nothing = Application.objects.filter(state__in=[_S.REJECTED, _S.WITHDRAWN], changed_at__lt=now - DECIDED_FOR)
    unread = Application.objects.filter(state=_S.NEW, made_at__lt=now - UNCONFIRMED_FOR)
    done = 0
    for row in [*nothing.order_by("pk")[:BATCH], *unread.order_by("pk")[:BATCH]]:
        for document in row.documents.all():
            documents.remove(document)
        row.delete()
        done += 1
    return done


_TAX = ("tax_registered", "tax_number", "qst_number")
_COLUMNS = ("name", "registration", *_TAX, "line1", "city", "postcode", "country", "email", "phone", "language")


def _moved(row: Application, from_: Collection[str], to: str, now: datetime, *, by: str = "") -> bool:
    """Compare and set; `row` is read anew in either case."""
    said = {"changed_at": now, **({"decided_by": by} if by else {})}
    done = Application.objects.filter(pk=row.pk, state__in=from_).update(state=to, **said)
    row.refresh_from_db()
    return bool(done)


def _say(row: Application, text: str, author: str, now: datetime) -> None:
    ApplicationMessage.objects.create(application=row, at=now, author=author, text=text)


def _tell_applicant(row: Application, kind: str, now: datetime, *, text: str = "") -> None:
    _tell(row, kind, row.email, row.language, {"text": text, "url": url_of(row)}, now)


def _tell_network(row: Application, now: datetime) -> None:
    current = network.current()
    url = links.absolute(reverse("operations:application", args=[row.pk]))
    _tell(row, "application_new", current.sender_email, current.default_language, {"url": url}, now)


def _tell(row: Application, kind: str, to: str, language: str, context: dict[str, object], now: datetime) -> None:
    key = f"{kind}:{row.pk}:{row.messages.count()}:{row.changed_at.timestamp()}"
    mail.post(kind, to=to, language=language, dedupe_key=key, context={"application": row, **context}, now=now)
