"""Checkout Sessions: hosted page, mode payment, one card payment each."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlsplit

from marketplace.payments.fake_stripe import events, intents
from marketplace.payments.fake_stripe.call import Call
from marketplace.payments.fake_stripe.errors import FakeStripeError, refused_request
from marketplace.payments.fake_stripe.hosted_urls import pay_url
from marketplace.payments.fake_stripe.listing import page
from marketplace.payments.fake_stripe.store import Body, Store

KIND = "checkout.session"
# Stripe's bounds of a session's life, and the least it charges (its table for CAD, USD and EUR).
MIN_SECONDS, MAX_SECONDS, MIN_AMOUNT_MINOR = 30 * 60, 24 * 3600, 50
MAX_REFERENCE_LENGTH = 200
MAX_LINES = 100


def create(call: Call) -> Body:
    params = call.params
    _refuse_other_modes(params)
    expires_at = params.get("expires_at", call.now + MAX_SECONDS)
    if not call.now + MIN_SECONDS <= expires_at <= call.now + MAX_SECONDS:
        raise refused_request(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            param="expires_at",
        )
    lines, currency = _lines(params)
    if len(lines) > MAX_LINES:
        raise refused_request(f"Array line_items exceeded maximum {MAX_LINES} allowed elements.", param="line_items")
    total = sum(line["amount_total"] for line in lines)
    if total < MIN_AMOUNT_MINOR:
        raise refused_request(
            "The Checkout Session's total amount due must add up to at least 0.50.", code="amount_too_small"
        )
    session_id = f"cs_test_{secrets.token_hex(24)}"
    session = {
        "id": session_id,
        "object": KIND,
        "amount_subtotal": total,
        "amount_total": total,
        "branding_settings": params.get("branding_settings", {}),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": call.now,
        "currency": currency,
        "customer": None,
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "expires_at": expires_at,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params["success_url"],
        "ui_mode": "hosted_page",
        "url": pay_url(params["success_url"], session_id),
        "_lines": lines,
        "_intent": params.get("payment_intent_data", {}),
    }
    call.store.put(KIND, session, due_at=expires_at)
    return session


def retrieve(call: Call) -> Body:
    return call.found(KIND, call.ids[0])


def list_sessions(call: Call) -> Body:
    return page(call, KIND, filters=["payment_intent", "status"])


def expire(call: Call) -> Body:
    session = call.found(KIND, call.ids[0])
    if session["status"] != "open":
        raise FakeStripeError(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Session has a status of '
            f"{session['status']}.",
        )
    return end(call.store, call.now, session)


def end(store: Store, now: int, session: Body) -> Body:
    """The session can no longer be paid; a refused attempt's intent ends with it."""
    session |= {"status": "expired", "url": None}
    store.put(KIND, session)
    if session["payment_intent"]:
        intents.end(store, now, session["payment_intent"], "automatic")
    events.emit(store, now, "checkout.session.expired", session)
    return session


def complete(store: Store, now: int, session: Body, intent: Body) -> Body:
    """The reader's card was approved. With manual capture the session stays "unpaid", as Stripe's does."""
    paid = "paid" if intent["status"] == "succeeded" else "unpaid"
    session |= {
        "status": "complete",
        "payment_status": paid,
        "url": None,
        "payment_intent": intent["id"],
        "customer_details": {"email": session["customer_email"]},
    }
    store.put(KIND, session)
    events.emit(store, now, "checkout.session.completed", session)
    return session


def _refuse_other_modes(params: Any) -> None:
    if params.get("mode") != "payment":
        raise refused_request("The stand-in for Stripe models mode=payment only", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise refused_request("The stand-in for Stripe models ui_mode=hosted_page only", param="ui_mode")
    for name in ("success_url", "cancel_url"):
        url = params.get(name)
        if name == "success_url" and not url:
            raise refused_request("Missing required param: success_url.", code="parameter_missing", param=name)
        if url and not (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).netloc):
            raise refused_request("Not a valid URL", code="url_invalid", param=name)
    if len(params.get("client_reference_id", "")) > MAX_REFERENCE_LENGTH:
        raise refused_request(
            f"client_reference_id has at most {MAX_REFERENCE_LENGTH} characters", param="client_reference_id"
        )


def _lines(params: Any) -> tuple[list[Body], str]:
    if not params.get("line_items"):
        raise refused_request("Missing required param: line_items.", code="parameter_missing", param="line_items")
    lines, currencies = [], set()
    for number, item in enumerate(params["line_items"]):
        price, quantity, at = item.get("price_data", {}), item.get("quantity", 0), f"line_items[{number}]"
        if "unit_amount" not in price or "product_data" not in price:
            raise refused_request(f"{at} needs price_data with unit_amount and product_data", param=at)
        if price["unit_amount"] < 0 or quantity < 1:
            raise refused_request("Invalid amount or quantity: it must be positive", param=at)
        currencies.add(price["currency"].lower())
        product = price["product_data"]
        lines.append(
            {
                "name": product["name"],
                "description": product.get("description", ""),
                "quantity": quantity,
                "amount_total": price["unit_amount"] * quantity,
            }
        )
    if len(currencies) != 1:
        raise refused_request("All line items must have the same currency", param="line_items")
    return lines, currencies.pop()
