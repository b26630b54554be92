"""What a browser would tell nobody: every address it asked, everything its console says."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

# Session, cross-site guard, language, basket, the reader's place; nothing else is ever set.
COOKIES = {"sessionid", "csrftoken", "django_language", "oscar_open_basket", "halles_place", "halles_browser"}


@dataclass
class Watch:
    origin: str
    elsewhere: list[str] = field(default_factory=list)  # requests to anybody else
    complaints: list[str] = field(default_factory=list)  # errors of the console, among them breaches of the policy
    cookies: set[str] = field(default_factory=set)

    def follow(self, context: BrowserContext) -> None:
        context.on("request", self._asked)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(f"{error.page.url}: {error.error}"))

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme in {"data", "blob"}:
            return
        if not request.url.startswith(f"{self.origin}/"):
            self.elsewhere.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if "status of 409" in message.text:  # how a page of ours answers what cannot be done; Chromium remarks on it
            return
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def wrong(self) -> list[str]:
        """All of it, one text each."""
        odd = sorted(self.cookies - COOKIES)
        return [*self.complaints, *(f"asked {url}" for url in self.elsewhere), *(f"cookie {name}" for name in odd)]
