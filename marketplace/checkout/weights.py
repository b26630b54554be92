"""What an article weighs: as a source says, else by its form."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.catalogue.models import Form, ProductFacts

# Grams. Rounded up from what such things usually weigh, so that a parcel rarely costs its shop more than the reader
# paid: a trade paperback of 300 pages on 80 g paper weighs 330 g, a pocket book of 250 pages 170 g, a hardback of 350
# pages 560 g, an album of 48 pages 520 g. A shop that knows better says so in its table of postage.
BY_FORM: Mapping[str, int] = {
    Form.HARDBACK: 600,
    Form.PAPERBACK: 350,
    Form.POCKET: 200,
    Form.BOOK: 400,
    Form.COMIC: 550,
    Form.BOARD: 450,
    Form.EBOOK: 0,
    Form.AUDIO: 120,
    Form.VIDEO: 120,
    Form.MAP: 120,
    Form.MUSIC: 150,
    Form.CALENDAR: 500,
    Form.GAME: 900,
    Form.STATIONERY: 300,
    Form.GOODS: 500,
    Form.OTHER: 500,
}
BOOK, ANYTHING = BY_FORM[Form.BOOK], BY_FORM[Form.OTHER]


def grams(facts: ProductFacts | None) -> int:
    """One unit, without packaging."""
    if facts is None:
        return ANYTHING
    if facts.weight_grams is not None:
        return facts.weight_grams
    return BY_FORM.get(facts.form, BOOK if facts.is_book else ANYTHING)
