"""Blocks of the home page and of editors' pages."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models.functions import Length
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from marketplace.catalogue import subjects
from marketplace.catalogue.models import Subject
from search import directory, text


class IsbnBlock(blocks.CharBlock):
    """A book by its ISBN in any spelling; kept as thirteen digits."""

    def clean(self, value: object) -> str:
        gtin = text.isbn_query(str(super().clean(value)))
        if gtin is None:
            raise ValidationError(_("This is no ISBN: check its digits."))
        return str(gtin)


def shop_choices() -> list[tuple[str, str]]:
    return [(card.slug, card.name) for card in directory.active().values()]


def subject_choices() -> list[tuple[str, str]]:
    """The two upper levels of the subjects, by their code, which puts each under its own."""
    upper = Subject.objects.filter(scheme=subjects.SCHEME).alias(depth=Length("code")).filter(depth__lte=2)
    name = "label_en" if (get_language() or "").startswith("en") else "label_fr"
    return list(upper.order_by("code").values_list("code", name))


class TitledBlock(blocks.StructBlock):
    """What every shelf has: its name and a few words, in both languages, and whose it is."""

    title_fr = blocks.CharBlock(max_length=80, label=_("Title in French"))
    title_en = blocks.CharBlock(max_length=80, required=False, label=_("Title in English"))
    intro_fr = blocks.TextBlock(required=False, label=_("Introduction in French"))
    intro_en = blocks.TextBlock(required=False, label=_("Introduction in English"))


class ShelfBlock(TitledBlock):
    """One editorial shelf: books that someone chose, a shop where one is named."""

    isbns = blocks.ListBlock(IsbnBlock(label="ISBN"), min_num=1, max_num=30, label=_("Books"))
    shop = blocks.ChoiceBlock(choices=shop_choices, required=False, label=_("Chosen by the shop"))

    class Meta:
        icon = "list-ul"
        label = _("Shelf")


class NewestBlock(TitledBlock):
    """A shelf that keeps itself up: what came last, of one shop, of one subject, of both or of all."""

    shop = blocks.ChoiceBlock(choices=shop_choices, required=False, label=_("What this shop has"))
    subject = blocks.ChoiceBlock(choices=subject_choices, required=False, label=_("Of this subject"))

    class Meta:
        icon = "date"
        label = _("What came last")


SHELVES = [("shelf", ShelfBlock()), ("newest", NewestBlock())]
