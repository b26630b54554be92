"""Titles that readers do not see before an operator has said yes. The rules, in one place:

| what | waits |
|---|---|
| for adults only, whoever says so: by subject (Thema 5X, FP; BISAC FIC005; BIC FP; erotic by name), audience | always |
| without ISBN or EAN, first brought by a new shop (`is_new`) | or until an operator vouches for the shop |
| everything else, above all a known number with a publisher's facts | never |

What was decided holds: the row of `Moderation` stays. The codes: `marketplace.catalogue.sale_limits`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog_sync.titles.candidates import own_code
from marketplace.catalogue import changes
from marketplace.catalogue.folding import Statement
from marketplace.catalogue.models import Moderation
from marketplace.catalogue.sale_limits import adults_only
from marketplace.foundation import audit, bulk, network
from shops.models import Shop

Reason, Answer = Moderation.Reason, Moderation.Answer


def is_new(shop: Shop, *, now: datetime) -> bool:
    """A shop nobody has vouched for, in its first days (`Network.new_shop_days`)."""
    return shop.vouched_at is None and now < shop.joined_at + timedelta(days=network.current().new_shop_days)


def look_at(statements: Iterable[Statement], *, now: datetime) -> None:
    """What the sources are about to say of titles: those for adults wait."""
    adults = {said.product_id for said in statements if said.facts and adults_only(said.facts)}
    wait(adults, Reason.ADULTS, shop_id=None, now=now)


def first_brought(product_ids: Collection[int], shop: Shop, *, now: datetime) -> None:
    """Titles without a number that this shop was the first to bring: those that have its code. What it listed as its
    own may lead to a title that others brought, since the two were joined."""
    if product_ids and is_new(shop, now=now):
        among, words = bulk.among(product_ids)
        code = own_code(shop.pk, "")
        own = bulk.rows(
            f"SELECT id FROM catalogue_product WHERE id {among} AND substr(code, 1, %(length)s) = %(code)s",
            {**words, "code": code, "length": len(code)},
        )
        wait({product_id for (product_id,) in own}, Reason.NEW_SHOP, shop_id=shop.pk, now=now)


def wait(product_ids: Collection[int], reason: str, *, shop_id: int | None, now: datetime) -> None:
    """These titles are not shown until an operator has said yes. Two statements; none where there are no titles."""
    if not product_ids:
        return
    among, ids = bulk.among(product_ids)
    words = {**ids, "reason": reason, "shop": shop_id, "now": bulk.moment(now), "adults": Reason.ADULTS.value}
    bulk.execute(_ASK.format(among=among), words)
    if bulk.execute(_HIDE.format(among=among), ids):
        changes.mark(product_ids)


def show_what_may_be(product_ids: Collection[int]) -> None:
    """For what a move has put back as it was: what was decided meanwhile holds. One statement."""
    among, ids = bulk.among(product_ids)
    bulk.execute(
        "UPDATE catalogue_product SET is_public ="
        " EXISTS (SELECT 1 FROM titles_productfacts f WHERE f.product_id = catalogue_product.id) AND NOT EXISTS"
        " (SELECT 1 FROM titles_moderation m WHERE m.product_id = catalogue_product.id AND m.answer <> 'yes')"
        f" WHERE id {among}",
        ids,
    )


def answer(product_ids: Collection[int], said: str, *, by: AbstractBaseUser, now: datetime, why: str = "") -> int:
    """An operator's yes or no to these titles, audited; also another one than before. Returns how many it concerned."""
    with transaction.atomic():
        rows = Moderation.objects.select_for_update().filter(product__in=product_ids).exclude(answer=said)
        found = list(rows.order_by("product_id"))
        ids = [row.product_id for row in found]
        Moderation.objects.filter(pk__in=ids).update(answer=said, answered_at=now, answered_by=by)
        among, words = bulk.among(ids)
        shown = {**words, "shown": said == Answer.YES}
        # A title that no source speaks of stays hidden whatever is said.
        bulk.execute(
            f"UPDATE catalogue_product SET is_public = %(shown)s WHERE id {among}"
            " AND (NOT %(shown)s OR EXISTS (SELECT 1 FROM titles_productfacts f WHERE f.product_id = id))",
            shown,
        )
        changes.mark(ids)
        for row in found:
            audit.record("title.moderate", row, by=by, reason=why, shop_id=row.shop_id, answer=said, asked=row.reason)
    return len(ids)


def vouch(shop: Shop, *, by: AbstractBaseUser, now: datetime) -> int:
    """The shop is new no more: what waits because it was is shown. Returns how many titles."""
    with transaction.atomic():
        Shop.objects.filter(pk=shop.pk, vouched_at=None).update(vouched_at=now)
        audit.record("shop.vouch", shop, by=by, shop_id=shop.pk)
        waiting = Moderation.objects.filter(shop=shop, reason=Reason.NEW_SHOP, answer="")
        return answer(list(waiting.values_list("pk", flat=True)), Answer.YES, by=by, now=now)


# A title that was let through for another reason is asked about again when it turns out to be for adults.
_ASK = """
INSERT INTO titles_moderation (product_id, shop_id, reason, asked_at, answer)
SELECT p.id, %(shop)s, %(reason)s, %(now)s, '' FROM catalogue_product p WHERE p.id {among} ORDER BY p.id
ON CONFLICT (product_id) DO UPDATE SET reason = excluded.reason, asked_at = excluded.asked_at,
    answer = CASE WHEN titles_moderation.answer = 'no' THEN 'no' ELSE '' END
WHERE excluded.reason = %(adults)s AND titles_moderation.reason <> %(adults)s
"""

_HIDE = """
UPDATE catalogue_product SET is_public = false WHERE is_public AND id {among}
    AND EXISTS (SELECT 1 FROM titles_moderation m WHERE m.product_id = catalogue_product.id AND m.answer <> 'yes')
"""
