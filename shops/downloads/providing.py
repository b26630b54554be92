"""Where a sold line gets its file, link or licence codes from: one function by provider.

A provider is `(line, units) -> Provided`, called by the step `hand_out` outside any transaction, again after a failure
and so with the line as its own key; it raises ProvidingError. What a shop has uploaded itself is the provider "own"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shops.models import Download, LicenceCode, ShopOrderLine

Kind = Download.Kind


class ProvidingError(Exception):
    """The line cannot be supplied now; `permanent`: not without a person."""

    def __init__(self, text: str, *, permanent: bool):
        super().__init__(text)
        self.permanent = permanent


@dataclass(frozen=True)
class Provided:
    """`content` is the link, or the codes, one a line; nothing where it is the file of its `Download`."""

    kind: str
    content: str = ""


Provider = Callable[[ShopOrderLine, int], Provided]


def own(line: ShopOrderLine, units: int) -> Provided:
    """What the shop has uploaded: its file, its link, or the codes that became the line's when it was placed."""
    download = Download.objects.get(pk=line.stock_record_id)
    if download.kind == Kind.CODES:
        codes = list(LicenceCode.objects.filter(line=line).order_by("pk").values_list("code", flat=True)[:units])
        if len(codes) < units:
            raise ProvidingError(f"Line {line.pk} has {len(codes)} codes for {units} copies.", permanent=True)
        return Provided(Kind.CODES, "\n".join(codes))
    return Provided(download.kind, download.link if download.kind == Kind.LINK else "")


PROVIDERS: dict[str, Provider] = {"own": own}
