"""A folder at a WebDAV address (RFC 4918), such as a shop's Nextcloud: `davs://host/folder/`, called by https. It is a
stranger's: `http` checks it, and its limits hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from lxml import etree

from marketplace.foundation import http
from marketplace.foundation.folders.base import (
    MOST_ENTRIES,
    Entry,
    Folder,
    FolderError,
    checked_name,
    too_full,
    too_large,
)
from marketplace.foundation.logins import Login

SCHEMES = {"davs": "https", "dav": "http"}
_ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>"
)
_MOST_BYTES = 16 * 1024**2  # of a listing


class WebDavFolder(Folder):
    def __init__(self, location: str, login: Login, *, seconds: float) -> None:
        self.url = folder_url(location)
        self.auth = (login.user, login.password) if login.user else None
        self.seconds = seconds

    def entries(self) -> list[Entry]:
        return [entry for entry in self._listed(self.url, "1") if entry.name]

    def has(self, name: str) -> bool:
        return self.look(name) is not None

    def look(self, name: str) -> Entry | None:
        """The file as it is now; None where there is none."""
        try:
            return next(iter(self._listed(self.url_of(name), "0")), None)
        except FolderError as error:
            if error.status == 404:
                return None
            raise

    def read(self, name: str, *, max_bytes: int) -> bytes:
        with _trouble():
            try:
                url = self.url_of(name)
                answer = http.call("GET", url, auth=self.auth, seconds=self.seconds, max_bytes=max_bytes)
            except http.HttpError as problem:
                if problem.status == 200:
                    raise too_large(name, max_bytes) from problem
                raise
        return answer.body

    def put(self, name: str, content: bytes) -> None:
        self._call("PUT", self.url_of(name), content, {"Content-Type": "application/octet-stream"})

    def rename(self, name: str, new_name: str) -> None:
        headers = {"Destination": self.url_of(new_name), "Overwrite": "F"}
        self._call("MOVE", self.url_of(name), None, headers, is_asked=True)

    def remove(self, name: str) -> None:
        self._call("DELETE", self.url_of(name), None, {})

    def url_of(self, name: str) -> str:
        return self.url + quote(checked_name(name), safe="")

    def _call(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], *, is_asked: bool = False
    ) -> http.Answer:
        with _trouble(is_asked=is_asked):
            answer = http.call(
                method, url, body, headers=headers, auth=self.auth, seconds=self.seconds, max_bytes=_MOST_BYTES
            )
        if answer.status >= 300:
            raise FolderError(f"{url} answered {answer.status}; redirects are not followed.", status=answer.status)
        return answer

    def _listed(self, url: str, depth: str) -> Iterator[Entry]:
        answer = self._call("PROPFIND", url, _ASKED, {"Depth": depth, "Content-Type": "application/xml"})
        if answer.status != 207:
            raise FolderError(f"{url} answered {answer.status}: it is no WebDAV folder.", status=answer.status)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            tree = etree.fromstring(answer.body, parser)
        except etree.XMLSyntaxError as problem:
            raise FolderError(f"{url}: the listing is no XML: {problem}") from problem
        if tree.getroottree().docinfo.doctype:
            raise FolderError(f"{url}: the listing brings a document type; it is not read.", permanent=True)
        parent = unquote(urlsplit(self.url).path)
        for number, response in enumerate(tree.iterfind("{DAV:}response")):
            if number > MOST_ENTRIES:
                raise too_full(url)
            path = unquote(urlsplit(response.findtext("{DAV:}href") or "").path)
            if response.find(".//{DAV:}resourcetype/{DAV:}collection") is not None or not path.startswith(parent):
                continue
            name = path[len(parent) :]
            if name and "/" not in name:
                yield _entry(name, response)


def folder_url(location: str) -> str:
    """The https address of a folder, ending in a slash. FolderError for what is no such address."""
    parts = urlsplit(location)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise FolderError("This is no address of a WebDAV folder. Write it like davs://host/folder/.", permanent=True)
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    url = urlunsplit((SCHEMES[parts.scheme], parts.netloc, path, "", ""))
    with _trouble():
        http.check_address(url)
    return url


def _entry(name: str, response: etree._Element) -> Entry:
    def said(prop: str) -> str:
        return (response.findtext(f".//{{DAV:}}{prop}") or "").strip()

    size = said("getcontentlength")
    return Entry(name, int(size) if size.isdecimal() else None, _moment(said("getlastmodified")), said("getetag"))


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


@contextmanager
def _trouble(*, is_asked: bool = False) -> Iterator[None]:
    """`is_asked`: an answer that is lost leaves open whether it was done."""
    try:
        yield
    except http.HttpError as problem:
        said = "It does not let us in: look at user and password." if problem.status in (401, 403) else str(problem)
        raise FolderError(
            said,
            permanent=problem.permanent,
            unknown_outcome=problem.unknown_outcome and is_asked,
            later_seconds=problem.later_seconds,
            status=problem.status,
        ) from problem
