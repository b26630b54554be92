"""One outbox for all mail: written in the transaction of its cause, sent by the step `send_mail`.

A template is `templates/emails/<kind>.txt` (its first line is the subject) and `<kind>.html`, in both languages by
gettext. The dedupe key makes writing it twice harmless.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.utils import DNS_NAME
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.module_loading import import_string

from marketplace.foundation import bounces, leases, network, prepared
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models import MailMessage

logger = logging.getLogger("halles.mail")
BATCH = 50
_REFUSALS = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)

# Who knows what a mail says that is written only when it is sent: rendering one takes as long as placing the order, and
# the order's transaction need not wait for it. From its `about` to the template's context.
WRITERS = {
    "order_placed": "marketplace.checkout.placing.told",
    "download_ready": "shops.downloads.words.told",
    "invoice_reminder": "marketplace.payments.receivables.told",
}
# What a mail says that leaves late, of a kind whose words grow old: from the row and the time to the context of its
# template; empty where nothing is left to say: it is not sent.
ANEW = {"shop_order_new": "shops.channels.email.said_now"}
LATE = timedelta(minutes=30)
# Who is told, in the same transaction, that a mail of a kind has left, or is given up; `is_refused`: by its address.
TOLD = {
    "shop_order_new": "shops.orders.mailed.told",
    "shop_order_taken_back": "shops.orders.mailed.reached",
    "shop_order_test": "shops.channels.testing.told",
}
# What they say is money to whoever reads it: once sent it is kept nowhere.
BEARER = frozenset({"gift_card"})


def post(
    kind: str,
    *,
    to: str,
    language: str,
    dedupe_key: str,
    context: Mapping[str, object],
    now: datetime,
    not_before: datetime | None = None,
    shop_id: int | None = None,
    reply_to: str = "",
    unsubscribe_url: str = "",
) -> None:
    """Write one mail to the outbox, unless one with this key is there already. Nothing is sent here, and nothing by
    anyone before `not_before`."""
    subject, text, html = render(kind, language, context)
    message = MailMessage(
        dedupe_key=dedupe_key,
        to=to,
        language=language,
        kind=kind,
        subject=subject,
        text=text,
        html=html,
        reply_to=reply_to,
        unsubscribe_url=unsubscribe_url,
        shop_id=shop_id,
        due_at=max(now, not_before or now),
        wanted_at=max(now, not_before or now),
    )
    prepared.insert_unless_there(message)


def post_about(kind: str, about: object, *, to: str, language: str, dedupe_key: str, now: datetime) -> None:
    """Write one mail of a kind that has a writer; its words are found when it is sent."""
    message = MailMessage(dedupe_key=dedupe_key, to=to, language=language, kind=kind, about=str(about), due_at=now)
    message.wanted_at = now
    prepared.insert_unless_there(message)


def written(row: MailMessage, now: datetime | None = None) -> MailMessage | None:
    """The row with its words, which stay what was sent. None: nothing is left to say."""
    context: Mapping[str, object] | None = None
    if row.about and not row.text:
        context = import_string(WRITERS[row.kind])(row.about)
    elif row.kind in ANEW and now and now - (row.wanted_at or now) >= LATE:
        context = import_string(ANEW[row.kind])(row, now=now)
        if not context:
            return None
    if context is not None:
        row.subject, row.text, row.html = render(row.kind, row.language, context)
        row.save(update_fields=["subject", "text", "html"])
    return row


def render(kind: str, language: str, context: Mapping[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML of one mail in one language."""
    with translation.override(language):
        values = {"network": network.current(), "language": language, **context}
        text = render_to_string(f"emails/{kind}.txt", values)
        html = render_to_string(f"emails/{kind}.html", values)
    subject, _, body = text.strip().partition("\n")
    return _one_line(subject), body.strip() + "\n", html


def _one_line(subject: str) -> str:
    """As a header bears it: what somebody named themselves may have returns and feeds in it."""
    return " ".join(subject.split())[:200]


