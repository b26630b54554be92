"""Which titles each shop has, at what price, in how many copies, in what state: the offers its feed is written from.

Real lists are never clean: about one row in a hundred carries a fault (`Offer.fault`), which the sync has to name.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

from demo.editorial import FEATURED
from demo.shop_records import DemoShop
from demo.titles import Title

FAULT_SHARE = 0.01
FAULTS = ("check_digit", "no_price", "no_quantity", "duplicate")
_QUANTITIES = ((0, 1, 2, 3, 4, 5, 6, 8, 12, 20), (13, 34, 20, 12, 7, 5, 4, 2, 2, 1))
_WORN = (("as_new", "very_good", "good", "acceptable"), (15, 35, 35, 15))
# What a bookseller writes on a copy, by its condition; of each third copy nothing.
_REMARKS = {
    "as_new": ("Jamais lu.", "Lu une fois, dos intact."),
    "very_good": ("Nom à l’encre sur la garde.", "Jaquette légèrement frottée.", "Coins un peu usés."),
    "good": (
        "Dos marqué, quelques passages soulignés au crayon.",
        "Tranche brunie.",
        "Envoi daté sur la page de titre.",
    ),
    "acceptable": (
        "Couverture tachée, texte complet.",
        "Dos fendillé, pages jaunies.",
        "Ancien livre de bibliothèque.",
    ),
}
_WORTH = {"new": 1.0, "as_new": 0.95, "very_good": 0.8, "good": 0.62, "acceptable": 0.4}


class Offer(NamedTuple):
    """One row of a shop's list. `price_minor` and `quantity` are None where the shop left them blank."""

    title: Title
    sku: str
    gtin: str  # as written in the list: wrong where `fault` says so, empty where lost
    price_minor: int | None
    quantity: int | None
    availability: str  # in_stock, orderable, preorder, temporarily_unavailable, unavailable
    days: int | None  # until an orderable article is there
    condition: str  # new, as_new, very_good, good, acceptable
    signed: bool
    first_edition: bool
    fault: str = ""
    remark: str = ""  # on this very copy


def offers_by_shop(shops: Sequence[DemoShop], titles: Sequence[Title], *, seed: int) -> dict[str, list[Offer]]:
    """The offers of every bookshop, keyed by slug; every title with a number is carried by one shop at least.

    Titles without a number stand in the list of the shop whose dialect is `english_comma` alone.
    """
    bookshops = [shop for shop in shops if shop.english or shop.french]
    carried = {shop.slug: _carried(shop, titles, random.Random(f"{seed} {shop.slug} titles")) for shop in bookshops}
    general = [shop for shop in bookshops if not shop.taste and shop.feed_dialect != "second_hand"]
    missing = set(range(len(titles))).difference(*carried.values())
    for place in sorted(missing):
        if titles[place].gtin:
            willing = [shop for shop in general if _share(shop, titles[place]) > 0.1]
            carried[willing[place % len(willing)].slug].add(place)
    for shop in bookshops:
        if shop.feed_dialect == "english_comma":
            carried[shop.slug].update(place for place in missing if not titles[place].gtin)
    return {
        shop.slug: _offers(shop, [titles[place] for place in sorted(carried[shop.slug])], seed) for shop in bookshops
    }


def _share(shop: DemoShop, title: Title) -> float:
    if shop.taste and title.subject not in shop.taste:
        return 0.0
    return shop.french if title.language == "fre" else shop.english


def _carried(shop: DemoShop, titles: Sequence[Title], chance: random.Random) -> set[int]:
    """Places of the titles it has: what is much read, more often."""
    carried = set()
    for place, title in enumerate(titles):
        drawn = chance.random()
        likely = _share(shop, title) * (0.6 + 0.8 * title.popularity)
        if title.gtin and (drawn < likely or (title.gtin in FEATURED and _share(shop, title) > 0.1)):
            carried.add(place)
    return carried


def _offers(shop: DemoShop, titles: Sequence[Title], seed: int) -> list[Offer]:
    chance = random.Random(f"{seed} {shop.slug} offers")
    letters = "".join(word[0] for word in shop.slug.split("-")).upper()
    offers: list[Offer] = []
    for number, title in enumerate(titles, 1):
        offer = _offer(shop, title, f"{letters}-{number:05d}", chance)
        faulty = chance.random() < FAULT_SHARE and title.gtin and title.gtin not in FEATURED
        fault = chance.choice(FAULTS) if faulty else ""
        offers.append(_with_fault(offer, fault) if fault else offer)
        if fault == "duplicate":
            offers.append(offer._replace(quantity=1, fault="duplicate"))
        if shop.feed_dialect == "second_hand" and title.gtin and chance.random() < 0.02:
            offers.append(_offer(shop, title, f"{letters}-{number:05d}b", chance))
    return offers


def _offer(shop: DemoShop, title: Title, sku: str, chance: random.Random) -> Offer:
    second_hand = shop.feed_dialect == "second_hand"
    used = second_hand or (shop.feed_dialect == "till_tab" and chance.random() < 0.08)
    condition = chance.choices(*_WORN)[0] if used else "new"
    quantity = 1 if used else chance.choices(*_QUANTITIES)[0]
    if title.gtin in FEATURED:
        quantity = max(quantity, 2)
    availability, days = "in_stock", None
    if quantity == 0:
        availability = chance.choices(
            ("orderable", "temporarily_unavailable", "preorder", "unavailable"), (70, 20, 6, 4)
        )[0]
        days = chance.choice((3, 5, 8, 15)) if availability == "orderable" else None
    return Offer(
        title=title,
        sku=sku,
        gtin=title.gtin,
        price_minor=_price(shop, title, condition, chance),
        quantity=quantity,
        availability=availability,
        days=days,
        condition=condition,
        signed=second_hand and chance.random() < 0.03,
        first_edition=second_hand and chance.random() < 0.02,
        remark=_remark(sku, condition) if second_hand else "",
    )


def _remark(sku: str, condition: str) -> str:
    """By the number alone, so that what is drawn by chance stays as it is."""
    said, place = _REMARKS[condition], crc32(sku.encode())
    return said[place % len(said)] if place % 3 else ""


def _price(shop: DemoShop, title: Title, condition: str, chance: random.Random) -> int:
    """Cents, ending as the shop likes it: .95 in most, .99 in English shops, whole or half dollars second-hand."""
    off = shop.discount_percent + chance.choice((0, 0, 0, 0, 5, -3))
    price = title.price_minor * (100 - off) / 100 * (_WORTH[condition] if condition != "new" else 1)
    if shop.feed_dialect == "second_hand":
        return max(200, round(price / 50) * 50)
    return max(495, round(price / 100) * 100 - (1 if shop.language == "en" else 5))


def _with_fault(offer: Offer, fault: str) -> Offer:
    if fault == "check_digit":
        return offer._replace(gtin=offer.gtin[:-1] + str((int(offer.gtin[-1]) + 1) % 10), fault=fault)
    if fault == "no_price":
        return offer._replace(price_minor=None, fault=fault)
    if fault == "no_quantity":
        return offer._replace(quantity=None, availability="in_stock", days=None, fault=fault)
    return offer._replace(fault=fault)
