"""Feeds that web shops write: Shopify's product export and a Google Merchant feed."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from demo.assortment import Offer
from demo.goods import Good
from demo.shop_records import DemoShop
from demo.titles import SUBJECTS

SHOPIFY_COLUMNS = (
    *("Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published"),
    *("Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value"),
    *("Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty"),
    *("Variant Inventory Policy", "Variant Fulfillment Service", "Variant Price", "Variant Compare At Price"),
    *("Variant Requires Shipping", "Variant Taxable", "Variant Barcode", "Image Src", "Image Position"),
    *("Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Google Shopping / Condition"),
    *("Google Shopping / Custom Label 0", "Variant Image", "Variant Weight Unit", "Variant Tax Code"),
    *("Cost per item", "Status"),
)
# Every so many products a used copy stands beside the new one, as a second variant of the same handle.
_USED_EVERY = 30
_FORMS = {"BB": "Hardcover", "BC": "Paperback", "BA": "Book"}


def shopify(shop: DemoShop, offers: Sequence[Offer], sent_at: datetime) -> tuple[bytes, int]:
    """Shopify's "export products" in UTF-8: the title, vendor and status of a handle stand on its first row alone."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SHOPIFY_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    rows = 0
    for place, offer in enumerate(offers):
        used = place % _USED_EVERY == 7 and not offer.fault
        first = _variant(offer) | _listing(offer) | {"Option1 Name": "Condition" if used else "Title"}
        first["Option1 Value"] = "New" if used else "Default Title"
        writer.writerow(first)
        rows += 1
        if used:
            price = (offer.price_minor or 0) * 6 // 1000 * 100 + 50
            second = offer._replace(sku=offer.sku + "-U", price_minor=price, quantity=1)
            writer.writerow(_variant(second) | {"Handle": first["Handle"], "Option1 Value": "Used - Good"})
            rows += 1
    return text.getvalue().encode(), rows


def _listing(offer: Offer) -> dict[str, str]:
    title = offer.title
    people = ", ".join(name for name, _ in title.contributors)
    series = f" ({title.series}, #{title.series_number})" if title.series_number else ""
    body = f"<p>By <strong>{escape(people)}</strong>{escape(series)}. {title.pages} pages.</p>"
    return {
        "Handle": f"{_handle(title.title)}-{offer.sku.lower()}",
        "Title": title.title,
        "Body (HTML)": body + (f"<p>{escape(title.description)}</p>" if title.description else ""),
        "Vendor": title.publisher,
        "Product Category": "Media > Books > Print Books",
        "Type": _FORMS[title.form],
        "Tags": ", ".join(filter(None, (SUBJECTS[title.subject][1].replace(",", ""), title.language))),
        "Published": "true",
        "Gift Card": "false",
        "Google Shopping / Condition": "new",
        "Google Shopping / Custom Label 0": f"synthetic: {title.synthetic}",
        "Status": "archived" if offer.availability == "unavailable" else "active",
    }


def _variant(offer: Offer) -> dict[str, str]:
    return {
        "Variant SKU": offer.sku,
        "Variant Grams": str(offer.title.pages + 60),
        "Variant Inventory Tracker": "shopify" if offer.quantity is not None else "",
        "Variant Inventory Qty": "" if offer.quantity is None else str(offer.quantity),
        "Variant Inventory Policy": "continue" if offer.availability == "orderable" else "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": "" if offer.price_minor is None else f"{offer.price_minor / 100:.2f}",
        "Variant Requires Shipping": "true",
        "Variant Taxable": "true",
        "Variant Barcode": offer.gtin,
        "Variant Weight Unit": "g",
    }


def _handle(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "book"


def merchant_rss(shop: DemoShop, goods: Sequence[Good], sent_at: datetime) -> tuple[bytes, int]:
    """Google's RSS 2.0: title, link and description without a prefix, the rest `g:`; handmade things have no GTIN."""
    home = f"https://{shop.slug}.example.org"
    items = [_item(home, place, good) for place, good in enumerate(goods, 1)]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
        f"<title>{escape(shop.name)}</title><link>{home}/</link><description>{escape(shop.description_fr)}</description>\n"
        f"<lastBuildDate>{format_datetime(sent_at)}</lastBuildDate>\n{''.join(items)}</channel>\n</rss>\n"
    )
    return text.encode(), len(items)


def _item(home: str, place: int, good: Good) -> str:
    availability = "out of stock" if place % 11 == 0 else "backorder" if place % 13 == 0 else "in stock"
    # One price has been forgotten, as happens.
    price = "" if place == 23 else f"<g:price>{good.price_minor / 100:.2f} CAD</g:price>"
    return (
        f"<item><g:id>ADF-{place:03d}</g:id><title>{escape(good.name)}</title><link>{home}/produits/{place}</link>"
        f"<description>{escape(good.description)}</description><g:brand>{escape(good.maker)}</g:brand>"
        f"<g:condition>new</g:condition><g:availability>{availability}</g:availability>{price}"
        f"<g:product_type>{escape(good.shelf)}</g:product_type><g:size>{escape(good.size)}</g:size>"
        "<g:identifier_exists>no</g:identifier_exists><g:custom_label_0>synthetic</g:custom_label_0></item>\n"
    )
