"""Articles that deliver themselves: what a shop uploads for one (`uploading`), licence codes and who has them
(`codes`), where a sold line gets its file, link or codes from (`providing`), and what the reader then does with it
(`handing_out`)."""

from __future__ import annotations

from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import Form, ProductFacts
from shops.models import Availability, Download


def of(record: StockRecord) -> Download | None:
    """What makes a record a download; read with it (`select_related("download")`), else by a query."""
    return getattr(record, "download", None)


def is_digital(facts: ProductFacts | None, availability: str) -> bool:
    """Whether nothing is handed over: an e-book, or anything that the shop says is a download."""
    return availability == Availability.DIGITAL or bool(facts and facts.form == Form.EBOOK)


def may_be(record: StockRecord) -> bool:
    """Whether something may be uploaded for it: that alone makes no download of a paperback."""
    terms, facts = getattr(record, "terms", None), getattr(record.product, "facts", None)
    return of(record) is not None or is_digital(facts, terms.availability if terms else "")
