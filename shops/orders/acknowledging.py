"""What shops' systems say of the orders that they were sent, line by line: accepted and declined as staff would do it,
with all that follows; what is neither is a question for a person of the shop, in the order's history and by mail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import override

from marketplace.foundation import audit, links
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models import AuditEntry
from marketplace.foundation.side_by_side import Lanes
from shops import absorbing, mailing, stock
from shops.channels import CHANNELS, ChannelError, channel_class, channel_for
from shops.channels.base import Acknowledgement, Answer, LineAnswer
from shops.models import Shop, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, held, sayings
from shops.orders.sayings import Saying

logger = logging.getLogger("halles.acknowledging")
LANES = Lanes("acknowledging", 2)
EVERY, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)
TROUBLE = 4  # failures in a row, after which the shop is told
OVERLAP = timedelta(days=1)  # asked for once more: clocks differ, and a message may be written late
REMEMBERED = timedelta(days=60)
TAKEN, UNREAD = "shop_order.acknowledge", "shop.answer_unread"
_STATE = "acknowledged"  # in `Shop.channel_options`: due, since, failures


def read_acknowledgements(now: datetime) -> int:
    """Step: ask the systems that answer, each every few minutes. Returns how many were asked."""
    kinds = [kind for kind in CHANNELS if "acknowledgements" in channel_class(kind).capabilities]
    due = [shop for shop in Shop.objects.filter(channel__in=kinds).order_by("pk") if _is_due(shop, now)]
    return LANES.each(partial(_ask, now=now), due[: LANES.room])


def _ask(shop: Shop, now: datetime) -> bool:
    state = _claim(shop, now)
    if state is None:
        return False
    since = parse_datetime(state.get("since", "")) or now - REMEMBERED
    try:
        done = _take_all(shop, since, now)
    except ChannelError as error:
        _failed(shop, state, str(error), now, later=error.later_seconds)
        return False
    except Exception as error:  # a fault in one channel must not stop the other shops
        logger.exception("The answers of %s could not be read.", shop)
        _failed(shop, state, f"{type(error).__name__}: {error}", now)
        return False
    failpoint("acknowledging.before_finish")
    _write_state(shop, {"due": (now + EVERY).isoformat(), "since": (now if done else since).isoformat()})
    return True


def _take_all(shop: Shop, since: datetime, now: datetime) -> bool:
    """False: one has to wait, and is asked for again."""
    entries = AuditEntry.objects.filter(shop=shop, action__in=[TAKEN, UNREAD], at__gte=now - REMEMBERED)
    known = set(entries.values_list("facts__key", flat=True))
    messages = channel_for(shop, shop.channel).acknowledgements(since - OVERLAP, known)
    unread: list[Acknowledgement] = []
    taken = [take(shop, said, now=now, unread=unread) for said in messages]
    _tell_unread(shop, unread, now)
    return all(taken)


def take(shop: Shop, said: Acknowledgement, *, now: datetime, unread: list[Acknowledgement]) -> bool:
    """One message, in one transaction, once. `unread` gets the one that is about no order of the shop's, for whoever
    tells a person. False: staff are answering this order at this moment; later."""
    with transaction.atomic():
        orders = ShopOrder.objects.select_for_update(of=("self",)).filter(shop=shop, number=said.number)
        order = orders.select_related("shop").first()
        if order is None:
            unread.append(said)
            return True
        if AuditEntry.objects.filter(
            subject_type=ShopOrder._meta.label_lower, subject_id=str(order.pk), action=TAKEN, facts__key=said.key
        ).exists():
            return True
        if held.is_being_answered(order):
            return False
        asked, problem = _carry_out(said, shop, now)
        if said.receipt.is_booked:
            _reflect(order, said, now)
        lines = [[a.line, a.answer.value, a.accepted, a.declined, a.note] for a in said.lines]
        told = {"key": said.key, "reference": said.receipt.reference, "problem": problem[:300]}
        entry = audit.record(TAKEN, order, by=_name(shop), shop_id=shop.pk, lines=lines, **told)
        for answer in said.lines:
            _keep(answer, [answer] if answer in asked else [], shop, now)
        if asked or problem:
            _tell(shop, f"answer:{entry.pk}", partial(_questions, order, asked, problem), now)
        failpoint("acknowledging.before_commit")
    failpoint("acknowledging.after_commit")
    return True


def _carry_out(said: Acknowledgement, shop: Shop, now: datetime) -> tuple[list[LineAnswer], str]:
    """What a person has to look at, and what could not be understood. What may not be done is not done at all."""
    try:
        with transaction.atomic(), _locked(said, shop, now):
            return [answer for answer in said.lines if not _carried_out(answer, shop, now)], said.problem
    except fulfilment.FulfilmentError as error:
        return list(said.lines), f"{said.problem} {error}".strip()


def _locked(said: Acknowledgement, shop: Shop, now: datetime) -> AbstractContextManager[object]:
    """The shop and all articles of the order, before any of it changes: a message names its lines in an order of its
    own, and each is declined or accepted by itself."""
    Shop.objects.select_for_update(no_key=True, of=("self",)).get(pk=shop.pk)
    ours = ShopOrderLine.objects.filter(shop_order__shop=shop, shop_order__number=said.number)
    lines = ours.exclude(stock_record=None)
    return stock.locked(lines.values_list("stock_record", flat=True), now=now)


def _carried_out(answer: LineAnswer, shop: Shop, now: datetime) -> bool:
    """Decline, then accept what is left, of units that nobody has answered. False: a person has to look."""
    fits = answer.answer not in (Answer.BACK_ORDERED, Answer.SUBSTITUTED)
    by = _name(shop)
    declined = min(answer.declined, _line(answer).open_units)
    if declined:
        reason = answer.reason or ShopOrderLine.Reason.OTHER
        fulfilment.decline(_line(answer), declined, by=by, reason=reason, now=now)
    line = _line(answer)
    accepted = min(answer.accepted, line.open_units)
    if accepted:
        fulfilment.accept(line, accepted, by=by, now=now)
    # What was answered before, as the same or a better word, is no question; what contradicts it is one.
    said = _line(answer)
    return fits and said.open_units == 0 and (said.declined - said.cancelled) >= answer.declined


def _keep(answer: LineAnswer, asked: Sequence[LineAnswer], shop: Shop, now: datetime) -> None:
    """On its line, for whoever answers it; what it says no more is taken off."""
    line = _line(answer)
    said = [Saying(each.answer, each.units or line.open_units, each.note, each.article, each.on) for each in asked]
    sayings.keep(line, said, by=_name(shop), now=now)


def _line(answer: LineAnswer) -> ShopOrderLine:
    """With its order, as they are now."""
    return ShopOrderLine.objects.select_related("shop_order__shop", "stock_record").get(pk=answer.line)


def _reflect(order: ShopOrder, said: Acknowledgement, now: datetime) -> None:
    """Its number contains what is left of the order from here on."""
    at = absorbing.reflection_time(order.shop, recorded_at=now, booked_at=said.receipt.booked_at)
    for line in order.lines.order_by("stock_record_id"):
        absorbing.reflect(line, line.left_units, reflected_at=at, now=now)


def _tell_unread(shop: Shop, unread: Sequence[Acknowledgement], now: datetime) -> None:
    """Those that are new are known from here on, and their shop is told: both or neither, since what is known is not
    looked at again."""
    with transaction.atomic():
        entries = [entry for said in unread if (entry := _unread(shop, said))]
        if entries:
            _tell(shop, f"unread:{entries[0].pk}", lambda: [entry.reason for entry in entries], now)
            failpoint("acknowledging.before_commit")


def _unread(shop: Shop, said: Acknowledgement) -> AuditEntry | None:
    if AuditEntry.objects.filter(shop=shop, action=UNREAD, facts__key=said.key).exists():
        return None
    why = said.problem or f"{said.number}: no order of this shop."
    return audit.record(UNREAD, shop, by=_name(shop), reason=why[:500], shop_id=shop.pk, key=said.key)


def _questions(order: ShopOrder, asked: Sequence[LineAnswer], problem: str) -> list[str]:
    titles = {line.pk: line.title for line in order.lines.all()}
    texts = {
        Answer.BACK_ORDERED: _("%(title)s: it has none now, and has noted it for later."),
        Answer.SUBSTITUTED: _("%(title)s: it offers another article."),
    }
    other = _("%(title)s: what it says does not fit what was answered before, or is not understood.")
    rows = [
        f"{texts.get(answer.answer, other) % {'title': titles[answer.line]}} {answer.note}".strip() for answer in asked
    ]
    return [f"{order.number} – {row}" for row in rows] + ([problem] if problem else [])


def _trouble(why: str) -> list[str]:
    return [_("The answers of your system cannot be fetched: %(why)s") % {"why": why}]


def _tell(shop: Shop, key: str, rows: Callable[[], list[str]], now: datetime) -> None:
    with override(shop.language):
        said = rows()
    mailing.post(
        "shop_answer_question",
        shop,
        mailing.About.ORDERS,
        dedupe_key=f"shop_answer_question:{shop.pk}:{key}",
        context={"shop": shop, "rows": said, "url": links.absolute(f"/portal/{shop.slug}/")},
        now=now,
    )


def _name(shop: Shop) -> str:
    return CHANNELS[shop.channel][0]


def _is_due(shop: Shop, now: datetime) -> bool:
    due = parse_datetime(shop.channel_options.get(_STATE, {}).get("due", ""))
    return due is None or due <= now


def _claim(shop: Shop, now: datetime) -> dict[str, Any] | None:
    """The state, with the next turn noted so that no other process asks meanwhile; None: another one does."""
    with transaction.atomic():
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
        if stored.channel != shop.channel or not _is_due(stored, now):
            return None
        state = dict(stored.channel_options.get(_STATE, {}))
        _put(stored, state | {"due": (now + LONGEST_PAUSE).isoformat()})
        return state


def _failed(shop: Shop, state: dict[str, Any], why: str, now: datetime, *, later: int = 0) -> None:
    """Asked less and less often, up to an hour; the shop is told once, and it goes on by itself."""
    failures = state.get("failures", 0) + 1
    pause = min(EVERY * 2 ** min(failures, 8), LONGEST_PAUSE)
    again = now + max(pause, timedelta(seconds=later))
    _write_state(shop, {"due": again.isoformat(), "failures": failures, "since": state.get("since", "")})
    if failures == TROUBLE:
        rows = partial(_trouble, why)
        _tell(shop, f"trouble:{now.isoformat()}", rows, now)


def _write_state(shop: Shop, state: dict[str, Any]) -> None:
    with transaction.atomic():
        _put(Shop.objects.select_for_update().get(pk=shop.pk), state)


def _put(stored: Shop, state: dict[str, Any]) -> None:
    stored.channel_options = {**stored.channel_options, _STATE: state}
    stored.save(update_fields=["channel_options"])
