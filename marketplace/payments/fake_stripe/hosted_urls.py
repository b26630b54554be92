"""Addresses of the stand-in's own pages: on the site that the reader came from, as `urls.py` mounts them."""

from __future__ import annotations

from urllib.parse import urlsplit

PREFIX = "/fake-stripe/"


def pay_url(site_url: str, session_id: str) -> str:
    return f"{_origin(site_url)}{PREFIX}pay/{session_id}/"


def onboarding_url(site_url: str, token: str) -> str:
    return f"{_origin(site_url)}{PREFIX}onboarding/{token}/"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
