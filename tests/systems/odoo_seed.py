"""Fills a fresh Odoo database with a shop of the known articles. Run in Odoo's own shell (`scripts/odoo`), which gives
`env`: nothing of what is tested has a part in it."""

# ruff: noqa: F821
from datetime import datetime, timedelta

from known import CURRENCY, KNOWN

COMPANY, OURS, COUNTER = "Librairie Odoo", "HALLES", "COUNTER"
STAMPED = ("product_template", "product_product", "stock_quant", "stock_move", "stock_move_line")

money = env["res.currency"].with_context(active_test=False).search([("name", "=", CURRENCY)])
money.active = True
company = env.company
company.write({"name": COMPANY, "currency_id": money.id, "country_id": env.ref("base.ca").id})
env["product.pricelist"].with_context(active_test=False).search([]).write({"currency_id": money.id})
group = env["account.tax.group"].create({"name": "GST", "country_id": env.ref("base.ca").id})
tax = env["account.tax"].create(
    {
        "name": "GST 5%",
        "amount": 5,
        "type_tax_use": "sale",
        "tax_group_id": group.id,
        "country_id": env.ref("base.ca").id,
    }
)
house = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
goods = {"type": "consu", "is_storable": True, "sale_ok": True, "taxes_id": [(6, 0, tax.ids)]}
for known in KNOWN:
    facts = {"name": known.title, "default_code": known.sku, "barcode": known.gtin, "list_price": known.price / 100}
    product = env["product.product"].create({**goods, **facts})
    counted = {"product_id": product.id, "location_id": house.lot_stock_id.id, "inventory_quantity": known.quantity}
    env["stock.quant"].with_context(inventory_mode=True).create(counted).action_apply_inventory()
# Neither is for sale to readers: a service, and goods that the shop uses itself.
env["product.product"].create({"name": "Wrapping", "type": "service", "list_price": 3})
env["product.product"].create({"name": "Shelf", "type": "consu", "sale_ok": False})
for name in (OURS, COUNTER):
    env["res.partner"].create(
        {"name": name.title(), "ref": name, "street": "1 rue X", "country_id": env.ref("base.ca").id}
    )
groups = [env.ref("sales_team.group_sale_salesman_all_leads").id, env.ref("stock.group_stock_user").id]
user = env["res.users"].create(
    {"name": "Halles", "login": "halles", "group_ids": [(6, 0, [env.ref("base.group_user").id, *groups])]}
)
env.ref("base.user_admin").password = "admin"
until = datetime.now() + timedelta(days=3650)
key = env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "Halles", until)
env.flush_all()
for table in STAMPED:  # otherwise all is still news, and a reading of changes would find what it must not
    env.cr.execute(f"UPDATE {table} SET create_date = '2026-01-01 00:00:00', write_date = '2026-01-01 00:00:00'")
env.cr.commit()
print(f"KEY={key}")
