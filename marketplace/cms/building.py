"""Make the home page and other pages from plain words: for the demo and for a new network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from django.db import transaction
from wagtail.models import Page, Site

from marketplace.cms.models import HomePage, Pick, StandardPage
from shops.models import Shop


class HomeText(Protocol):
    @property
    def title_fr(self) -> str: ...
    @property
    def title_en(self) -> str: ...
    @property
    def intro_fr(self) -> str: ...
    @property
    def intro_en(self) -> str: ...


class ShelfText(HomeText, Protocol):
    @property
    def gtins(self) -> Iterable[str]: ...


class PickText(Protocol):
    @property
    def gtin(self) -> str: ...
    @property
    def shop_slug(self) -> str: ...
    @property
    def signed(self) -> str: ...
    @property
    def text_fr(self) -> str: ...
    @property
    def text_en(self) -> str: ...


@transaction.atomic
def build_home(home: HomeText, shelves: Iterable[ShelfText], picks: Iterable[PickText] = ()) -> HomePage:
    """Write the one home page with its shelves and the shops' picks, replacing what stood there; the site then begins
    with it. Picks of shops that do not exist are left out."""
    page = HomePage.objects.first() or HomePage(title="Halles", slug="accueil")
    page.heading_fr, page.heading_en = home.title_fr, home.title_en
    page.intro_fr, page.intro_en = home.intro_fr, home.intro_en
    page.shelves = [("shelf", _block(shelf)) for shelf in shelves]
    if page.pk is None:
        Page.get_first_root_node().add_child(instance=page)
    page.save_revision().publish()
    _begin_with(page)
    _write_picks(picks)
    return page


@transaction.atomic
def build_page(slug: str, *, heading_fr: str, heading_en: str, body_fr: str, body_en: str) -> StandardPage:
    """Write a page of text below the home page, or write it anew. Bodies are HTML of the kinds the editor allows."""
    page = StandardPage.objects.filter(slug=slug).first() or StandardPage(slug=slug)
    page.title, page.heading_fr, page.heading_en = heading_fr, heading_fr, heading_en
    page.body_fr, page.body_en = body_fr, body_en
    if page.pk is None:
        Site.objects.get(is_default_site=True).root_page.add_child(instance=page)
    page.save_revision().publish()
    return page


def _block(shelf: ShelfText) -> dict[str, object]:
    texts = {name: getattr(shelf, name) for name in ("title_fr", "title_en", "intro_fr", "intro_en")}
    return {**texts, "isbns": [str(gtin) for gtin in shelf.gtins]}


def _begin_with(page: HomePage) -> None:
    """The default site's root becomes our page; Wagtail's welcome page goes."""
    site, _ = Site.objects.get_or_create(is_default_site=True, defaults={"hostname": "localhost", "root_page": page})
    before = site.root_page
    if before.pk == page.pk:
        return
    site.root_page = page
    site.save()
    if before.specific_class is not Page:
        return
    for child in before.get_children():  # pages that were written before there was a home page
        child.move(page, pos="last-child")
    Page.objects.get(pk=before.pk).delete()


def _write_picks(picks: Iterable[PickText]) -> None:
    shops = dict(Shop.objects.values_list("slug", "pk"))
    for pick in picks:
        if pick.shop_slug in shops:
            Pick.objects.update_or_create(
                gtin=int(pick.gtin),
                shop_id=shops[pick.shop_slug],
                defaults={"signed": pick.signed, "text_fr": pick.text_fr, "text_en": pick.text_en},
            )
