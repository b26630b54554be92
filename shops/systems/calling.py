"""Calling a shop's own system over HTTP: what goes wrong is told as what it is, and no secret is in its words.

An answer is JSON or it is none: a page that says "under maintenance" with status 200 is a system that is away. What is
written and not answered may have happened; whoever calls looks it up before writing again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from marketplace.foundation import http
from marketplace.foundation.http import HttpError
from shops.systems.said import said, title, without

SECONDS = 60.0  # for one call and its answer
MAX_BYTES = 16 * 1024**2  # of an answer
MAX_FILE_BYTES = 512 * 1024**2
SHOWN_CHARACTERS = 200

logger = logging.getLogger("halles.systems")
T = TypeVar("T")


class Trouble(StrEnum):
    """What is wrong. Those of `PERMANENT` are for a person; the others pass by themselves."""

    AWAY = "system_away"
    BUSY = "system_busy"
    MAINTENANCE = "system_maintenance"
    KEY = "system_key"
    CONTEXT = "system_context"
    PRICES = "system_prices"
    VERSION = "system_version"
    ADDRESS = "system_address"
    REFUSED = "system_refused"
    UNCLEAR = "system_unclear"
    MISSING = "system_missing"
    NEW = "system_new"


WORDS: dict[str, str] = {
    Trouble.AWAY: _("%(system)s did not answer (%(detail)s). We try again later."),
    Trouble.BUSY: _("%(system)s asks us to call less often. We try again later."),
    Trouble.MAINTENANCE: _(
        "%(system)s answers with a page (“%(detail)s”) as it does while it is mended. We try again."
    ),
    Trouble.KEY: _(
        "%(system)s does not let us in: the key has expired, was withdrawn or is mistyped. Enter a new one."
    ),
    Trouble.CONTEXT: _("%(system)s does not say how many copies there are: %(detail)s. Look at the connection."),
    Trouble.PRICES: _("The prices in %(system)s are %(detail)s: here all of them would be wrong. Change it there."),
    Trouble.VERSION: _(
        "This version of %(system)s would have copies sold twice (%(detail)s). Update it, and we go on by ourselves."
    ),
    Trouble.ADDRESS: _("%(system)s cannot be called at this address (%(detail)s). Look for a typing mistake."),
    Trouble.REFUSED: _("%(system)s refused: %(detail)s"),
    Trouble.MISSING: _("The connection to %(system)s is gone. Connect it again."),
    Trouble.NEW: _("What was entered for %(system)s is called for the first time now. Then we go on by ourselves."),
    Trouble.UNCLEAR: _("%(system)s answered something that we do not understand (%(detail)s). We try again later."),
}
# Details in our own words; others are the system's.
NOT_CHOSEN = _("no company or no warehouse is chosen")
NO_COMPANY, SEVERAL_COMPANIES = _("there is no company of this name"), _("there are several companies: say which")
NO_HOUSE, SEVERAL_HOUSES = _("there is no warehouse of this name"), _("there are several warehouses: say which")
NO_CUSTOMER = _("there is no one customer of this code, with an address")
NOT_THERE = _("the company or the warehouse is not there any more")
OTHER_CURRENCY = _("the company has another currency now")
NO_PLACE_CHOSEN, PLACE_GONE = _("no location is chosen"), _("the location is closed, or not there any more")
NO_PLACE, SEVERAL_PLACES = _("there is no location of this name"), _("there are several locations: say which")
NOT_COUNTED = _("it keeps no stock: switch its stock management on")
NO_CARRIER, SEVERAL_CARRIERS = _("there is no carrier of this name"), _("there are several carriers: say which")
NO_PRICES = _("there is no price list of this name from which is sold")
BOOKS_LATE = _("it takes no stock off as an order is validated: choose that in its module of stocks")
NO_SETTINGS = _("the user may not read its settings: name it in API_LOGINS_ALLOWED_FOR_CONST_READ")
NO_SHIPPING = _("there is no one shipping method of this code")
WITH_TAX = _("with tax, and this network shows prices without")
WITHOUT_TAX = _("without tax, and this network shows prices with it")
TAKES_NOTHING = _("1.7.5.1 takes nothing off its stock as an order of ours comes in")
TELLS_LATE = _("before 14 it does not tell that its orders have promised a copy")
NO_CONNECTION, TOO_SLOW = _("no connection"), _("too slow")
DETAILS = frozenset(
    [
        *(NOT_CHOSEN, NO_COMPANY, SEVERAL_COMPANIES, NO_HOUSE, SEVERAL_HOUSES, NO_CUSTOMER, NOT_THERE),
        *(OTHER_CURRENCY, NO_PLACE_CHOSEN, PLACE_GONE, NO_PLACE, SEVERAL_PLACES, NO_CONNECTION, TOO_SLOW),
        *(NOT_COUNTED, NO_CARRIER, SEVERAL_CARRIERS, NO_PRICES, BOOKS_LATE, NO_SETTINGS, NO_SHIPPING),
        *(WITH_TAX, WITHOUT_TAX, TAKES_NOTHING, TELLS_LATE),
    ]
)
PERMANENT = frozenset(
    {Trouble.KEY, Trouble.CONTEXT, Trouble.PRICES, Trouble.VERSION, Trouble.ADDRESS, Trouble.REFUSED, Trouble.MISSING}
)


def words(code: str, values: Mapping[str, str]) -> str:
    """In the active language."""
    return gettext(WORDS[code]) % {
        name: gettext(value) if value in DETAILS else value for name, value in values.items()
    }


class SystemCallError(Exception):
    """The only exception that leaves a system's client. `unknown_outcome`: what was to be written may have been.
    `later_seconds`: it asks not to be called before. `status`: of its answer over HTTP. `detail`: without secrets."""

    def __init__(
        self,
        trouble: Trouble,
        system: str,
        detail: object = "",
        *,
        unknown_outcome: bool = False,
        later_seconds: int = 0,
        status: int | None = None,
    ) -> None:
        self.values = {"system": system, "detail": " ".join(str(detail).split())[:SHOWN_CHARACTERS]}
        self.trouble = trouble
        super().__init__(words(trouble, self.values))
        self.permanent = trouble in PERMANENT
        self.unknown_outcome = unknown_outcome
        self.later_seconds = later_seconds
        self.status = status

    @property
    def told(self) -> dict[str, Any]:
        """As plain values, to be kept."""
        why = {"code": str(self.trouble), "values": self.values}
        return {**why, "permanent": self.permanent, "later_seconds": self.later_seconds}


def refuse_prices(system: str, with_tax: bool | None, *, shown: bool) -> None:
    """Prices that are read as they were entered have to be with tax where readers see them so (`shown`), and else
    without; None: it does not say, or both can be asked for. Raises SystemCallError."""
    if with_tax not in (None, shown):
        raise SystemCallError(Trouble.PRICES, system, WITH_TAX if with_tax else WITHOUT_TAX)


@contextmanager
def understood(system: str, secrets: Iterable[str], but: type[Exception] = SystemCallError) -> Iterator[None]:
    """Where a client cannot make anything of an answer, and fails as no client should, that is told as an answer that
    nobody understands: it is asked again, and its shop hears of it. `but`: what else is an error of its own. Raises
    SystemCallError."""
    try:
        yield
    except (SystemCallError, MemoryError, but):
        raise
    except Exception as error:
        logger.exception("What %s answers was not understood.", system)
        detail = without(secrets, f"{type(error).__name__}: {error}")
        raise SystemCallError(Trouble.UNCLEAR, system, detail) from error


_until: ContextVar[float | None] = ContextVar("until", default=None)  # on the monotonic clock


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All calls inside take so long together, and none begins later: a system that always has one page more, or answers
    each of several calls late, is given up before the lease of what it is called for ends."""
    inside = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(inside)


