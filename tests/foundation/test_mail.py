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
