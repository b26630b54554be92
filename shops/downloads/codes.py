"""Licence codes: held for a checkout, a line's, free again. The only file that says who has which, and that changes
`Download.codes_left`, which is at all times the number of those that nobody has and nobody is paying for.

Whoever takes codes first lowers the counter by one guarded statement, which keeps the row of their article locked: two
buyers never look at the same free codes, on any database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.db.models import F

from marketplace.catalogue import changes
from shops.models import Download, LicenceCode, ShopOrderLine
from shops.stock import HoldEndedError, Shortage

_BATCH = 500


class _Short(Exception):
    def __init__(self, shortages: list[Shortage]):
        self.shortages = shortages


def add(download: Download, codes: Iterable[str]) -> int:
    """More codes to sell; those that the article has or had already are passed over. Returns how many are new."""
    with transaction.atomic():
        Download.objects.select_for_update().get(pk=download.pk)
        wanted = list(dict.fromkeys(codes))
        known: set[str] = set()
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            known |= set(download.codes.filter(code__in=batch).values_list("code", flat=True))
        made = [LicenceCode(download=download, code=code) for code in wanted if code not in known]
        LicenceCode.objects.bulk_create(made, batch_size=_BATCH)
        _count({download.pk: len(made)})
    return len(made)


def hold(wanted: Iterable[tuple[int, int]], *, key: str) -> list[Shortage]:
    """Keep codes for a checkout, all or nothing; `wanted` is (stock record id, units), and what is no matter of codes
    is passed over. Returns what is short, and then nothing is kept. What the key holds already is not held twice."""
    units: Counter[int] = Counter()
    for record_id, number in wanted:
        units[record_id] += number
    of_codes = Download.objects.filter(pk__in=list(units), kind=Download.Kind.CODES)
    ids = sorted(of_codes.values_list("pk", flat=True)) if units else []
    try:
        with transaction.atomic():
            short = [Shortage(pk, units[pk], 0) for pk in ids if not _hold(pk, units[pk], key)]
            if short:
                raise _Short(short)
    except _Short as refused:
        return refused.shortages
    return []


def held(key: str) -> dict[int, int]:
    """Units by stock record that a checkout keeps."""
    return dict(Counter(LicenceCode.objects.filter(hold_key=key, line=None).values_list("download_id", flat=True)))


def release_hold(key: str) -> int:
    """Give back what a checkout holds, once its payment session is known to be over and unpaid. Returns codes."""
    with transaction.atomic():
        kept = LicenceCode.objects.filter(hold_key=key, line=None)
        return _free(kept.order_by("download_id", "pk").values_list("pk", "download_id"))


def promise(key: str, lines: Sequence[ShopOrderLine]) -> None:
    """A hold becomes the lines'; the counter stays. HoldEndedError where some of it is gone."""
    for line in lines:
        kept = LicenceCode.objects.filter(download=line.stock_record_id, hold_key=key, line=None)
        if kept.update(line=line) != line.quantity:
            raise HoldEndedError(f"{key} holds not all codes of line {line.pk} any more.")


def free_unseen(line: ShopOrderLine, *, but: int = 0) -> int:
    """Codes of a line that nobody was shown can be sold again, all but the first ones."""
    with transaction.atomic():
        kept = LicenceCode.objects.filter(line=line).order_by("pk")
        return _free(list(kept.values_list("pk", "download_id"))[but:])


def _hold(download_id: int, units: int, key: str) -> bool:
    kept = LicenceCode.objects.filter(download=download_id, hold_key=key, line=None).count()
    if kept == units:
        return True
    return not kept and _lower_guarded(download_id, units) and _take(download_id, units, key)


def _lower_guarded(download_id: int, units: int) -> bool:
    """The guarded statement: it counts the codes if there are that many at that very moment. The row stays locked."""
    enough = Download.objects.filter(pk=download_id, active=True, codes_left__gte=units)
    if not enough.update(codes_left=F("codes_left") - units):
        return False
    _mark(Download.objects.filter(pk=download_id, codes_left=0))
    return True


def _take(download_id: int, units: int, key: str) -> bool:
    free = LicenceCode.objects.filter(download=download_id, hold_key="").order_by("pk")
    ids = list(free.values_list("pk", flat=True)[:units])
    return LicenceCode.objects.filter(pk__in=ids, hold_key="").update(hold_key=key) == units


def _free(rows: Iterable[tuple[int, int]]) -> int:
    pairs = list(rows)
    if not pairs:
        return 0
    counts = Counter(download_id for _, download_id in pairs)
    list(Download.objects.select_for_update().filter(pk__in=list(counts)).order_by("pk").values_list("pk", flat=True))
    LicenceCode.objects.filter(pk__in=[pk for pk, _ in pairs]).update(hold_key="", line=None)
    _count(counts)
    return len(pairs)


def _count(more: Mapping[int, int]) -> None:
    for pk, units in sorted(more.items()):
        _mark(Download.objects.filter(pk=pk, codes_left=0))
        Download.objects.filter(pk=pk).update(codes_left=F("codes_left") + units)


def _mark(downloads: Iterable[Download]) -> None:
    """Titles that come on sale, or are sold out."""
    products = downloads.values_list("stock_record__product_id", flat=True)  # type: ignore[attr-defined]
    changes.mark(products)
