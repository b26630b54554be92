"""A record as a JSON object with the schema's own names, both ways, and the JSON Schema that says so.

The price is a decimal text ("12.90"), moments and dates are ISO 8601, all else is as `CatalogRecord` documents it.
docs/catalog-record.schema.json is written from `schema()`; a test holds the two together.
"""

from datetime import datetime
from typing import Any, NamedTuple

from catalog_sync import cleaning
from catalog_sync.canonical_fields import FIELDS, READERS, NegativeError
from catalog_sync.identifiers import gtin_text, identify
from catalog_sync.prices import NO_CURRENCY, read_price
from catalog_sync.reading.json_text import as_text
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import CatalogRecord, Condition, PriceKind
from marketplace.foundation.money import to_decimal


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one line: an article, a withdrawn article, the header or the end."""
    article = {
        "type": "object",
        "properties": FIELDS,
        "additionalProperties": False,
        "anyOf": [{"required": ["sku"]}, {"required": ["gtin"]}],
    }
    header = {
        "type": "object",
        "properties": {
            "halles": {"const": 1},
            "complete": {"type": "boolean"},
            "as_of": {"type": "string", "format": "date-time"},
        },
        "required": ["halles"],
        "additionalProperties": False,
    }
    end = {
        "type": "object",
        "properties": {"end": {"type": "integer", "minimum": 0}, "complete": {"type": "boolean"}},
        "required": ["end"],
        "additionalProperties": False,
    }
    gone = {
        "type": "object",
        "properties": {"gone": FIELDS["sku"]},
        "required": ["gone"],
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "One line of a Halles article list",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("article", "gone", "header", "end")],
        "$defs": {"article": article, "gone": gone, "header": header, "end": end},
    }


def as_json(record: CatalogRecord) -> dict[str, Any]:
    """A record with the schema's names: the price as a decimal text, times in ISO 8601."""
    values = record._asdict()
    if record.price is not None:
        values["price"] = str(to_decimal(record.price, record.currency))
    values["as_of"] = record.as_of.isoformat()
    return values


class Defaults(NamedTuple):
    """What counts where an object does not say."""

    currency: str
    contains_our_orders: bool
    speaks_for: tuple[str, ...] = ()  # of the lane: it overrules what the object says


class Understood(NamedTuple):
    """`record`, or `refused`: why there is none. `sku` and `as_of` are given wherever they could be read."""

    record: CatalogRecord | None
    issues: list[Reason]
    refused: Reason | None
    sku: str
    as_of: datetime | None


def from_json(values: dict[str, Any], defaults: Defaults, as_of: datetime) -> Understood:
    """The record an object describes. A field of the wrong type is left out and told; `as_of` counts where it names
    none."""
    issues: list[Reason] = []
    for name in values:
        if name not in FIELDS:
            issues.append(reason("field_unknown", value=name))
    gtin, wrong = identify(as_text(values.get("gtin")))
    if wrong:
        issues.append(wrong)
    sku = cleaning.sku(as_text(values.get("sku"))) or (gtin_text(gtin) if gtin is not None else "")
    found = {name: _value(name, values[name], issues) for name in READERS if values.get(name) is not None}
    speaks_for = defaults.speaks_for or found.get("speaks_for") or ()
    if not sku:
        return Understood(None, issues, reason("sku_missing"), "", None)
    if not found.get("title") and gtin is None and not speaks_for:
        return Understood(None, issues, reason("title_missing"), sku, None)
    if values.get("price_kind") == PriceKind.NET:
        issues.append(reason("price_net_only"))
    price, currency = _price(values, found.get("currency") or defaults.currency, issues)
    moment = found.get("as_of") or as_of
    given = {name: value for name, value in found.items() if value is not None}
    record = CatalogRecord(
        **{
            "title": "",
            "price_kind": PriceKind.RETAIL,
            "quantity": None,
            "contains_our_orders": defaults.contains_our_orders,
            "condition": Condition.NEW,
            **given,
            "sku": sku,
            "gtin": gtin,
            "price": price,
            "currency": currency,
            "availability": cleaning.availability_of(given.get("availability"), given.get("quantity")),
            "as_of": moment,
            "speaks_for": speaks_for,
        }
    )
    return Understood(record, issues, None, sku, moment)


def _price(values: dict[str, Any], currency: str, issues: list[Reason]) -> tuple[int | None, str]:
    """A price is a text: a bare number could be meant in cents."""
    stated = values.get("price")
    if currency == NO_CURRENCY or values.get("price_kind") == PriceKind.NET:
        return None, currency
    if stated is not None and not isinstance(stated, str):
        issues.append(reason("field_wrong", field="price", value=stated))
        stated = ""
    priced = read_price(stated or "", currency, ".", True)
    if priced.reason is not None and (stated or priced.reason.code != "price_missing"):
        issues.append(priced.reason)
    return priced.price, priced.currency


def _value(name: str, value: Any, issues: list[Reason]) -> Any:
    """A field's value, None where it cannot be taken."""
    try:
        return READERS[name](value)
    except NegativeError:
        issues.append(reason("quantity_negative", value=value))
        return 0
    except ValueError:
        issues.append(reason("field_wrong", field=name, value=value))
        return None
