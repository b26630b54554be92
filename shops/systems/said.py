"""What a system says beside its answers, in words that may be shown: a refusal, the title of a page."""

from __future__ import annotations

import json
from collections.abc import Iterable

_LEAST_SECRET = 4  # characters; what is shorter would be found in any text


def without(secrets: Iterable[str], text: str) -> str:
    """What must never be in a message is not."""
    for secret in secrets:
        text = text.replace(secret, "…") if len(secret) >= _LEAST_SECRET else text
    return text


def said(body: bytes) -> str:
    """What a refusal says, in its own words."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except ValueError:
        return title(text)
    if isinstance(found, dict):
        names = ("message", "error", "errors", "detail", "exception")
        found = next((found[name] for name in names if found.get(name)), found)
        if isinstance(found, dict):
            found = found.get("message") or found
    if isinstance(found, list) and found and isinstance(found[0], dict):
        found = found[0]
        return " ".join(str(found[name]) for name in ("code", "detail", "message") if found.get(name)) or str(found)
    return str(found)


def title(page: str) -> str:
    """The title of a page, or how it begins."""
    lower = page.lower()
    start, end = lower.find("<title>"), lower.find("</title>")
    return page[start + len("<title>") : end] if 0 <= start < end else page
