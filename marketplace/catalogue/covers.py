"""A drawn cover for a title without one: inline SVG, the same at every size, coloured by classes alone.

A plain function of the title's words, so it costs no query and no request."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

TONES = 8
WIDTH, HEIGHT = 120, 180
"""Of the drawing's own coordinates: the usual 2 : 3 of a book."""

_TITLE_SIZES = ((17, 4), (14, 6), (11, 8))
"""Font size and lines that fit; the first that holds the title whole is taken."""
_SMALL_SIZE = 8
_LEFT = 12
_ROOM = WIDTH - 2 * _LEFT
_NARROW, _BROAD = frozenset("iljtfrI'’.,:;!()| "), frozenset("mwMW@%&œæŒÆ")


@lru_cache(maxsize=2048)
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
        _cut(contributors, _SMALL_SIZE),
        format_html_join(
            "",
            '<text class="drawn-title" x="{}" y="{}" font-size="{}">{}</text>',
            ((_LEFT, top + round(number * size * 1.2), size, line) for number, line in enumerate(lines)),
        ),
        _LEFT,
        _cut(publisher, _SMALL_SIZE),
    )


def _set(title: str) -> tuple[int, list[str]]:
    """Font size and lines in which the title fits, in the smallest size cut where it must be."""
    for size, room in _TITLE_SIZES:
        lines = _broken(title.split(), size)
        if len(lines) <= room and all(_width(line, size) <= _ROOM for line in lines):
            return size, lines
    kept = [_cut(line, size) for line in lines[:room]]
    if len(lines) > room:
        kept[-1] = _cut(kept[-1] + "…" * 3, size)
    return size, kept


def _broken(words: Sequence[str], size: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and _width(f"{lines[-1]} {word}", size) <= _ROOM:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _cut(text: str, size: int) -> str:
    if _width(text, size) <= _ROOM:
        return text
    while text and _width(text + "…", size) > _ROOM:
        text = text[:-1]
    return text.rstrip(" ,.-…") + "…"


def _width(text: str, size: int) -> float:
    """About as wide as Source Serif 4 semibold draws it; a little more, to be safe."""
    return size * sum(
        0.34 if letter in _NARROW else 0.95 if letter in _BROAD else 0.72 if letter.isupper() else 0.58
        for letter in text
    )
