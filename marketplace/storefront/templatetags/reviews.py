"""A score as stars for the eye and as words for the ear."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from marketplace.readers.reviews import BEST

register = template.Library()


@register.simple_tag
def stars(score: float) -> SafeString:
    """`{% stars 4.25 %}` → four stars of five, and "4.3 out of 5" for screen readers."""
    full = min(BEST, max(0, int(score + 0.5)))
    said = _("%(score)s out of %(best)d") % {"score": mean(score), "best": BEST}
    drawn = "★" * full + "☆" * (BEST - full)
    text = '<span class="stars" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>'
    return format_html(text, drawn, said)


@register.filter
def mean(score: float) -> str:
    """4.25 → "4.3", 4.0 → "4", in the locale's form."""
    rounded = int(score * 10 + 0.5) / 10
    return number_format(rounded, 0 if rounded == int(rounded) else 1)
