"""What a shop lets the network do with what it says beside showing and selling it: asked wherever data leaves. Until an
owner says otherwise each use is allowed, as the agreement with the network says; a word counts within seconds. That it
is shown and sold is taken back as a whole, by pausing (`lifecycle`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from django.db import transaction
from django.db.models import Case, QuerySet, Value, When

from marketplace.foundation import audit
from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from shops.models import DataWord, Shop

Use, Kind = DataWord.Use, DataWord.Kind
# What each use can do with, as far as it leaves that way.
USES: dict[str, tuple[str, ...]] = {
    Use.INDEX: (Kind.TITLES, Kind.PRICES, Kind.PROFILE),
    Use.OPEN: (Kind.TITLES, Kind.PRICES, Kind.STOCK, Kind.PROFILE),
    Use.STATISTICS: (Kind.TITLES,),
    Use.PORTALS: (Kind.TITLES, Kind.PRICES, Kind.PROFILE),
}


SHOW = "show"
_SHOWN = ("shop.put_on_sale", "shop.resume")
_HIDDEN = ("shop.pause", "shop.ask_to_leave")


class KeepsBack(Protocol):
    """A shop, or its card in the directory."""

    @property
    def kept_back(self) -> Sequence[str]: ...


def allows(shop: KeepsBack, use: str, *kinds: str) -> bool:
    """Whether the shop allows this use of all these kinds. No query."""
    return not any(f"{use}:{kind}" in shop.kept_back for kind in kinds)


def keeping_back(use: str, kind: str) -> list[int]:
    """The shops that do not allow this use of it, on sale or not."""
    return [pk for pk, kept in Shop.objects.values_list("pk", "kept_back") if f"{use}:{kind}" in kept]


def version() -> str:
    """Of the list of uses as it is now: a word given to another list can be told from one to this."""
    return sha256(repr(sorted((use, kinds) for use, kinds in USES.items())).encode()).hexdigest()[:16]


def said(shop: Shop) -> dict[tuple[str, str], bool]:
    """By use and kind; what was never spoken of is allowed."""
    return {(use, kind): allows(shop, use, kind) for use, kinds in USES.items() for kind in kinds}


def say(shop: Shop, allowed: Mapping[tuple[str, str], bool], *, by: User, now: datetime) -> int:
    """Write down what is different from before. Returns how many words."""
    with transaction.atomic():
        locked = Shop.objects.select_for_update().get(pk=shop.pk)
        before = said(locked)
        new = {key: yes for key, yes in allowed.items() if key in before and before[key] != yes}
        for (use, kind), yes in new.items():
            row = DataWord(shop=shop, use=use, kind=kind, allowed=yes, version=version(), at=now, by=by.email)
            row.save()
            audit.record("shop.share", row, by=by, shop_id=shop.pk, use=use, kind=kind, allowed=yes)
        if new:
            left = {key for key, yes in {**before, **new}.items() if not yes}
            locked.kept_back = shop.kept_back = sorted(f"{use}:{kind}" for use, kind in left)
            locked.save(update_fields=["kept_back"])  # by `save`, which the directory hears of
    return len(new)


class Word(NamedTuple):
    """Of the log. `use` is one of `Use`, or SHOW, of all that the shop has here."""

    at: datetime
    use: str
    kind: str
    allowed: bool
    by: str


def log(shop: Shop) -> QuerySet[Any, tuple[Any, ...]]:
    """Every word as a row of `Word`, the latest first: those to single uses, and those by which it is shown and sold at
    all, or not any more (`lifecycle`), which stand in the trail."""
    words = DataWord.objects.filter(shop=shop).order_by()
    moves = AuditEntry.objects.filter(shop=shop, action__in=[*_SHOWN, *_HIDDEN]).order_by()
    moves = moves.annotate(
        use=Value(SHOW), kind=Value(""), allowed=Case(When(action__in=_SHOWN, then=Value(True)), default=Value(False))
    )
    both = words.values_list(*Word._fields).union(moves.values_list(*Word._fields[:-1], "actor_label"), all=True)
    return both.order_by("-at", "use", "kind")
