"""A passkey is added and signs in without a password, with Chromium's own stand-in for an authenticator."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, expect

from marketplace.readers.models import SignIn
from tests import factories

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_passkey_is_added_and_signs_in(chromium: Browser, site, settings):
    person = factories.confirmed_user("passkey@example.org")
    context = chromium.new_context(locale="en-CA")
    page = context.new_page()
    browser = context.new_cdp_session(page)
    browser.send("WebAuthn.enable")
    browser.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    url = site.url.replace("127.0.0.1", "localhost")
    settings.SITE_URL = url  # a passkey belongs to a name, not to a number
    page.goto(f"{url}/accounts/login/?next=/accounts/2fa/webauthn/add/")
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", "password")
    page.click("main form.card button[type=submit]")
    page.fill("[name=password]", "password")  # once more, before a factor is added
    page.click("main form.card button[type=submit]")
    page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/**")
    key = Authenticator.objects.get(user=person, type="webauthn")
    assert key.wrap().is_passwordless
    page.goto(f"{url}/accounts/logout/")
    page.click("main form.card button[type=submit]")
    page.wait_for_url(f"{url}/")
    page.goto(f"{url}/accounts/login/?next=/account/")
    page.click("#passkey_login")
    page.wait_for_url(f"{url}/account/")
    expect(page.locator("h1")).to_be_visible()
    assert SignIn.objects.filter(user=person).first().how == "webauthn"
    context.close()
