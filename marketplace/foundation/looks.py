"""Colours and logos that a network or a shop gives: whether they can be read, and be shown."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

LOGO_BYTES = 2 * 1024 * 1024
LOGO_PIXELS = 4000
LOGO_FORMATS = {"PNG", "JPEG", "WEBP"}
READABLE = 4.5
"""The least contrast of text with its ground (WCAG 2.2, 1.4.3)."""
_DARK_TEXT, _LIGHT_TEXT = "#0b1f17", "#ffffff"


def contrast(one: str, other: str) -> float:
    """Of two colours (#rrggbb), by WCAG's relative luminance: 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """Black or white, whichever is easier to read on `colour` (#rrggbb)."""
    return _LIGHT_TEXT if contrast(colour, _LIGHT_TEXT) >= READABLE else _DARK_TEXT


def sheet(light: str, dark: str) -> str:
    """A style sheet that lays these colours over the tokens."""
    return f":root{{{_colours(light)}}}@media (prefers-color-scheme:dark){{:root{{{_colours(dark)}}}}}\n"


def checked_logo(logo: object) -> object:
    """An uploaded picture that Pillow has opened by now: what it is decides, not its name. Raises ValidationError."""
    if not isinstance(logo, UploadedFile):
        return logo
    image = logo.image  # type: ignore[attr-defined]
    if image.format not in LOGO_FORMATS:
        raise ValidationError(_("Give a PNG, JPEG or WebP picture; this is %(kind)s.") % {"kind": image.format})
    if (logo.size or 0) > LOGO_BYTES:
        raise ValidationError(_("The logo is larger than 2 MB. Make it smaller."))
    if max(image.size) > LOGO_PIXELS:
        raise ValidationError(_("The logo is more than %(most)s pixels wide or high.") % {"most": LOGO_PIXELS})
    return logo


def _colours(colour: str) -> str:
    return f"--green:{colour};--on-green:{text_on(colour)}"


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
