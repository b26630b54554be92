"""Documents as PDF: an A4 sheet with a letterhead, tables and page numbers, for a shop's accounts; and small labels.

The font is DejaVu Sans Condensed (`fonts/`, with its licence): the core fonts of PDF hold Western Europe alone, and a
title may be in any script. Only the letters that are used go into the file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import segno
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from marketplace.foundation import network

_FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
MARGIN_MM = 18
LABEL_MM = (100, 150)
"""Width and height of what printers of parcel labels take; on A4 it is printed as it is."""
_SOFT = (96, 96, 96)
_LINE = (200, 200, 200)


class Paper(FPDF):
    """`foot` stands below each page, with its number."""

    def __init__(self, *, title: str, language: str, foot: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.add_font(FONT, "", _FONTS / "DejaVuSansCondensed.ttf")
        self.add_font(FONT, "B", _FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.foot = foot
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM)
        self.set_title(title)
        self.set_lang(language)
        self.set_creation_date(made_at)  # the same document is the same file, whenever it is printed
        self.set_font(FONT, size=9)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=7.5)
        self.set_text_color(*_SOFT)
        self.cell(0, 5, self.foot)
        self.set_x(MARGIN_MM)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")
        self.set_text_color(0)

    def said(self, text: str, *, size: float = 9, bold: bool = False, soft: bool = False, align: str = "L") -> None:
        """A paragraph over the whole width."""
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(*(_SOFT if soft else (0, 0, 0)))
        self.multi_cell(0, size * 0.52, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)

    def said_at_right(self, text: str, *, size: float, bold: bool = False) -> None:
        """One line, from here to the right margin; the next begins below it at the same place."""
        self.set_font(FONT, "B" if bold else "", size)
        self.cell(0, size * 0.5, text, align="R", new_x=XPos.LEFT, new_y=YPos.NEXT)

    def bar(self, colour: str) -> None:
        """Across the top of the page, in #rrggbb."""
        self.set_fill_color(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
        self.rect(0, 0, self.w, 4, style="F")

    def letterhead(self, heading: str, left: Sequence[str], right: Sequence[str]) -> None:
        """The network's bar and name, two blocks of an address, the heading."""
        self.bar(network.current().colour)
        top, half = self.get_y(), self.epw / 2
        for x, texts in ((MARGIN_MM, left), (MARGIN_MM + half, right)):
            self.set_xy(x, top)
            for number, text in enumerate(texts):
                self.set_font(FONT, "" if number else "B", 9)
                self.multi_cell(half - 4, 4.6, text, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_xy(MARGIN_MM, max(self.get_y(), top + 4.6 * max(len(left), len(right))) + 7)
        self.said(heading, size=15, bold=True)
        self.ln(3)

    def rows(
        self,
        heading: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        widths: Sequence[int],
        numbers: int,
        sums: Sequence[str] = (),
    ) -> None:
        """A table whose last `numbers` columns stand right; its heading is repeated on each page."""
        self.set_font(FONT, size=8)
        self.set_draw_color(*_LINE)
        align = ["LEFT"] * (len(widths) - numbers) + ["RIGHT"] * numbers
        with self.table(
            col_widths=tuple(widths),
            text_align=tuple(align),
            v_align="TOP",
            borders_layout="HORIZONTAL_LINES",
            line_height=4.4,
            padding=0.8,
            headings_style=FontFace(emphasis="BOLD"),
        ) as table:
            table.row(list(heading))
            for row in rows:
                table.row(list(row))
            if sums:
                table.row(list(sums), style=FontFace(emphasis="BOLD"))
        self.ln(3)

    def bytes(self) -> bytes:
        return bytes(self.output())


class Labels(FPDF):
    """One label to a page, without head and foot."""

    def __init__(self, *, title: str, language: str, made_at: datetime) -> None:
        super().__init__(format=LABEL_MM)
        self.add_font(FONT, "", _FONTS / "DejaVuSansCondensed.ttf")
        self.add_font(FONT, "B", _FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_margins(8, 8, 8)
        self.set_auto_page_break(False)
        self.set_title(title)
        self.set_lang(language)
        self.set_creation_date(made_at)

    def said(self, text: str, *, size: float, bold: bool = False, most_mm: float = 150) -> None:
        """Lines over the whole width, smaller where they would be higher than `most_mm`: an address is never cut."""
        self.set_font(FONT, "B" if bold else "", size)
        while size > 6 and self._height(text, size) > most_mm:
            size -= 1
            self.set_font(FONT, "B" if bold else "", size)
        self.multi_cell(0, size * 0.45, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _height(self, text: str, size: float) -> float:
        lines = self.multi_cell(0, size * 0.45, text, align="L", dry_run=True, output="LINES")
        return len(lines) * size * 0.45 if isinstance(lines, list) else 0.0

    def bytes(self) -> bytes:
        return bytes(self.output())


def draw_qr(paper: FPDF, code: str, x: float, y: float, size_mm: float) -> None:
    """As dots of the page itself, sharp at any size."""
    matrix = segno.make(code, micro=False, error="m").matrix
    dot = size_mm / len(matrix)
    paper.set_fill_color(0)
    for down, row in enumerate(matrix):
        for along, is_dark in enumerate(row):
            if is_dark:
                paper.rect(x + along * dot, y + down * dot, dot, dot, style="F")
