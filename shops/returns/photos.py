"""Pictures of what is sent back: made anew from what came, as covers are, and kept where only Halles opens them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketplace.catalogue import cover_files
from shops.models import Return, ReturnPhoto

MOST = 4
MOST_BYTES = 10 * 2**20
LONGEST_EDGE = 1600
KEEP = timedelta(days=90)
"""After the return is over: by then its money is settled, and so is who was right."""
BATCH = 200


class PhotoError(Exception):
    """What came is no picture that can be kept; the message says why, to a person."""


def made(content: bytes) -> bytes:
    """The picture that is kept: at most `LONGEST_EDGE` wide and high, with nothing that the file said beside its
    pixels (a phone writes the place into it). Raises PhotoError."""
    if len(content) > MOST_BYTES:
        raise PhotoError(_("This picture is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 2**20})
    try:
        picture = cover_files.decoded(content, most_edge=LONGEST_EDGE)
    except cover_files.CoverError as error:
        raise PhotoError(_("This is no picture that can be shown: send a JPEG, PNG or WebP file.")) from error
    return cover_files.webp(picture, width=_width(*picture.size))


def keep(of: Return, pictures: Sequence[bytes]) -> None:
    """Store made pictures, in the caller's transaction."""
    for content in pictures[:MOST]:
        photo = ReturnPhoto(of=of)
        photo.file.save("photo.webp", ContentFile(content), save=True)


def content(photo: ReturnPhoto) -> bytes:
    """A kept picture, as WebP."""
    with photo.file.open() as file:
        return bytes(file.read())


def forget(now: datetime) -> int:
    """Take pictures away once their return has been over for `KEEP`; returns how many."""
    return drop(ReturnPhoto.objects.filter(of__ended_at__lt=now - KEEP).order_by("pk")[:BATCH])


def drop(photos: QuerySet[ReturnPhoto]) -> int:
    """Rows first; the files once nothing points to them any more."""
    gone = list(photos)
    with transaction.atomic():
        ReturnPhoto.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
        for photo in gone:
            transaction.on_commit(partial(photo.file.storage.delete, str(photo.file.name)))
    return len(gone)


def _width(width: int, height: int) -> int:
    return min(width, LONGEST_EDGE, max(1, LONGEST_EDGE * width // height))
