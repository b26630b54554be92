"""Vouchers of a checkout: entered by their code, held at "pay", spent with the order. The only file that changes
`Voucher.used`, which is at all times the number of uses held or placed, and never above `most_uses`.

A hold lives as long as the stock's; the calls are made right after those of the gift cards, in their transaction."""

from __future__ import annotations

import re
import time
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from marketplace.checkout import filling_in, institutions
from marketplace.checkout.models import Checkout, Voucher, VoucherUse
from marketplace.foundation import audit
from marketplace.foundation.money import display
from marketplace.payments import ledger

_CACHE_SECONDS = 5.0
_cached: tuple[float, list[Voucher]] | None = None


class VoucherError(Exception):
    """It cannot be used; the message says why, to a person."""


class UnknownVoucherError(VoucherError):
    """No voucher has this code."""


def code_of(typed: str) -> str:
    """As it is kept: capitals and figures, without spaces and dashes."""
    return re.sub(r"[^0-9A-Z]", "", typed.upper())


def enter(checkout: Checkout, code: str, *, now: datetime) -> Voucher:
    """Remember the voucher for a checkout that is being filled in, instead of another. Raises VoucherError."""
    voucher = Voucher.objects.filter(code=code_of(code)).first()
    if voucher is None or voucher.begins_at > now or voucher.automatic:
        raise UnknownVoucherError(_("There is no voucher with this code."))
    if not voucher.runs(now):
        raise VoucherError(_("This voucher has ended."))
    if voucher.most_uses is not None and voucher.used >= voucher.most_uses:
        raise VoucherError(_("This voucher is used up."))
    if voucher.currency != checkout.currency:
        raise VoucherError(_("This voucher is in another currency."))
    if institutions.is_bound(checkout.user_id):
        raise VoucherError(_("As an institution you buy at the regular price, so without a voucher."))
    with transaction.atomic():
        if not filling_in.locked(checkout):
            raise VoucherError(_("This order is being paid already."))
        VoucherUse.objects.update_or_create(checkout=checkout, defaults={"voucher": voucher})
    return voucher


def remember(checkout: Checkout, *, now: datetime) -> None:
    """The voucher of the checkout of this basket that ended last, unpaid, is entered in a new one."""
    ended = VoucherUse.objects.filter(checkout__basket=checkout.basket_id, checkout__state=Checkout.State.ENDED)
    use = ended.select_related("voucher").order_by("-checkout").first()
    if use and not use.voucher.automatic and _is_left(use.voucher, now):
        VoucherUse.objects.create(checkout=checkout, voucher=use.voucher)


def take_off(checkout: Checkout) -> None:
    with transaction.atomic():
        if filling_in.locked(checkout):
            VoucherUse.objects.filter(checkout=checkout).delete()


def of(checkout: Checkout, *, now: datetime) -> Voucher | None:
    """The voucher that counts for it now; one query, one more where there is one."""
    use = VoucherUse.objects.select_related("voucher").filter(checkout=checkout).first()
    if use is None:
        return None
    if not use.held and not _is_left(use.voucher, now):
        return None
    return None if institutions.is_bound(checkout.user_id) else use.voucher


def gone(checkout: Checkout, *, now: datetime) -> Voucher | None:
    """The voucher that was entered and has ended or been used up since."""
    use = VoucherUse.objects.select_related("voucher").filter(checkout=checkout, held=False).first()
    return use.voucher if use and not _is_left(use.voucher, now) else None


def _is_left(voucher: Voucher, now: datetime) -> bool:
    return voucher.runs(now) and (voucher.most_uses is None or voucher.used < voucher.most_uses)


def promotions(*, now: datetime) -> list[Voucher]:
    """Those that count by themselves now; one query every few seconds, since every page of a checkout asks."""
    global _cached
    kept = _cached  # another thread may forget it meanwhile
    if not kept or time.monotonic() - kept[0] >= _CACHE_SECONDS:
        kept = _cached = (time.monotonic(), list(Voucher.objects.filter(automatic=True).exclude(ends_at__lte=now)))
    return [row for row in kept[1] if row.runs(now) and (row.most_uses is None or row.used < row.most_uses)]


def forget() -> None:
    """Drop the kept promotions: after one was made or ended, and between tests."""
    global _cached
    _cached = None


def use_promotion(checkout: Checkout, promotion: Voucher) -> None:
    """Before it is held: what counted in the plan without a code is used as a voucher is."""
    if promotion.automatic:
        VoucherUse.objects.update_or_create(checkout=checkout, defaults={"voucher": promotion})


def hold(checkout: Checkout, *, now: datetime) -> bool:
    """Use it once, for this checkout, whose plan it lowers. False: it is used up, over, or this reader has used it;
    then nothing is held. What is held already is not held twice, and a checkout without a voucher holds none."""
    use = VoucherUse.objects.select_related("voucher").filter(checkout=checkout).first()
    if use is None or use.held:
        return True
    reader = checkout.email.strip().lower() if use.voucher.once_each else ""
    try:
        with transaction.atomic():
            VoucherUse.objects.filter(pk=use.pk).update(held=True, reader=reader)
            if not _take_guarded(use.voucher_id, now):
                raise VoucherError
    except (IntegrityError, VoucherError):
        return False
    return True


def release_hold(checkout: Checkout) -> bool:
    """Free again, once the payment session is known to be over and unpaid."""
    held = VoucherUse.objects.filter(checkout=checkout, held=True)
    voucher_id = held.values_list("voucher", flat=True).first()
    if not voucher_id or not held.update(held=False, reader=""):
        return False
    Voucher.objects.filter(pk=voucher_id).update(used=F("used") - 1)
    return True


def spend(checkout: Checkout, *, order_id: int, now: datetime) -> None:
    """In the transaction that places the order: the network bears what its voucher pays. A shop's own is in its prices
    already."""
    ledger.bear(
        order_id=order_id,
        amount_minor=checkout.voucher_minor,
        currency=checkout.currency,
        key=f"voucher:{checkout.pk}",
        cause=f"voucher {checkout.voucher_use.voucher}"[:200],
        now=now,
    )


def end(voucher: Voucher, *, by: object, now: datetime) -> bool:
    """No checkout takes it any more; what holds it already keeps it. False: it had ended before."""
    with transaction.atomic():
        running = Voucher.objects.filter(pk=voucher.pk).exclude(ends_at__lte=now)
        if not running.update(ends_at=now):
            return False
        audit.record("voucher.end", voucher, by=by, shop_id=voucher.shop_id, code=voucher.code)
    forget()
    return True


def why_nothing(voucher: Voucher, *, language: str) -> str:
    """What to say on the page where a voucher takes nothing off the goods that are there."""
    least = display(voucher.minimum_minor, voucher.currency, language)
    if voucher.minimum_minor:
        return _("It takes nothing off yet: the goods that it fits must come to %(least)s.") % {"least": least}
    return _("It takes nothing off: it fits none of these goods, or the law fixes their price.")


def _take_guarded(voucher_id: int, now: datetime) -> bool:
    """The guarded statement: it counts the use if there is one left at that very moment. The row stays locked."""
    there = Voucher.objects.filter(Q(most_uses=None) | Q(used__lt=F("most_uses")), pk=voucher_id)
    running = there.filter(Q(ends_at=None) | Q(ends_at__gt=now))
    return running.update(used=F("used") + 1) == 1
