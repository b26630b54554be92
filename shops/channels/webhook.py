"""Shop orders posted to the shop's own system, as Standard Webhooks (standardwebhooks.com): signed, and under an id
that stays the same over all tries, so that sending again is harmless and needs no look-up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit, http, links, webhook_signing
from marketplace.foundation.secrets import SecretError
from shops import mailing
from shops.channels import messages
from shops.channels.base import Channel, ChannelError, Receipt
from shops.models import Cancellation, ShopOrder, ShopWebhook

SECONDS = 20.0
MAX_BYTES = 64 * 1024  # nobody reads what is answered
GONE, SUCCESS = 410, range(200, 300)


class WebhookChannel(Channel):
    kind = "webhook"
    capabilities = frozenset({"cancel", "repeats"})

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        self._post(message_id(shop_order), messages.new_order(shop_order), now)
        return Receipt(reference=message_id(shop_order))

    def cancel(self, cancellation: Cancellation, *, now: datetime) -> bool:
        """A status is no answer: someone puts the copies back and says so in the portal."""
        self._post(cancellation_id(cancellation), messages.taken_back(cancellation), now)
        return False

    def _post(self, key: str, message: Mapping[str, object], now: datetime) -> None:
        setup = ShopWebhook.objects.filter(shop=self.shop).first()
        if setup is None:
            raise ChannelError(f"{self.shop} has not said where its orders are posted to.", permanent=True)
        if setup.disabled_at:
            raise ChannelError("The webhook is switched off: its server said that it is gone (410).", permanent=True)
        post(setup, key, message, now=now)


def message_id(shop_order: ShopOrder) -> str:
    return f"shop_order_{shop_order.number}"


def cancellation_id(cancellation: Cancellation) -> str:
    return cancellation.key.replace(":", "_")


def post(setup: ShopWebhook, key: str, message: Mapping[str, object], *, now: datetime) -> int:
    """Send one message; the status of the answer, which is one of success. Raises ChannelError: only an address that
    is never called, or is gone, is permanent; what else a server answers may be mended within the tries."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        headers = webhook_signing.signed(key, body, setup.secrets_at(now), now=now)
        answer = http.post(
            setup.address,
            body,
            headers={"Content-Type": "application/json", **headers},
            seconds=SECONDS,
            max_bytes=MAX_BYTES,
        )
    except SecretError as error:
        raise ChannelError(str(error), permanent=True) from error
    except http.HttpError as error:
        if error.status is not None and error.status in SUCCESS:  # taken; what else it says is not read to its end
            return error.status
        is_off = error.status == GONE and _switch_off(setup, now)
        raise ChannelError(
            str(error),
            permanent=is_off or (error.permanent and error.status is None),
            unknown_outcome=error.unknown_outcome,
            later_seconds=error.later_seconds,
            status=error.status,
        ) from error
    if answer.status not in SUCCESS:
        raise ChannelError(f"It answered {answer.status}; redirects are not followed.", status=answer.status)
    return answer.status


def _switch_off(setup: ShopWebhook, now: datetime) -> bool:
    """Once: nothing is posted there any more, and the shop is told. False: the shop has another address meanwhile, or
    none."""
    shop, called = setup.shop, ShopWebhook.objects.filter(pk=setup.pk, address=setup.address)
    with transaction.atomic():
        if not called.filter(disabled_at=None).update(disabled_at=now):
            return called.exists()
        audit.record("order_webhook.switch_off", setup, shop_id=shop.pk, reason="410 Gone")
        mailing.post(
            "shop_webhook_gone",
            shop,
            mailing.About.FEEDS,
            dedupe_key=f"shop_webhook_gone:{setup.pk}:{now.isoformat()}",
            context={
                "shop": shop,
                "address": setup.address,
                "falls_back": shop.fallback_minutes is not None,
                "url": links.absolute(f"/portal/{shop.slug}/channel/"),
            },
            now=now,
        )
    return True
