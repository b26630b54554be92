"""A drawn cover for a title without one: inline SVG, the same at every size, coloured by classes alone.

A plain function of the title's words, so it costs no query and no request."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TONES = 8
WIDTH, HEIGHT = 120, 180
"""Of the drawing's own coordinates: the usual 2 : 3 of a book."""

_TITLE_SIZES = ((17, 11, 4), (14, 14, 5), (11, 18, 7))
"""Font size, letters that fit in one line, lines that fit; the first that holds the title whole is taken."""
_SMALL_LETTERS = 20
_LEFT = 12


def drawn(title: str, contributors: str = "", publisher: str = "") -> SafeString:
    """The SVG; hidden from screen readers, since the title stands beside it."""
    size, lines = _set(title)
    top = 34 + size
    return format_html(
        '<svg class="drawn-cover tone-{}" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true">'
        '<rect class="drawn-ground" width="{}" height="{}"/><rect class="drawn-spine" width="5" height="{}"/>'
        '<text class="drawn-name" x="{}" y="24" font-size="8">{}</text>{}'
        '<text class="drawn-publisher" x="{}" y="168" font-size="8">{}</text></svg>',
        zlib.crc32(title.encode()) % TONES,
        *(WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT, HEIGHT),
        _LEFT,
        _cut(contributors, _SMALL_LETTERS),
        format_html_join(
            "",
            '<text class="drawn-title" x="{}" y="{}" font-size="{}">{}</text>',
            ((_LEFT, top + round(number * size * 1.2), size, line) for number, line in enumerate(lines)),
        ),
        _LEFT,
        _cut(publisher, _SMALL_LETTERS + 2),
    )


def _set(title: str) -> tuple[int, list[str]]:
    """Font size and lines in which the title fits, in the smallest size cut where it must be."""
    for size, letters, room in _TITLE_SIZES:
        lines = _broken(title.split(), letters)
        if len(lines) <= room and all(len(line) <= letters for line in lines):
            return size, lines
    kept = [_cut(line, letters) for line in lines[:room]]
    if len(lines) > room:
        kept[-1] = _cut(kept[-1], letters - 1).rstrip("…") + "…"
    return size, kept


def _broken(words: Sequence[str], letters: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= letters:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip(" ,.-") + "…"
