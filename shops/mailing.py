"""Mail to a shop: to whom of it, and not in its quiet hours unless an order's deadline would pass meanwhile.

What tells a shop that somebody changed where its orders or its money go is not sent by this: that always goes to its
own address, at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from marketplace.foundation import audit, links, mail
from shops.models import Shop, ShopAddress

About = ShopAddress.Kind
Quiet = tuple[time | None, time | None]
# Of an order whose answer is due so soon after the quiet hours the shop is told at once.
TIME_TO_ANSWER = timedelta(hours=1)


def post(
    kind: str,
    shop: Shop,
    about: About,
    *,
    dedupe_key: str,
    context: Mapping[str, object],
    now: datetime,
    answer_by: datetime | None = None,
    reply_to: str = "",
) -> None:
    """As `mail.post`, to whom the shop named for what it is `about`."""
    mail.post(
        kind,
        to=address(shop, about),
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
        stored = Shop.objects.select_for_update().get(pk=shop.pk)
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
    return True


def _tell(shop: Shop, wanted: Mapping[str, str], key: str, now: datetime) -> None:
    """Whoever has got hold of an owner's account does not lead the mail elsewhere in silence."""
    rows = [(About(kind).label, email) for kind, email in wanted.items()]
    context = {"shop": shop, "rows": rows, "url": links.absolute(f"/portal/{shop.slug}/mail/")}
    mail.post(
        "shop_mail_changed", to=shop.email, language=shop.language, dedupe_key=key, context=context, now=now,
        shop_id=shop.pk,
    )  # fmt: skip
