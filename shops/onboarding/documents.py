"""Papers that applicants send: what they are is read from their content, never from their name."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from shops.models import Application, ApplicationDocument

MOST_BYTES = 10 * 2**20
MOST_PIXELS = 60_000_000
MOST_DOCUMENTS = 12
PDF, _PDF_HEAD = "application/pdf", b"%PDF-"
_PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png"}
SUFFIXES = {PDF: ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}
NAME_LENGTH = 100


class DocumentError(Exception):
    """It cannot be taken; the text says why and what to do."""


def keep(application: Application, kind: str, content: File, name: str, *, now: datetime) -> ApplicationDocument:
    """Raises DocumentError."""
    if not content.size:
        raise DocumentError(_("This file is empty."))
    if content.size > MOST_BYTES:
        raise DocumentError(_("This file is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 2**20})
    content_type = type_of(content)
    plain = "".join(letter for letter in PurePath(name).stem if letter.isprintable())[:NAME_LENGTH]
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
        if not locked.takes_papers:
            raise DocumentError(_("It is decided: nothing can be added any more."))
        if locked.documents.count() >= MOST_DOCUMENTS:
            raise DocumentError(_("At most %(most)s files. Remove one first.") % {"most": MOST_DOCUMENTS})
        said = {"kind": kind, "content_type": content_type, "size": content.size, "at": now}
        row = ApplicationDocument(application=locked, name=(plain or "document") + SUFFIXES[content_type], **said)
        content.seek(0)
        row.file.save("document", content, save=False)
        row.save()
    return row


def remove(document: ApplicationDocument) -> None:
    """The file goes once nothing points to it any more."""
    storage, name = document.file.storage, document.file.name
    with transaction.atomic():
        document.delete()
        transaction.on_commit(lambda: storage.delete(name or ""))


def type_of(content: File) -> str:
    """PDF, JPEG or PNG by what is in it. Raises DocumentError."""
    content.seek(0)
    if content.read(len(_PDF_HEAD)) == _PDF_HEAD:
        return PDF
    content.seek(0)
    try:
        with Image.open(content, formats=list(_PICTURES)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DocumentError(_("This picture has too many pixels."))
            kind = _PICTURES[picture.format or ""]
            picture.verify()
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError) as error:
        raise DocumentError(_("Send a PDF, a JPEG or a PNG picture.")) from error
    return kind
