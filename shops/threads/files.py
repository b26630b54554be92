"""What is sent along with a message: pictures are made anew, PDFs kept as they came and only ever downloaded. What a
file is, its content says, never its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from marketplace.catalogue import cover_files
from shops.models import Message, MessageFile

MOST = 4
MOST_BYTES = 10 * 2**20
LONGEST_EDGE = 1600
_PDF_HEAD = b"%PDF-"
_NAME_LENGTH = 80
_NOT_IN_NAMES = set('/\\:*?"<>|;%')
Kind = MessageFile.Kind


class FileError(Exception):
    """It cannot be sent along; the message says why, to a person."""


@dataclass(frozen=True)
class Sent:
    """A file as it came."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Made:
    """What is kept of it."""

    kind: Kind
    name: str
    content: bytes


def made(sent: Sequence[Sent]) -> list[Made]:
    """What is kept of these. It takes its time: before anything is locked. Raises FileError."""
    if len(sent) > MOST:
        raise FileError(_("At most %(most)s files with one message.") % {"most": MOST})
    return [_made(one) for one in sent]


def _made(sent: Sent) -> Made:
    if len(sent.content) > MOST_BYTES:
        raise FileError(_("“%(name)s” is too large: at most %(most)s MB.") % _named(sent, most=MOST_BYTES // 2**20))
    if sent.content.startswith(_PDF_HEAD):
        return Made(Kind.PDF, plain_name(sent.name, "pdf"), sent.content)
    try:
        picture = cover_files.decoded(sent.content, most_edge=LONGEST_EDGE)
    except cover_files.CoverError as error:
        raise FileError(_("“%(name)s” is neither a picture (JPEG, PNG, WebP) nor a PDF.") % _named(sent)) from error
    width, height = picture.size
    content = cover_files.webp(picture, width=min(width, LONGEST_EDGE, max(1, LONGEST_EDGE * width // height)))
    return Made(Kind.PICTURE, plain_name(sent.name, "webp"), content)


def _named(sent: Sent, **more: object) -> dict[str, object]:
    return {"name": plain_name(sent.name, ""), **more}


def plain_name(name: str, suffix: str) -> str:
    """A name to show and to download by: printable, short, no path in it, with the suffix of what it is."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name
    plain = "".join(letter for letter in stem if letter.isprintable() and letter not in _NOT_IN_NAMES)
    plain = plain.strip(" .")[:_NAME_LENGTH] or "file"
    return f"{plain}.{suffix}" if suffix else plain


def keep(message: Message, files: Iterable[Made]) -> None:
    """Store them, in the caller's transaction."""
    for one in files:
        row = MessageFile(message=message, kind=one.kind, name=one.name, size=len(one.content))
        row.file.save(one.name, ContentFile(one.content), save=True)


def answer(row: MessageFile) -> HttpResponse:
    """The file for one of the thread's people: pictures are shown, a PDF is downloaded and can run nothing."""
    with row.file.open() as file:
        content = file.read()
    is_picture = row.kind == Kind.PICTURE
    response = HttpResponse(content, content_type="image/webp" if is_picture else "application/pdf")
    response["Content-Disposition"] = content_disposition_header(not is_picture, row.name) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response


def drop(rows: QuerySet[MessageFile]) -> None:
    """Rows first, in the caller's transaction; the files once nothing points to them any more."""
    gone = list(rows)
    MessageFile.objects.filter(pk__in=[row.pk for row in gone]).delete()
    for row in gone:
        transaction.on_commit(partial(row.file.storage.delete, str(row.file.name)))
