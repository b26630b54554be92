import os
import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from oscar.core.loading import get_class

from marketplace import checks

SAFE = {
    "HALLES_DEBUG": "false",
    "HALLES_SECRET_KEY": "0123456789abcdefghij" * 3,
    "HALLES_FIELD_KEY": "f" * 60,
    "HALLES_HOSTS": "halles.example.org",
    "HALLES_SITE_URL": "https://halles.example.org",
    "HALLES_FAKE_STRIPE": "false",
    "STRIPE_SECRET_KEY": "sk_test_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
}


@pytest.fixture
def production(settings):
    settings.DEBUG = False
    settings.SECRET_KEY = settings.FIELD_KEY = "x" * 60
    settings.ALLOWED_HOSTS = ["halles.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SITE_URL = "https://halles.example.org"
    settings.STRIPE_FAKE, settings.SECOND_FACTOR_REQUIRED = False, True
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_live_x", "whsec_x"
    return settings


def test_safe_production_settings_pass(production):
    assert checks.production_is_safe() == []
    checks.refuse_unsafe()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SECRET_KEY", "short", "HALLES_SECRET_KEY"),
        ("FIELD_KEY", "", "HALLES_FIELD_KEY"),
        ("ALLOWED_HOSTS", [], "HALLES_HOSTS"),
        ("ALLOWED_HOSTS", ["*"], "holds *"),
        ("SECURE_SSL_REDIRECT", False, "HALLES_HTTPS"),
        ("SITE_URL", "http://halles.example.org", "HALLES_SITE_URL"),
        ("STRIPE_FAKE", True, "fake Stripe"),
        ("SECOND_FACTOR_REQUIRED", False, "HALLES_SECOND_FACTOR"),
        ("STRIPE_WEBHOOK_SECRET", "", "STRIPE_WEBHOOK_SECRET"),
    ],
)
def test_each_unsafe_setting_refuses_the_start(production, name, value, words):
    setattr(production, name, value)
    with pytest.raises(ImproperlyConfigured, match=words.replace("*", r"\*")):
        checks.refuse_unsafe()


@pytest.mark.parametrize(("label", "name"), checks.OVERRIDES)
def test_override_resolves_to_ours(label, name):
    assert get_class(label, name).__module__.startswith(checks.OVERRIDES[label, name] + ".")


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HALLES_", "STRIPE_"))}
    clean["HALLES_VAR"] = os.environ["HALLES_VAR"]
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=django_settings.BASE_DIR, env={**clean, **environment}, capture_output=True, text=True, check=False
    )


def test_check_deploy_is_clean_with_safe_settings():
    done = manage("check", "--deploy", "--fail-level", "WARNING", **SAFE)
    assert (done.returncode, done.stdout.strip()) == (0, "System check identified no issues (0 silenced).")


def test_worker_does_not_start_unsafe():
    done = manage("work", "--once", **{**SAFE, "HALLES_SECRET_KEY": "short"})
    assert (done.returncode, "HALLES_SECRET_KEY" in done.stderr) == (1, True)
