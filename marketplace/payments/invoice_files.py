"""A document as PDF, from the words that it keeps: printed again it is the same file."""

from __future__ import annotations

from collections.abc import Sequence

from fpdf.enums import XPos, YPos

from marketplace.foundation.paper import FONT, MARGIN_MM, Paper
from marketplace.payments.models import Invoice

LINE_MM = 4.6
SUMS_MM = 92  # how wide the sums stand, at the right


def pdf(invoice: Invoice) -> bytes:
    """A4: seller and kind of document at the top, buyer and facts below, lines, sums by rate of tax, notes."""
    said = invoice.said
    heading = f"{said['title']} {said['number']}"
    foot = f"{said['seller'][0]} · {heading}"
    paper = Paper(title=heading, language=invoice.language, foot=foot, made_at=invoice.issued_at)
    paper.bar(said["colour"])
    top, half = paper.get_y(), paper.epw / 2
    left_ends = _block(paper, said["seller"], MARGIN_MM, top, half)
    paper.set_xy(MARGIN_MM + half, top)
    paper.said_at_right(said["title"], size=19, bold=True)
    paper.said_at_right(said["number"], size=11)
    top = max(left_ends, paper.get_y()) + 9
    paper.set_xy(MARGIN_MM, top)
    paper.said(said["to"], size=7.5, soft=True)
    left_ends = _block(paper, said["buyer"], MARGIN_MM, paper.get_y() + 0.6, half)
    right_ends = _facts(paper, said["facts"], MARGIN_MM + half, top)
    paper.set_xy(MARGIN_MM, max(left_ends, right_ends) + 9)
    paper.rows(said["columns"], said["rows"], widths=(82, 14, 26, 26, 26), numbers=4)
    _sums(paper, said["sums"], said["total"])
    for note in said["notes"]:
        paper.said(note, size=8.5)
        paper.ln(1.2)
    return paper.bytes()


def _block(paper: Paper, texts: Sequence[str], x: float, y: float, width: float) -> float:
    """Lines of an address, the first bold; where they end."""
    paper.set_xy(x, y)
    for number, text in enumerate(texts):
        paper.set_font(FONT, "" if number else "B", 9)
        paper.multi_cell(width - 6, LINE_MM, text, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
    return paper.get_y()


def _facts(paper: Paper, facts: Sequence[Sequence[str]], x: float, y: float) -> float:
    paper.set_xy(x, y)
    for label, value in facts:
        paper.set_x(x)
        paper.set_font(FONT, "", 9)
        paper.cell(34, LINE_MM, label)
        paper.set_font(FONT, "B", 9)
        paper.multi_cell(0, LINE_MM, value, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return paper.get_y()


def _sums(paper: Paper, sums: Sequence[Sequence[str]], total: Sequence[str]) -> None:
    """Kept on one page, at the right."""
    if paper.will_page_break((len(sums) + 2) * 6):
        paper.add_page()
    left = paper.w - MARGIN_MM - SUMS_MM
    for number, (label, amount) in enumerate([*sums, total]):
        last = number == len(sums)
        paper.set_font(FONT, "B" if last else "", 11 if last else 9)
        if last:
            paper.line(left, paper.get_y() + 0.8, paper.w - MARGIN_MM, paper.get_y() + 0.8)
            paper.ln(1.6)
        paper.set_x(left)
        paper.cell(SUMS_MM - 32, 5.6, label)
        paper.cell(32, 5.6, amount, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(7)
