import smtplib
from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from marketplace.foundation import mail
from marketplace.foundation.models import MailMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def templates(tmp_path, settings):
    emails = tmp_path / "emails"
    emails.mkdir()
    (emails / "hello.txt").write_text(
        "{% load i18n %}{% translate 'Order' %} {{ number }}\nBonjour & bienvenue {{ name|safe }}\n"
    )
    (emails / "hello.html").write_text("<p>Bonjour {{ name }}</p>")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]


def post(key="a", **values):
    values = {"to": "r@example.org", "language": "fr", "context": {"number": 1, "name": "<Léa>"}} | values
    mail.post("hello", dedupe_key=key, now=timezone.now(), **values)


def test_post_writes_one_mail_per_key_and_sends_nothing(templates):
    post()
    post()
    assert (MailMessage.objects.count(), len(django_mail.outbox)) == (1, 0)


def test_html_is_escaped_and_the_first_line_is_the_subject(templates):
    post()
    row = MailMessage.objects.get()
    assert (row.subject.endswith(" 1"), row.text, row.html) == (
        True,
        "Bonjour & bienvenue <Léa>\n",
        "<p>Bonjour &lt;Léa&gt;</p>",
    )


def test_send_mail_sends_each_once(templates):
    post("a")
    post("b", to="s@example.org")
    now = timezone.now()
    assert (mail.send_mail(now), mail.send_mail(now)) == (2, 0)
    assert sorted(m.to[0] for m in django_mail.outbox) == ["r@example.org", "s@example.org"]
    assert MailMessage.objects.filter(sent_at=now, due_at=None).count() == 2


def test_send_mail_tries_again_when_the_server_is_away(templates, settings):
    post()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    now = timezone.now()
    assert mail.send_mail(now) == 0
    row = MailMessage.objects.get()
    assert (row.sent_at, row.parked_at, row.due_at > now) == (None, None, True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mail.send_mail(now + timedelta(minutes=1)) == 1


def test_name_with_a_line_break_makes_one_line_of_the_subject(templates):
    post(context={"number": "1\rBcc: x@example.org", "name": "Léa"})
    assert mail.send_mail(timezone.now()) == 1
    (sent,) = django_mail.outbox
    assert (sent.subject.endswith("1 Bcc: x@example.org"), sent.message()["Bcc"]) == (True, None)


def test_mail_that_cannot_be_written_stops_no_other(templates, monkeypatch):
    monkeypatch.setitem(mail.WRITERS, "hello", f"{__name__}.nobody")
    now = timezone.now()
    mail.post_about("hello", 1, to="r@example.org", language="fr", dedupe_key="a", now=now)
    MailMessage.objects.create(dedupe_key="b", to="s@example.org", kind="other", subject="S", text="T", due_at=now)
    assert mail.send_mail(now) == 1
    assert [message.to for message in django_mail.outbox] == [["s@example.org"]]
    row = MailMessage.objects.get(dedupe_key="a")
    assert (row.sent_at, row.last_error != "", row.due_at > now) == (None, True, True)


def test_mail_of_which_nothing_is_left_to_say_is_not_sent(templates, monkeypatch):
    monkeypatch.setitem(mail.ANEW, "hello", f"{__name__}.nothing_left")
    now = timezone.now()
    post()
    assert mail.send_mail(now + 2 * mail.LATE) == 0
    row = MailMessage.objects.get()
    assert (row.sent_at, row.due_at, row.parked_at, django_mail.outbox) == (None, None, None, [])


def nothing_left(row, *, now, **said):
    return {}


@pytest.mark.parametrize(
    "refusal",
    [
        smtplib.SMTPRecipientsRefused({"r@example.org": (553, b"5.7.1 Sender address rejected: not owned by user")}),
        smtplib.SMTPDataError(550, b"5.7.1 not your address"),
    ],
)
def test_server_that_takes_its_own_sender_alone_gets_that(templates, monkeypatch, settings, refusal):
    settings.REPLY_ADDRESS = "reply@halles.example"
    monkeypatch.setitem(mail.TOLD, "hello", f"{__name__}.nothing_left")
    asked = []

    def send_messages(self, messages):
        asked.append(messages[0].from_email)
        if messages[0].from_email.startswith("reply+"):
            raise refusal

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", send_messages)
    post()
    assert mail.send_mail(timezone.now()) == 1
    assert [sender.startswith("reply+") for sender in asked] == [True, False]


@pytest.mark.parametrize(("said", "told"), [(b"5.1.1 No such user", True), (b"5.7.1 Listed at a blocklist", False)])
def test_address_is_not_to_blame_for_what_we_are(said, told):
    assert mail._is_of_the_address(smtplib.SMTPRecipientsRefused({"r@example.org": (550, said)})) is told
