"""Who signed in to an account, or tried to: written as it happens, shown to the person and, of those who act for a
shop, to the operator. Where a browser signs in that never did, the person is told by mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import QuerySet
from django.urls import reverse

from marketplace.foundation import links, mail
from marketplace.models import User
from marketplace.readers.models import SignIn
from shops.models import Shop

KEEP = timedelta(days=90)
"""Long enough to see, after a quarter's absence, that somebody else was there; an address is personal data (GDPR,
article 5 (1) (e))."""
BATCH = 1000
BROWSER_COOKIE = "halles_browser"  # a random id, by which one that signed in before is known
BROWSER_DAYS = 400  # browsers keep none for longer

_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)


def signed_in(
    person: User, *, how: str, address: str, browser: str, browser_id: str, language: str, now: datetime
) -> None:
    """`browser_id`: what the browser's cookie says, new where it had none."""
    key, before = _key(person, browser_id), SignIn.objects.filter(user=person, outcome=SignIn.Outcome.IN)
    is_new = before.exists() and not before.filter(browser_key=key).exists()
    row = _write(person, SignIn.Outcome.IN, now, how=how, address=address, browser=browser, browser_key=key)
    if is_new:
        mail.post(
            "sign_in_new",
            to=person.email,
            language=language,
            dedupe_key=f"sign_in_new:{uuid4()}",
            context={"row": row, "browser": words_of(browser), "url": links.absolute(reverse("storefront:sign-ins"))},
            now=now,
        )


def failed(email: str, *, address: str, browser: str, now: datetime) -> None:
    """A password that was not theirs. Nothing where nobody has the address."""
    if person := User.objects.filter(email__iexact=email.strip(), is_active=True).first():
        _write(person, SignIn.Outcome.PASSWORD, now, how="password", address=address, browser=browser)


def failed_factor(person: User, *, how: str, address: str, browser: str, now: datetime) -> None:
    _write(person, SignIn.Outcome.FACTOR, now, how=how, address=address, browser=browser)


def of(person: User) -> QuerySet[SignIn]:
    """The latest first."""
    return SignIn.objects.filter(user=person)


def of_shop(shop: Shop) -> QuerySet[SignIn]:
    """Of everybody who acts for it, the latest first."""
    return SignIn.objects.filter(user__shop_memberships__shop=shop).select_related("user")


def words_of(browser: str) -> str:
    """What a browser says of itself, as a person would: "Firefox, Windows"."""
    found = [next((name for part, name in table if part in browser), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found)) or browser[:40]


def forget(now: datetime) -> int:
    """Step: what is older than `KEEP` goes, but for each person's browsers: the last sign-in of each stays, without
    address, since it is how a new one is told from a known one."""
    old = SignIn.objects.filter(at__lt=now - KEEP)
    keys = list(old.exclude(outcome=SignIn.Outcome.IN).values_list("pk", flat=True)[:BATCH])
    done, _counts = SignIn.objects.filter(pk__in=keys).delete()
    good = old.filter(outcome=SignIn.Outcome.IN).exclude(address=None, browser="").order_by("pk")
    keys = list(good.values_list("pk", flat=True)[:BATCH])
    return done + SignIn.objects.filter(pk__in=keys).update(address=None, browser="")


def _write(
    person: User, outcome: str, now: datetime, *, how: str, address: str, browser: str, browser_key: str = ""
) -> SignIn:
    said = {"address": address or None, "browser": browser[:200], "browser_key": browser_key, "how": how[:40]}
    return SignIn.objects.create(user=person, at=now, outcome=outcome, **said)


def _key(person: User, browser_id: str) -> str:
    return links.key_of("halles.browser", f"{person.pk}:{browser_id}")