class Caller:
    """Calls one system. `secrets`: what must never be in a message. `headers` go with each call."""

    def __init__(self, system: str, address: str, headers: Mapping[str, str], secrets: Iterable[str] = ()) -> None:
        self.system = system
        self.address = address.rstrip("/")
        self.headers = {"Accept": "application/json", **headers}
        self.secrets = list(secrets)
        self.began: datetime | None = None  # by the system's own clock, at its first answer
        self._began_here = datetime.now(UTC)  # by ours, as that was asked for
        self.requests = 0

    def get(self, path: str, query: Iterable[tuple[str, str]] = (), **headers: str) -> Any:
        """What a GET answers, from JSON. Raises SystemCallError."""
        return self.call("GET", path, query, None, **headers)

    def post(self, path: str, body: object, query: Iterable[tuple[str, str]] = (), **headers: str) -> Any:
        """What a POST of JSON answers. Raises SystemCallError."""
        return self.call("POST", path, query, body, **headers)

    def call(self, method: str, path: str, query: Iterable[tuple[str, str]], body: object, **headers: str) -> Any:
        """What a call answers, from JSON. Raises SystemCallError."""
        return self.send(method, path, query, body, headers, writes=method != "GET")

    def send(
        self,
        method: str,
        path: str,
        query: Iterable[tuple[str, str]],
        body: object,
        headers: Mapping[str, str],
        *,
        writes: bool,
    ) -> Any:
        """`call`, where the method does not tell whether something changes. `body`: sent as JSON, or bytes as they
        are."""
        asked = urlencode(list(query))
        url = f"{self.address}{path}" + (f"?{asked}" if asked else "")
        sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        with_type = {} if body is None else {"Content-Type": "application/json"}
        self.requests += 1
        seconds = SECONDS if (until := _until.get()) is None else min(SECONDS, until - time.monotonic())
        if seconds <= 0:  # nothing was sent
            raise self.refused(TOO_SLOW, Trouble.AWAY)
        try:
            whole, asked_at = {**self.headers, **with_type, **headers}, datetime.now(UTC)
            answer = http.call(method, url, sent, headers=whole, seconds=seconds, max_bytes=MAX_BYTES, stays=True)
        except HttpError as error:
            self._hear_clock(error.told_at, asked_at)  # that there is nothing may be told so
            raise self._trouble(error, writes=writes) from None  # its words have the address, and more
        self._hear_clock(http.date_of(answer.headers), asked_at)
        if answer.status in http.REDIRECTS and "Location" in answer.headers:
            raise self._moved(url, answer, writes=writes)
        return self._value(answer, writes=writes)

    def _hear_clock(self, told: datetime | None, asked_at: datetime) -> None:
        if self.began is None and told is not None:
            self.began, self._began_here = told, asked_at

    def there(self, moment: datetime) -> datetime:
        """A moment of our clock as the system's shows it, or would have; as it is until the system has told its own."""
        return moment if self.began is None else moment + (self.began - self._began_here)

    def lines(self, url: str) -> Iterator[Any]:
        """The values of a file of JSON lines at an address that the system gave: it stands for itself, so that nothing
        of ours is sent there, and is in no message. Raises SystemCallError."""
        self.requests += 1
        with TemporaryDirectory(prefix="halles-system-") as folder:
            path = Path(folder) / "lines"
            try:
                http.fetch_to_file(url, path, max_bytes=MAX_FILE_BYTES)
            except HttpError as error:
                trouble = Trouble.BUSY if error.status == 429 else Trouble.AWAY
                raise self.refused(error.status or "", trouble, later_seconds=error.later_seconds) from None
            with path.open("rb") as file:
                for line in file:
                    yield self._value(http.Answer(200, {}, line.strip()), writes=False)

    def a(self, form: type[T], answer: Any, *, writes: bool = False) -> T:
        """An answer of that form, list or object: another one is none. `writes`: what was asked may have been done."""
        if not isinstance(answer, form):
            raise self.refused(f"no {form.__name__}", Trouble.UNCLEAR, unknown_outcome=writes)
        return answer

    def same_currency(self, stated: object, known: object) -> None:
        """Amounts are in the currency in which they were as it was connected. Raises SystemCallError."""
        if known and not stated:
            raise self.refused("no currency", Trouble.UNCLEAR)
        if not known or stated != known:
            raise self.refused(OTHER_CURRENCY, Trouble.CONTEXT)

    def refused(self, detail: object, trouble: Trouble = Trouble.REFUSED, **more: Any) -> SystemCallError:
        """An error in words of the system, which are scrubbed."""
        return SystemCallError(trouble, self.system, self._scrubbed(str(detail)), **more)

    @contextmanager
    def needing(self, what: str) -> Iterator[None]:
        """A key that is refused in here was good a moment ago: it is a right that is lacking, which is named."""
        try:
            yield
        except SystemCallError as error:
            if error.trouble != Trouble.KEY:
                raise
            raise self.refused(what, status=error.status) from None

    def _value(self, answer: http.Answer, *, writes: bool) -> Any:
        if answer.status == 204 or not answer.body:
            return None
        try:
            return json.loads(answer.body)
        except ValueError:
            text = answer.body[:2000].decode("utf-8", "replace")
            trouble = Trouble.MAINTENANCE if text.lstrip().startswith("<") else Trouble.UNCLEAR
            shown = title(text) if trouble == Trouble.MAINTENANCE else text
            raise self.refused(shown, trouble, unknown_outcome=writes, status=answer.status) from None

    def _trouble(self, error: HttpError, *, writes: bool) -> SystemCallError:
        status, later = error.status, error.later_seconds
        if status in (401, 403):
            return self.refused("", Trouble.KEY, status=status)
        if status == 429:
            return self.refused("", Trouble.BUSY, status=status, later_seconds=later)
        if status is not None and 400 <= status < 500 and status not in (408, 425):
            return self.refused(f"{status} {said(error.body)}", status=status)
        if status is None and error.permanent:
            return self.refused(str(error).split(": ", 1)[-1], Trouble.ADDRESS)
        detail = status or (TOO_SLOW if "too slow" in str(error) else NO_CONNECTION)
        unknown = writes and error.unknown_outcome
        return self.refused(detail, Trouble.AWAY, status=status, unknown_outcome=unknown, later_seconds=later)

    def _moved(self, url: str, answer: http.Answer, *, writes: bool) -> SystemCallError:
        """It answers at another address: nothing of ours is sent there before its shop has entered it."""
        there = urlsplit(urljoin(url, answer.headers["Location"]))
        detail = f"{answer.status} → {there.scheme}://{there.netloc}{there.path}"
        unknown = writes and answer.status in (302, 303)  # as some answer what was done
        return self.refused(detail, Trouble.ADDRESS, status=answer.status, unknown_outcome=unknown)

    def _scrubbed(self, text: str) -> str:
        return without(self.secrets, text)
