"""What staff give for an article that is a download: a file, a link, or codes, one a line."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath

from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from marketplace.foundation import audit
from shops.downloads import codes
from shops.models import Download

Kind = Download.Kind

MOST_BYTES = 500 * 2**20
"""An audio book of twenty hours; a film is better sold by its link."""
MOST_CODES = 10_000
LONGEST_CODE = 200
NAME_LENGTH = 150


class UploadError(Exception):
    """It cannot be taken; the text says why and what to do."""


def give_file(record: StockRecord, content: File, name: str, *, by: object, now: datetime) -> Download:
    """Its file, from now on. Whoever bought the one before gets this one."""
    if not content.size:
        raise UploadError(_("This file is empty."))
    if content.size > MOST_BYTES:
        raise UploadError(_("This file is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 2**20})
    with transaction.atomic():
        download = _row(record, Kind.FILE, now)
        before = download.file.name
        plain = "".join(letter for letter in PurePath(name).name if letter.isprintable())
        download.file_name, download.file_bytes = plain[-NAME_LENGTH:] or "download", content.size
        download.file.save(download.file_name, content, save=False)
        _save(download, by, now)
        if before:  # only once nothing points to it any more
            transaction.on_commit(lambda: download.file.storage.delete(before))
    return download


def give_link(record: StockRecord, link: str, *, by: object, now: datetime) -> Download:
    """Its link, from now on, of what is sold from now on."""
    with transaction.atomic():
        download = _row(record, Kind.LINK, now)
        download.link = link
        _save(download, by, now)
    return download


def give_codes(record: StockRecord, text: str, *, by: object, now: datetime) -> tuple[Download, int]:
    """More codes, one a line; also how many of them are new."""
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    if not wanted:
        raise UploadError(_("Write one code on each line."))
    if len(wanted) > MOST_CODES:
        raise UploadError(_("At most %(most)s codes at a time.") % {"most": MOST_CODES})
    for number, code in enumerate(wanted, 1):
        if len(code) > LONGEST_CODE or not code.isprintable():
            raise UploadError(_("Code %(number)s is too long, or is not text.") % {"number": number})
    with transaction.atomic():
        download = _row(record, Kind.CODES, now)
        download.codes_left = download.codes_left or 0
        _save(download, by, now)
        made = codes.add(download, wanted)
        download.refresh_from_db()
    return download, made


def sell(download: Download, active: bool, *, by: object, now: datetime) -> None:
    """Sell it, or no more; whoever bought it keeps it."""
    with transaction.atomic():
        Download.objects.filter(pk=download.pk).update(active=active, changed_at=now)
        changes.mark([download.stock_record.product_id])
        audit.record("download.sell", download.stock_record, by=by, active=active)


def _row(record: StockRecord, kind: Kind, now: datetime) -> Download:
    """The article's, locked; UploadError where it sells another kind already: its readers could not get theirs."""
    made = Download(stock_record=record, kind=kind, changed_at=now)
    found = Download.objects.select_for_update().filter(pk=record.pk).first() or made
    if found.kind != kind and found.handouts.exists():
        raise UploadError(
            _("This article was sold as “%(kind)s” already. Give the other as an article of its own.")
            % {"kind": found.get_kind_display()}
        )
    if found.kind == Kind.CODES != kind:
        if found.codes.exclude(hold_key="").exists():
            raise UploadError(_("A reader is paying for one of its codes just now. Try again in an hour."))
        found.codes.all().delete()
        found.codes_left = None
    found.kind, found.active = kind, True
    return found


def _save(download: Download, by: object, now: datetime) -> None:
    download.changed_at = now
    download.save()
    changes.mark([download.stock_record.product_id])
    shop = download.stock_record.partner.shop
    audit.record("download.give", download.stock_record, by=by, shop_id=shop.pk, kind=download.kind)