def send_mail(now: datetime) -> int:
    """Step: send what is due. A refusal of the address parks the mail, anything else tries it again later."""
    rows = leases.claim(MailMessage, now=now, limit=BATCH)
    if not rows:
        return 0
    sent = 0
    connection = get_connection()
    for row in rows:
        failpoint("mail.before_send")
        try:
            message = written(row, now)
            if message is None:
                _give_up(row, now)
                continue
            _hand_over(connection, message)
        except _REFUSALS as error:
            _refused(row, error, now)
            continue
        except (OSError, smtplib.SMTPException) as error:
            _put_off(row, f"The mail server cannot be reached: {error}", now)
            continue
        except Exception as error:  # of one mail: the others are sent
            logger.exception("Mail %s could not be written.", row.pk)
            _put_off(row, f"{type(error).__name__}: {error}", now)
            continue
        failpoint("mail.after_send")
        sent += _finish(row, now)
    connection.close()
    return sent


def _hand_over(connection: BaseEmailBackend, row: MailMessage) -> None:
    """A server that takes no other sender than its own refuses the one by which what comes back later is known, in
    whatever words: then it goes without."""
    sender = bounces.address(row) if row.kind in TOLD else ""
    try:
        connection.send_messages([_message(row, sender)])
    except _REFUSALS as error:
        if not sender or not _is_final(error):
            raise
        connection.send_messages([_message(row, "")])


def _finish(row: MailMessage, now: datetime) -> bool:
    with transaction.atomic():
        done = leases.finish(row, sent_at=now, **({"text": "", "html": ""} if row.kind in BEARER else {}))
        if done:
            _tell(row, now)
    return done


def _refused(row: MailMessage, error: smtplib.SMTPException, now: datetime) -> None:
    is_final = _is_final(error)
    is_refused = is_final and _is_of_the_address(error)
    _put_off(row, f"The mail server refused it: {error}", now, is_final=is_final, is_refused=is_refused)


def _put_off(row: MailMessage, error: str, now: datetime, *, is_final: bool = False, is_refused: bool = False) -> None:
    with transaction.atomic():
        held = leases.postpone(row, error=error, now=now, permanent=is_final)
        if held and row.parked_at:
            _tell(row, now, is_refused=is_refused)


def _give_up(row: MailMessage, now: datetime) -> None:
    with transaction.atomic():
        if leases.finish(row, last_error="Not sent: nothing was left to say."):
            _tell(row, now)


def came_back(row: MailMessage, why: str, *, now: datetime) -> bool:
    """A mail that had left came back: as one that was refused at once. False: that is known, or it is on its way."""
    with transaction.atomic():
        left = MailMessage.objects.filter(pk=row.pk, kind__in=TOLD, sent_at__isnull=False)
        error = f"It came back: {why}"[: leases.MESSAGE_LENGTH]
        if not left.update(sent_at=None, parked_at=now, last_error=error):
            return False
        _tell(MailMessage.objects.get(pk=row.pk), now, is_refused=True)
    return True


def _tell(row: MailMessage, now: datetime, *, is_refused: bool = False) -> None:
    """Whatever goes wrong there, the mail has left, and is not sent again for it."""
    if row.kind not in TOLD:
        return
    try:
        with transaction.atomic():
            import_string(TOLD[row.kind])(row, now=now, is_refused=is_refused)
    except Exception:
        logger.exception("What follows from mail %s could not be done.", row.pk)


def _is_final(error: smtplib.SMTPException) -> bool:
    """Of SMTP's answers those from 500 on are final (RFC 5321, 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def _is_of_the_address(error: smtplib.SMTPException) -> bool:
    """And not of our own address, of what the mail says, or of who we are (5.7.x, RFC 3463)."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return not any(said.lstrip().startswith(b"5.7.") for _, said in error.recipients.values())


def _message(row: MailMessage, sender_address: str) -> EmailMultiAlternatives:
    """`sender_address`: of the envelope; empty: the network's own."""
    sender = network.current()
    from_email = f'"{sender.sender_name or sender.name}" <{sender.sender_email}>'.replace("\n", " ")
    # The same row always has the same Message-ID, so that a mail sent twice by a crash shows once in most readers.
    headers = {"Message-ID": f"<halles-{row.pk}@{DNS_NAME}>"}
    if row.unsubscribe_url:  # one click in the mail program: RFC 8058
        headers["List-Unsubscribe"] = f"<{row.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if sender_address:
        headers["From"], from_email = from_email, sender_address
    message = EmailMultiAlternatives(
        _one_line(row.subject),
        row.text,
        from_email,
        [row.to],
        headers=headers,
        reply_to=[row.reply_to] if row.reply_to else None,
    )
    message.attach_alternative(row.html, "text/html")
    return message
