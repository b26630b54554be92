"""What the other side is told by mail of what was written: with the text, and an address by which it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import links, mail, network
from shops import mailing
from shops.models import Message, Shop, Side, Thread
from shops.orders import reader_mail
from shops.threads import replying

Wording = Callable[[], list[str]]
"""Sentences, in the language that is active when they are asked for."""


def written(thread: Thread, message: Message, *, said: str = "", now: datetime) -> None:
    """To the other side; what the network writes, to both."""
    if message.side != Side.READER:
        with translation.override(thread.language):
            names = {Side.SHOP.value: thread.shop.name, Side.NETWORK.value: network.current().name}
            writes = _("%(who)s writes to you about %(about)s:")
            lead = writes % {"who": names[message.side], "about": about(thread)}
            _to_reader(thread, [lead, said], message, key=str(message.pk), now=now)
    if message.side != Side.SHOP:
        with translation.override(thread.shop.language):
            if message.side == Side.NETWORK:
                lead = _("The network writes about %(about)s:") % {"about": about(thread)}
            else:
                lead = _("A reader writes to you about %(about)s:") % {"about": about(thread)}
            _to_shop(thread, [lead, said], message, key=str(message.pk), now=now)


def told(thread: Thread, to: Side, said: Sequence[str], *, key: str, now: datetime) -> None:
    """Sentences without a message, in the active language."""
    (_to_reader if to == Side.READER else _to_shop)(thread, said, None, key=key, now=now)


def confirm(thread: Thread, *, now: datetime) -> None:
    """Ask whoever has the address whether the question is theirs. Not with its text: nobody sends theirs to strangers
    from here."""
    context = {"shop": thread.shop, "url": links.question_url(thread.pk)}
    mail.post(
        "thread_confirm",
        to=thread.email,
        language=thread.language,
        dedupe_key=f"thread_confirm:{thread.pk}",
        context=context,
        now=now,
        shop_id=thread.shop_id,
    )


def about(thread: Thread) -> str:
    """What it is about, in the active language."""
    if thread.shop_order:
        return _("order %(number)s") % {"number": thread.shop_order.number}
    if thread.product:
        return _("“%(title)s”") % {"title": thread.product.title}
    return _("a question")


def reader_url(thread: Thread) -> str:
    """Where its reader reads it."""
    if thread.shop_order is None:
        return links.question_url(thread.pk)
    order = thread.shop_order.order
    names = [order.number, links.order_key(order.number), thread.shop_order.number]
    return links.absolute(reverse("storefront:order-words", args=names))


def shop_url(thread: Thread) -> str:
    return links.absolute(reverse("portal:thread", args=[thread.shop.slug, thread.pk]))


def reader_address(thread: Thread) -> str:
    """Empty where it is known no more."""
    return reader_mail.address_of(thread.shop_order.order) if thread.shop_order else thread.email


def address_at_shop(thread: Thread) -> str:
    """Where its shop is written to: of an order, whoever the shop named for those."""
    return mailing.address(thread.shop, kind) if (kind := _kind(thread)) else thread.shop.email


def _kind(thread: Thread) -> mailing.About | None:
    return mailing.About.ORDERS if thread.shop_order_id else None


def _to_reader(thread: Thread, said: Sequence[str], message: Message | None, *, key: str, now: datetime) -> None:
    subject = _("%(shop)s: %(about)s") % {"shop": thread.shop.name, "about": about(thread)}
    if to := reader_address(thread):
        mail.post(
            "thread_reader",
            to=to,
            language=translation.get_language()[:2],
            dedupe_key=f"thread_reader:{thread.pk}:{key}",
            context=_context(subject, said, message, reader_url(thread)),
            now=now,
            shop_id=thread.shop_id,
            reply_to=replying.address(thread.pk, Side.READER),
        )


def _to_shop(thread: Thread, said: Sequence[str], message: Message | None, *, key: str, now: datetime) -> None:
    subject = _("A reader’s message: %(about)s") % {"about": about(thread)}
    if thread.shop.status != Shop.Status.LEFT:
        mailing.post(
            "thread_shop",
            thread.shop,
            _kind(thread),
            dedupe_key=f"thread_shop:{thread.pk}:{key}",
            context=_context(subject, said, message, shop_url(thread)),
            now=now,
            reply_to=replying.address(thread.pk, Side.SHOP),
        )


def _context(subject: str, said: Sequence[str], message: Message | None, url: str) -> dict[str, object]:
    return {
        "subject": subject,
        "said": [sentence for sentence in said if sentence],
        "text": message.text if message else "",
        "file_names": [row.name for row in message.files.all()] if message else [],
        "url": url,
        "by_mail": replying.is_taken(),
    }
