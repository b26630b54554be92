"""Pages that editors write. Each text stands in both languages on one page: one address, one tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.snippets.models import register_snippet

from marketplace.cms import slugs
from marketplace.cms.blocks import SHELVES
from marketplace.cms.shelves import in_language, shown_shelves
from search import availability, directory
from search.reader import reader_of
from search.rows import Row
from shops.models import Shop

PICKS_SHOWN = 6
SHOPS_SHOWN = 6
_FEATURES = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "document-link"]


@register_snippet
class Pick(models.Model):
    """A book that someone of a shop stands for, in their own words and with their name."""

    gtin = models.BigIntegerField("ISBN", db_index=True, help_text=_("Thirteen digits."))
    shop = models.ForeignKey("shops.Shop", on_delete=models.CASCADE, related_name="picks")
    signed = models.CharField(max_length=80, help_text=_("Who says so."))
    text_fr = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    live = models.BooleanField(default=True)
    picked_at = models.DateTimeField(auto_now_add=True)

    panels = [FieldPanel(name) for name in ("gtin", "shop", "signed", "text_fr", "text_en", "live")]

    class Meta:
        ordering = ["-picked_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.gtin} by {self.signed}"


class OurPage(Page):
    """What our pages share: they render at once (a TemplateResponse would meet the basket), and their slug is free."""

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        if self.slug in slugs.taken():
            raise ValidationError({"slug": _("Another part of the site answers at this address: choose another slug.")})

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return render(request, self.get_template(request), self.get_context(request))

    def said(self, name: str) -> str:
        """A text in the reader's language, or the other where it is missing."""
        return in_language(getattr(self, f"{name}_fr"), getattr(self, f"{name}_en"))


class HomePage(OurPage):
    """What a reader meets first: search, shelves, shops near them, picks."""

    heading_fr = models.CharField(max_length=120)
    heading_en = models.CharField(max_length=120, blank=True)
    intro_fr = models.TextField(blank=True)
    intro_en = models.TextField(blank=True)
    shelves = StreamField(SHELVES, blank=True)

    template = "cms/home.html"
    max_count = 1
    parent_page_types = ["wagtailcore.Page"]
    content_panels = [
        *Page.content_panels,
        MultiFieldPanel([FieldPanel("heading_fr"), FieldPanel("heading_en")], heading=_("Heading")),
        MultiFieldPanel([FieldPanel("intro_fr"), FieldPanel("intro_en")], heading=_("Introduction")),
        FieldPanel("shelves"),
    ]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context(request, *args, **kwargs)
        return {**context, **home_context(request, self)}


class StandardPage(OurPage):
    """A page of text, perhaps with shelves below: a themed list, a shop's selection."""

    heading_fr = models.CharField(max_length=120)
    heading_en = models.CharField(max_length=120, blank=True)
    body_fr = RichTextField(features=_FEATURES, blank=True)
    body_en = RichTextField(features=_FEATURES, blank=True)
    shelves = StreamField(SHELVES, blank=True)

    template = "cms/standard.html"
    content_panels = [
        *Page.content_panels,
        FieldPanel("heading_fr"),
        FieldPanel("heading_en"),
        FieldPanel("body_fr"),
        FieldPanel("body_en"),
        FieldPanel("shelves"),
    ]

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context(request, *args, **kwargs)
        shelves, _others = shown_shelves(self.shelves, reader_of(request))
        said = {"heading": self.said("heading"), "body": self.said("body"), "shown_shelves": shelves}
        return {**context, **said}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPick:
    pick: Pick
    row: Row


def home_context(request: HttpRequest, page: HomePage | None) -> dict[str, Any]:
    """What the home page shows; without a page (a new installation) search and shops alone. The titles of all shelves
    and picks are read together, in three queries."""
    reader = reader_of(request)
    picks = list(Pick.objects.filter(live=True, shop__status=Shop.Status.ACTIVE).select_related("shop")[:PICKS_SHOWN])
    shelves, found = shown_shelves(page.shelves if page else [], reader, {pick.gtin for pick in picks})
    return {
        "heading": page.said("heading") if page else "",
        "intro": page.said("intro") if page else "",
        "shown_shelves": shelves,
        "shown_picks": [ShownPick(pick=pick, row=found[pick.gtin]) for pick in picks if pick.gtin in found],
        "entries": availability.entries(reader.place, reader.now)[:SHOPS_SHOWN],
        "shop_count": len(directory.active()),
        "reader": reader,
    }
