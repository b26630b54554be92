"""Fills a fresh Medusa with a shop of the known articles, over its Admin API: `medusa_seed.py ADDRESS`. Prints what the
tests have to know, as JSON. Nothing of what is tested has a part in it."""

from __future__ import annotations

import json
import sys

from known import CURRENCY, KNOWN
from medusa_admin import Admin


def main(address: str) -> None:
    ask = Admin(address)
    (store,) = ask.get("/admin/stores")["stores"]
    money = CURRENCY.lower()
    ask.post(f"/admin/stores/{store['id']}", {"supported_currencies": [{"currency_code": money, "is_default": True}]})
    region = ask.post("/admin/regions", {"name": "Canada", "currency_code": money, "countries": ["ca"]})["region"]
    channel = ask.post("/admin/sales-channels", {"name": "Halles"})["sales_channel"]
    other = ask.post("/admin/sales-channels", {"name": "Counter"})["sales_channel"]
    place = ask.post("/admin/stock-locations", {"name": "Shelf"})["stock_location"]
    ask.post(f"/admin/stock-locations/{place['id']}/sales-channels", {"add": [channel["id"], other["id"]]})
    ask.post(f"/admin/stock-locations/{place['id']}/fulfillment-providers", {"add": ["manual_manual"]})
    profile = ask.post("/admin/shipping-profiles", {"name": "Books", "type": "default"})["shipping_profile"]
    fulfillment = {"name": "Post", "type": "shipping"}
    sets = ask.post(f"/admin/stock-locations/{place['id']}/fulfillment-sets?fields=*fulfillment_sets", fulfillment)
    (made,) = sets["stock_location"]["fulfillment_sets"]
    zones = ask.post(
        f"/admin/fulfillment-sets/{made['id']}/service-zones",
        {"name": "Canada", "geo_zones": [{"type": "country", "country_code": "ca"}]},
    )
    option = ask.post(
        "/admin/shipping-options",
        {
            "name": "Halles",
            "service_zone_id": zones["fulfillment_set"]["service_zones"][0]["id"],
            "shipping_profile_id": profile["id"],
            "provider_id": "manual_manual",
            "price_type": "flat",
            "type": {"label": "Halles", "description": "Halles", "code": "halles"},
            "prices": [{"currency_code": money, "amount": 0}],
        },
    )["shipping_option"]
    for known in KNOWN:
        variant = {
            "title": "Default variant",
            "sku": known.sku,
            "barcode": known.gtin,
            "manage_inventory": True,
            "options": {"Form": "Book"},
            "prices": [{"currency_code": money, "amount": known.price / 100}],
        }
        ask.post(
            "/admin/products",
            {
                "title": known.title,
                "status": "published",
                "shipping_profile_id": profile["id"],
                "options": [{"title": "Form", "values": ["Book"]}],
                "variants": [variant],
                "sales_channels": [{"id": channel["id"]}, {"id": other["id"]}],
            },
        )
        (item,) = ask.get(f"/admin/inventory-items?sku={known.sku}")["inventory_items"]
        level = {"location_id": place["id"], "stocked_quantity": known.quantity}
        ask.post(f"/admin/inventory-items/{item['id']}/location-levels", level)
    key = ask.post("/admin/api-keys", {"title": "Halles", "type": "secret"})["api_key"]["token"]
    told = {"key": key, "region": region["id"], "channel": channel["id"], "other": other["id"]}
    print(json.dumps({**told, "location": place["id"], "option": option["id"]}))


if __name__ == "__main__":
    main(sys.argv[1])
