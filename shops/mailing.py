"""Mail to a shop: to whom of it, and not in its quiet hours unless an order's deadline would pass meanwhile.

What tells a shop that somebody changed where its orders or its money go is not sent by this: that always goes to its
own address, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from marketplace.foundation import audit, leases, links, mail
from marketplace.foundation.models import MailMessage
from shops.models import Shop, ShopAddress

About = ShopAddress.Kind
Quiet = tuple[time | None, time | None]
# The mail that brings an order to its shop, and beside it what else of orders cannot be told in the portal alone.
ORDER_KIND, OF_ORDERS = "shop_order_new", ("shop_order_new", "shop_order_taken_back")
# Of an order of which its system takes all but some articles: those that it does not take come by this one.
_PART = ":part"
# Of an order whose answer is due so soon after the quiet hours the shop is told at once.
TIME_TO_ANSWER = timedelta(hours=1)
# So often a mail goes by itself to an address that refused it: many a server takes all mail, and sends it back later.
MOST_TRIES = 3


def post(
    kind: str,
    shop: Shop,
    about: About | None,
    *,
    dedupe_key: str,
    context: Mapping[str, object],
    now: datetime,
    answer_by: datetime | None = None,
    reply_to: str = "",
) -> None:
    """As `mail.post`, to whom the shop named for what it is `about`; None: to its own address."""
    mail.post(
        kind,
        to=address(shop, about) if about else shop.email,
        language=shop.language,
        dedupe_key=dedupe_key,
        context=context,
        now=now,
        not_before=not_before(shop, now, answer_by=answer_by),
        shop_id=shop.pk,
        reply_to=reply_to,
    )


def address(shop: Shop, about: About) -> str:
    return ShopAddress.objects.filter(shop=shop, kind=about).values_list("email", flat=True).first() or shop.email


def order_key(number: str, *, part: bool = False) -> str:
    """Of the mail that brings an order, whole or in part."""
    return f"{ORDER_KIND}:{number}{_PART if part else ''}"


def number_of(message: MailMessage) -> str:
    """Of which order such a mail tells."""
    return message.dedupe_key.removeprefix(f"{ORDER_KIND}:").removesuffix(_PART)


def unsent(where: Q | None = None) -> Exists:
    """Of shop orders: that a mail which brings it has not left, of those mails that are as said."""
    return Exists(unsent_mails().filter(where or Q()))


def unsent_mails() -> QuerySet[MailMessage]:
    """Those that bring a shop order, and are to leave, as a sub-query of it."""
    key = Concat(Value(f"{ORDER_KIND}:"), OuterRef("number"))
    keys = [key, Concat(key, Value(_PART))]
    found = MailMessage.objects.annotate(since=Coalesce("wanted_at", "created_at"))
    return found.filter(dedupe_key__in=keys, sent_at=None).exclude(due_at=None, parked_at=None)


def follow_address(shop: Shop, *, now: datetime) -> int:
    """Its orders are mailed elsewhere than to the address that was refused: what was written to that one goes to where
    they are mailed now. Returns how many mails."""
    with transaction.atomic():
        refused = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk).unreachable
        wanted = address(Shop.objects.get(pk=shop.pk), About.ORDERS)
        if not refused or wanted.lower() == refused.lower():
            return 0
        Shop.objects.filter(pk=shop.pk).update(unreachable="")
        # One that is on its way goes where it was addressed to, and is told of again where that refuses it.
        rows = MailMessage.objects.filter(shop=shop, to=refused, sent_at=None, lease_until=None, kind__in=OF_ORDERS)
        keys = list(rows.values_list("pk", flat=True))
        rows.update(to=wanted)
        leases.unpark(list(MailMessage.objects.filter(pk__in=keys).exclude(parked_at=None)), now=now)
        audit.record("shop.mail_reached", shop, shop_id=shop.pk, address=wanted, before=refused, mails=len(keys))
    return len(keys)


def try_again(shop_id: int, to: str, *, now: datetime) -> None:
    """The address takes mail, as far as is known: what it refused before goes there once more, a few times in all."""
    refused = MailMessage.objects.filter(shop=shop_id, to=to, sent_at=None, kind__in=OF_ORDERS)
    refused.filter(attempts__lt=MOST_TRIES).exclude(parked_at=None).update(parked_at=None, due_at=now)


def not_before(shop: Shop, now: datetime, *, answer_by: datetime | None = None) -> datetime | None:
    """When the quiet hours end in which `now` is; None: send it. `answer_by`: of the order that it tells of."""
    ends = _quiet_until(shop, now)
    if ends is None or (answer_by is not None and answer_by < ends + TIME_TO_ANSWER):
        return None
    return ends


def _quiet_until(shop: Shop, now: datetime) -> datetime | None:
    begins, ends = shop.quiet_from, shop.quiet_until
    if begins is None or ends is None or begins == ends:
        return None
    zone = ZoneInfo(shop.timezone)
    local = now.astimezone(zone)
    at, day = local.time(), local.date()
    if begins < ends:
        inside = begins <= at < ends
    else:  # over midnight
        inside = at >= begins or at < ends
        day += timedelta(days=at >= begins)
    return datetime.combine(day, ends, zone).astimezone(UTC) if inside else None


def set_up(shop: Shop, addresses: Mapping[str, str], quiet: Quiet, *, by: object, now: datetime) -> bool:
    """`addresses` by kind, empty for the shop's own; `quiet`: from, until. The shop's own address is told where its
    mail goes from now on. False: it was so already."""
    with transaction.atomic():
        # Whoever writes mail to it, or what was done with it, need not wait, and may hold a mail that is to be written.
        stored = Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
        before = dict(ShopAddress.objects.filter(shop=shop).values_list("kind", "email"))
        wanted = {kind: email for kind, email in addresses.items() if email and email != shop.email}
        if (before, (stored.quiet_from, stored.quiet_until)) == (wanted, quiet):
            return False
        Shop.objects.filter(pk=shop.pk).update(quiet_from=quiet[0], quiet_until=quiet[1])
        if before != wanted:
            ShopAddress.objects.filter(shop=shop).delete()
            ShopAddress.objects.bulk_create(ShopAddress(shop=shop, kind=k, email=e) for k, e in wanted.items())
        hours = [str(one) if one is not None else None for one in quiet]
        entry = audit.record("shop.mail", shop, by=by, shop_id=shop.pk, addresses=wanted, before=before, quiet=hours)
        if before != wanted:
            _tell(shop, wanted, f"shop_mail_changed:{entry.pk}", now)
            follow_address(shop, now=now)
    return True


def _tell(shop: Shop, wanted: Mapping[str, str], key: str, now: datetime) -> None:
    """Whoever has got hold of an owner's account does not lead the mail elsewhere in silence."""
    rows = [(About(kind).label, email) for kind, email in wanted.items()]
    context = {"shop": shop, "rows": rows, "url": links.absolute(f"/portal/{shop.slug}/mail/")}
    mail.post(
        "shop_mail_changed", to=shop.email, language=shop.language, dedupe_key=key, context=context, now=now,
        shop_id=shop.pk,
    )  # fmt: skip
