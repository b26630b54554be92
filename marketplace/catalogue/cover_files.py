"""Covers that senders name: fetched once, checked, made anew in our sizes, kept under the hash of what came.

An address comes from a stranger, and so does the file: bytes, pixels and formats are limited before anything is
decoded, and what is shown is never the file that came but a picture made from it."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from marketplace.catalogue.models import CoverFetch, ProductFacts
from marketplace.foundation import http, leases

MOST_BYTES = 10 * 1024**2
MOST_PIXELS = 40_000_000
LEAST_EDGE = 60  # below it is a placeholder: "no picture"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
WIDTHS = {"page": 480, "list": 160}
_QUALITY = 80
_AT_ONCE = 5
_TRIES = 5
_OWN = re.compile(r"covers/[0-9a-f]{2}/[0-9a-f]{32}-page\.webp")


class CoverError(Exception):
    """What came is no cover that we show; the message says why."""


def fetch_covers(now: datetime) -> int:
    """The step: fetch a few. What cannot be had just now is tried later, a few times. Returns how many it looked at."""
    claimed = leases.claim(CoverFetch, now=now, limit=_AT_ONCE, lease_seconds=1200)
    for fetch in claimed:
        try:
            _fetch(fetch)
        except CoverError as error:
            leases.finish(fetch, last_error=str(error)[:500])
        except http.HttpError as error:
            if error.permanent or fetch.attempts >= _TRIES:
                leases.finish(fetch, last_error=str(error)[:500])
            else:
                leases.postpone(fetch, error=str(error), now=now)
    return len(claimed)


def _fetch(fetch: CoverFetch) -> None:
    if kept := own_name(fetch.source):
        _take(fetch, kept if default_storage.exists(kept) else "")
        return
    with tempfile.TemporaryDirectory(prefix="cover-") as folder:
        fetched = http.fetch_to_file(fetch.source, Path(folder) / "cover", max_bytes=MOST_BYTES)
        content = fetched.path.read_bytes()
    _take(fetch, keep(content))


def _take(fetch: CoverFetch, name: str) -> None:
    with transaction.atomic():
        if leases.finish(fetch):
            ProductFacts.objects.filter(pk=fetch.pk).update(cover=name)


def keep(content: bytes) -> str:
    """The name of the picture for pages, made from a file that came; the others lie beside it (`name_of`). The same
    file is made once. Raises `CoverError`."""
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    stem = f"covers/{digest[:2]}/{digest}"
    picture = decoded(content, most_edge=WIDTHS["page"] * 2)
    for size, width in WIDTHS.items():
        name = f"{stem}-{size}.webp"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(webp(picture, width)))
    return f"{stem}-page.webp"


def own_address(name: str) -> str:
    """What a shop's own photo, kept here, is called among the covers that senders name. It is never fetched."""
    return f"https://{urlsplit(settings.SITE_URL).netloc}/media/{name}"


def own_name(address: str) -> str:
    """The kept picture that an address names, empty where it is no such address."""
    name = address.removeprefix(own_address(""))
    return name if name != address and is_kept_name(name) else ""


def is_kept_name(name: str) -> bool:
    return bool(_OWN.fullmatch(name))


def name_of(page_name: str, size: str) -> str:
    """The name of another size of a kept cover."""
    return page_name.replace("-page.", f"-{size}.")


def decoded(content: bytes, *, most_edge: int) -> Image.Image:
    """The picture in a file that came, upright; a large JPEG is decoded smaller at once, not below `most_edge` pixels
    wide. Raises `CoverError`."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise CoverError(f"{width} × {height} pixels: more than we decode.")
            if min(width, height) < LEAST_EDGE:
                raise CoverError(f"{width} × {height} pixels: too small for a cover.")
            picture.draft("RGB", (most_edge, most_edge * 3 // 2))
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise CoverError(f"It is no picture that can be read: {error}") from error


def webp(picture: Image.Image, width: int) -> bytes:
    """At most `width` wide, never enlarged; without anything that the file said beside its pixels."""
    height = round(picture.height * width / picture.width)
    smaller = picture.resize((width, height), Image.Resampling.LANCZOS) if picture.width > width else picture
    made = io.BytesIO()
    smaller.save(made, "WEBP", quality=_QUALITY)
    return made.getvalue()
