"""The second factor at the doors of those who work, and who signed in from where."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.readers import second_factor, sign_ins
from marketplace.readers.models import SecondFactorGrace, SignIn
from shops.models import ShopMember
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def asked(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def member() -> ShopMember:
    return factories.member(factories.shop(slug="port"), factories.confirmed_user("ann@example.org"))


def code() -> str:
    return totp.format_hotp_value(totp.hotp_value(SECRET, next(iter(totp.yield_hotp_counters_from_time()))))


def sign_in(email: str, browser: Client | None = None, password: str = "password", **headers: str):
    browser = browser or Client()
    sent = {"login": email, "password": password}
    return browser, browser.post(reverse("account_login"), sent, headers={"User-Agent": FIREFOX, **headers})


def test_member_works_for_days_of_grace_and_is_told(member):
    browser, _ = sign_in(member.user.email)
    page = browser.get("/portal/port/", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert "Set up a second factor by" in page.content.decode()
    assert MailMessage.objects.get(kind="second_factor_due").to == member.user.email
    SecondFactorGrace.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert browser.get("/portal/port/").url == reverse("mfa_index")
    answer = browser.get("/portal/port/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, reverse("mfa_index"))
    assert MailMessage.objects.filter(kind="second_factor_due").count() == 1


@pytest.mark.parametrize("door", ["/board/", "/admin/", "/cms/", "/dashboard/catalogue/categories/"])
def test_operator_has_no_days_of_grace_at_any_door(door):
    browser, _ = sign_in(factories.confirmed_user("op@example.org", is_staff=True, is_superuser=True).email)
    assert browser.get(door).url == reverse("mfa_index")


def test_negative_control_without_the_setting_the_doors_are_open(member, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    browser, _ = sign_in(factories.confirmed_user("op@example.org", is_staff=True, is_superuser=True).email)
    assert browser.get("/board/").status_code == 200


def test_reader_is_asked_of_nothing():
    browser, _ = sign_in(factories.confirmed_user("lea@example.org").email)
    assert browser.get("/account/").status_code == 200
    assert browser.get("/portal/").status_code == 404
    assert not SecondFactorGrace.objects.exists()


def test_app_is_set_up_and_asked_at_the_next_sign_in(member, monkeypatch):
    monkeypatch.setattr(transaction, "on_commit", lambda function: function())  # as outside of a test
    browser, _ = sign_in(member.user.email)
    browser.post(reverse("account_reauthenticate"), {"password": "password"})
    page = browser.get(reverse("mfa_activate_totp"), headers={"Accept-Language": "en"})
    assert "site-header" in page.content.decode()
    session = browser.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    assert browser.post(reverse("mfa_activate_totp"), {"code": code()}).status_code == 302
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert SECRET not in stored
    assert stored.startswith("v1:")
    assert browser.get("/portal/port/").status_code == 200  # set up in this session: it has passed

    other, answer = sign_in(member.user.email)
    assert answer.url.startswith(reverse("mfa_authenticate"))
    assert other.get("/portal/port/").url.startswith("/accounts/login/")
    other.post(reverse("mfa_authenticate"), {"code": "000000"}, headers={"User-Agent": FIREFOX})
    assert SignIn.objects.first().outcome == SignIn.Outcome.FACTOR
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert other.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 302
    assert other.get("/portal/port/").status_code == 200
    assert SignIn.objects.first().how == "password recovery_codes"


def test_session_from_before_is_asked_once_more(member):
    old, _ = sign_in(member.user.email)
    assert old.get("/portal/port/").status_code == 200
    totp.TOTP.activate(member.user, SECRET)
    assert old.get("/portal/port/").url == f"{reverse('mfa_reauthenticate')}?next=%2Fportal%2Fport%2F"
    assert old.post("/portal/port/pause/").url.endswith("%2Fportal%2F")  # to an action nobody comes back
    assert old.post(reverse("mfa_reauthenticate"), {"code": code()}).status_code == 302
    assert old.get("/portal/port/").status_code == 200


def test_password_alone_adds_no_second_factor_beside_one(member):
    """A session that has not passed would pass by a factor of its own."""
    old, _ = sign_in(member.user.email)
    totp.TOTP.activate(member.user, SECRET)
    answer = old.post(reverse("account_reauthenticate"), {"password": "password"})
    assert answer.url.startswith(reverse("mfa_reauthenticate"))
    for name in ("mfa_add_webauthn", "mfa_deactivate_totp"):
        assert old.get(reverse(name)).status_code == 302, name
    assert old.get("/portal/port/").url.startswith(reverse("mfa_reauthenticate"))


def test_other_sessions_end_with_the_last_factor(member):
    cache.clear()  # of codes that were used
    mine, _ = sign_in(member.user.email)
    other, _ = sign_in(member.user.email)
    totp.TOTP.activate(member.user, SECRET)
    for browser in (mine, other):
        browser.post(reverse("mfa_reauthenticate"), {"code": code()})
    mine.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(type="totp").exists()
    assert other.get("/account/").status_code == 302


def test_whoever_had_one_gets_no_days_again(member):
    totp.TOTP.activate(member.user, SECRET)
    RecoveryCodes.activate(member.user)
    second_factor.reset(member.user, by="test", reason="lost", language="fr", now=timezone.now())
    assert not Authenticator.objects.exists()
    assert MailMessage.objects.get(kind="second_factor_reset").to == member.user.email
    browser, _ = sign_in(member.user.email)
    assert browser.get("/portal/port/").url == reverse("mfa_index")


def test_operator_takes_the_second_factor_of_a_member_away_with_a_reason(member, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    theirs, _ = sign_in(member.user.email)
    totp.TOTP.activate(member.user, SECRET)
    board = Client()
    board.force_login(factories.operator())
    page = board.get(reverse("operations:shop-sign-ins", args=[member.shop_id]), headers={"Accept-Language": "en"})
    assert "Firefox, Windows" in page.content.decode()
    where = reverse("operations:reset-factor", args=[member.shop_id, member.user_id])
    board.post(where, {"reason": ""})
    assert Authenticator.objects.exists()
    board.post(where, {"reason": "Phone lost, called back"})
    assert not Authenticator.objects.exists()
    assert AuditEntry.objects.get(action="person.reset_second_factor").reason == "Phone lost, called back"
    assert theirs.get("/account/").status_code == 302


def test_board_takes_no_operators_factor_away_but_the_machine_does(settings):
    settings.SECOND_FACTOR_REQUIRED = False
    both = factories.operator("op@example.org")
    row = factories.member(factories.shop(), both)
    totp.TOTP.activate(both, SECRET)
    board = Client()
    board.force_login(factories.operator())
    board.post(reverse("operations:reset-factor", args=[row.shop_id, both.pk]), {"reason": "x"})
    assert Authenticator.objects.exists()
    call_command("forget_second_factor", "OP@example.org")
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("door", ["/admin/login/?next=/admin/", "/cms/login/?next=/cms/", "/_util/login/?next=/"])
def test_other_doors_have_no_sign_in_of_their_own(door, client):
    assert client.get(door).url.startswith("/accounts/login/?next=")
    operator = factories.confirmed_user("op@example.org", is_staff=True, is_superuser=True)
    sent = {"username": operator.email, "password": "password"}
    assert client.post(door, sent).status_code in {302, 301}
    assert "_auth_user_id" not in client.session


def test_sign_ins_are_listed_and_a_new_browser_is_told(member):
    first, _ = sign_in(member.user.email)
    assert not MailMessage.objects.filter(kind="sign_in_new").exists()  # the very first one
    sign_in(member.user.email, password="wrong", **{"X-Forwarded-For": "6.6.6.6"})
    sign_in("nobody@example.org", password="wrong")
    first.post(reverse("account_logout"))
    sign_in(member.user.email, first)
    assert not MailMessage.objects.filter(kind="sign_in_new").exists()  # the same browser
    sign_in(member.user.email)
    assert "127.0.0.1" in MailMessage.objects.get(kind="sign_in_new").text
    page = first.get(reverse("storefront:sign-ins"), headers={"Accept-Language": "en"}).content.decode()
    assert page.count("Wrong password") == 1
    assert "6.6.6.6" not in page  # anybody can write that; behind a proxy of ours its own word counts


def test_session_is_ended_from_another(member):
    here, _ = sign_in(member.user.email)
    there, _ = sign_in(member.user.email)
    stranger, _ = sign_in(factories.confirmed_user("max@example.org").email)
    listed = here.get(reverse("storefront:sign-ins")).context["sessions"]
    other = next(row["pk"] for row in listed if not row["is_here"])
    assert stranger.post(reverse("storefront:session-end", args=[other])).status_code == 404
    here.post(reverse("storefront:session-end", args=[other]))
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200
    there, _ = sign_in(member.user.email)
    here.post(reverse("storefront:sessions-end"))
    assert there.get("/account/").status_code == 302
    assert stranger.get("/account/").status_code == 200


def test_old_sign_ins_are_forgotten_but_not_which_browsers_are_known(member):
    now = timezone.now()
    said = {"address": "10.0.0.1", "browser": FIREFOX}
    sign_ins.signed_in(member.user, how="x", browser_id="b", language="fr", now=now, **said)
    sign_ins.failed(member.user.email, now=now, **said)
    assert sign_ins.forget(now + timedelta(days=89)) == 0
    assert sign_ins.forget(now + timedelta(days=91)) == 2
    assert sign_ins.forget(now + timedelta(days=91)) == 0
    row = SignIn.objects.get()
    assert (row.address, row.browser, row.outcome) == (None, "", "in")
    sign_ins.signed_in(member.user, how="x", browser_id="b", language="fr", now=now + timedelta(days=92), **said)
    assert not MailMessage.objects.exists()


def test_pages_of_factors_are_ours_and_name_no_script_inline(member):
    browser, _ = sign_in(member.user.email)
    browser.post(reverse("account_reauthenticate"), {"password": "password"})
    for name in ("mfa_index", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_activate_totp", "storefront:sign-ins"):
        page = browser.get(reverse(name), headers={"Accept-Language": "fr"})
        assert page.status_code == 200, name
        assert "site-header" in page.content.decode(), name
