"""Blocks of the home page."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from search import text


class IsbnBlock(blocks.CharBlock):
    """A book by its ISBN in any spelling; kept as thirteen digits."""

    def clean(self, value: object) -> str:
        gtin = text.isbn_query(str(super().clean(value)))
        if gtin is None:
            raise ValidationError(_("This is no ISBN: check its digits."))
        return str(gtin)


class ShelfBlock(blocks.StructBlock):
    """One editorial shelf, in both languages."""

    title_fr = blocks.CharBlock(max_length=80, label=_("Title in French"))
    title_en = blocks.CharBlock(max_length=80, required=False, label=_("Title in English"))
    intro_fr = blocks.TextBlock(required=False, label=_("Introduction in French"))
    intro_en = blocks.TextBlock(required=False, label=_("Introduction in English"))
    isbns = blocks.ListBlock(IsbnBlock(label="ISBN"), min_num=1, max_num=30, label=_("Books"))

    class Meta:
        icon = "list-ul"
        label = _("Shelf")
