"""The forms of signature, against the values that their makers publish or that are worked out by hand here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from django.http.request import HttpHeaders

from catalog_sync.doors import signatures
from catalog_sync.doors.signatures import SignatureError
from marketplace.foundation import webhook_signing

# The example that the libraries of Standard Webhooks test themselves with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"x" * 24).decode()
BODY = b'{"test": 2432232314}'
SENT = datetime.fromtimestamp(1614265330, UTC)
EXAMPLE = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def standard(*secrets: str, body: bytes = BODY, now: datetime = SENT, **changed: str) -> signatures.Signed:
    headers = EXAMPLE | {name.replace("_", "-"): value for name, value in changed.items()}
    return signatures.check("standard", secrets, headers, body, now=now)


def test_published_example_is_believed():
    assert standard(SECRET) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", SENT)
    assert standard(SECRET.removeprefix("whsec_")).sent_at == SENT


def test_any_secret_and_any_signature_will_do():
    assert standard(OTHER, SECRET).sent_at == SENT
    assert standard(SECRET, webhook_signature=f"v1a,zzz v1,AAAA {EXAMPLE['webhook-signature']}").sent_at == SENT


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_id": ""},
        {"webhook_id": "msg_other"},
        {"webhook_id": "x" * 300},
        {"webhook_timestamp": ""},
        {"webhook_timestamp": "1614265331"},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "9" * 30},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,é"},
        {"webhook_signature": EXAMPLE["webhook-signature"].replace("v1,", "v2,")},
        {"body": BODY + b" "},
    ],
)
def test_what_differs_in_anything_is_not_believed(changed):
    with pytest.raises(SignatureError):
        standard(SECRET, **changed)


def test_other_secret_is_not_believed():
    with pytest.raises(SignatureError, match="wrong"):
        standard(OTHER)


def test_time_stamp_counts_five_minutes_to_both_sides():
    for seconds in (-300, 300):
        assert standard(SECRET, now=SENT + timedelta(seconds=seconds)).sent_at == SENT
    for seconds in (-301, 301):
        with pytest.raises(SignatureError, match="five minutes"):
            standard(SECRET, now=SENT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("form", "header"), [("shopify", "x-shopify-hmac-sha256"), ("woocommerce", "x-wc-webhook-signature")]
)
def test_body_alone_is_signed_by_shop_systems(form, header):
    right = base64.b64encode(hmac.new(b"hush", BODY, hashlib.sha256).digest()).decode()

    def check(signature: str, body: bytes = BODY) -> signatures.Signed:
        sent = HttpHeaders({f"HTTP_{header.upper().replace('-', '_')}": signature} if signature else {})
        return signatures.check(form, ["hush"], sent, body, now=SENT)

    assert check(right) == ("", None)
    for signature, body in ((right, b"{}"), (right[:-4] + "AAA=", BODY), ("", BODY)):
        with pytest.raises(SignatureError):
            check(signature, body)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_é", "whsec_" + base64.b64encode(b"x" * 65).decode()]
)
def test_what_cannot_be_a_secret_is_refused(secret):
    with pytest.raises(ValueError):
        webhook_signing.standard_key(secret)
