"""What `doctor` finds: one test for each thing that can be wrong, and none where it is not."""

from __future__ import annotations

import os
import socket
import time
from collections import namedtuple
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from marketplace import worker
from marketplace.foundation.models import MailMessage
from marketplace.operations import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def var(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path


def test_database_with_all_migrations_is_ok():
    assert health.database().state == "ok"


def test_missing_migration_is_an_error_that_says_what_to_run():
    MigrationRecorder.Migration.objects.filter(app="shops").delete()
    found = health.database()
    assert (found.state, "manage.py migrate" in found.text) == ("error", True)


def test_database_that_does_not_answer_is_an_error():
    def lost(execute, sql, params, many, context):
        raise DatabaseError("gone")

    with connection.execute_wrapper(lost):
        assert health.database().state == "error"


def test_clock_agrees():
    assert health.clock().state == "ok"


@pytest.mark.postgres_only
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite shares the program's clock")
def test_clock_of_another_machine_is_noticed(monkeypatch):
    monkeypatch.setattr(health.time, "time", lambda now=time.time(): now - 60)
    assert health.clock().state == "error"


def test_worker_is_known_by_its_beat(var):
    assert (health.background_worker().state, "never" in health.background_worker().text) == ("error", True)
    worker.beat_path().touch()
    assert health.background_worker().state == "ok"
    then = time.time() - health.WORKER_SILENT_SECONDS - 1
    os.utime(worker.beat_path(), (then, then))
    assert (health.background_worker().state, "Silent" in health.background_worker().text) == ("error", True)


def mail(**columns) -> None:
    columns = {"to": "a@example.org", "language": "fr", "kind": "k", "subject": "s", "text": "t", "html": "h"} | columns
    MailMessage.objects.create(dedupe_key=f"key-{MailMessage.objects.count()}", **columns)


def test_mail_is_ok_while_it_goes_out():
    mail(due_at=timezone.now())
    mail(sent_at=timezone.now())
    assert health.mail().state == "ok"


def test_late_and_parked_mail_is_a_warning_and_counted_once():
    now = timezone.now()
    mail(due_at=now - health.LATE_MAIL - timedelta(minutes=1))
    mail(due_at=now - timedelta(days=1), parked_at=now)
    found = health.mail()
    assert (found.state, found.text) == ("warning", "1 late, 1 parked: see the operator's board.")


def test_mail_server_that_does_not_answer_is_an_error(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", taken.getsockname()[1]  # bound, not listening
        assert health.mail().state == "error"


@pytest.mark.parametrize(("free", "state"), [(health.FREE_BYTES, "ok"), (health.FREE_BYTES - 1, "error")])
def test_disk_needs_room(free, state, monkeypatch, var):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage(0, 0, free))
    assert health.disk().state == state


@pytest.mark.parametrize(
    ("fake", "key", "secret", "state"),
    [
        (True, "", "", "warning"),
        (False, "sk_test_1", "", "error"),
        (False, "sk_test_1", "whsec_1", "ok"),
        (False, "rk_live_1", "whsec_1", "ok"),
    ],
)
def test_stripe_needs_a_key_and_a_secret(fake, key, secret, state, settings):
    settings.STRIPE_FAKE, settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = fake, key, secret
    found = health.stripe()
    assert (found.state, key not in found.text or not key) == (state, True)


def test_index_is_an_error_until_it_is_built(reindex):
    assert health.index().state == "error"
    reindex()
    assert health.index().state == "ok"


def test_settings_of_a_clone_are_a_warning(settings):
    settings.DEBUG = True
    assert health.settings_are_safe().state == "warning"


def test_unsafe_settings_are_an_error(settings):
    settings.DEBUG, settings.SECURE_SSL_REDIRECT = False, False
    found = health.settings_are_safe()
    assert (found.state, "HALLES_HTTPS" in found.text) == ("error", True)


def test_check_that_breaks_is_an_error_with_its_own_words(monkeypatch):
    def broken() -> health.Finding:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(health, "CHECKS", [broken])
    assert health.findings() == [health.Finding("broken", "error", "Could not be checked: no such thing")]


def test_doctor_exits_with_one_for_an_error(monkeypatch, capsys):
    monkeypatch.setattr(health, "CHECKS", [lambda: health.Finding("a", "warning", "so so")])
    call_command("doctor")
    monkeypatch.setattr(health, "CHECKS", [lambda: health.Finding("a", "error", "bad")])
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", json=True)
    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines()[-1] == '[{"name": "a", "state": "error", "text": "bad"}]'
