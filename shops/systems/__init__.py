"""The shop systems that we call: {kind: System}. Each has one client file here, which its adapter
(`catalog_sync/adapters/`) and its channel (`shops/channels/`) share."""

from django.utils.translation import gettext_lazy as _

from marketplace.foundation import plugins
from shops.systems.access import Asked, System
from shops.systems.steps import STEPS

ON_HAND, AVAILABLE = "on_hand", "available"  # shops.models.Shop.StockKind, which is not loaded yet

SYSTEMS: dict[str, System] = {
    "dolibarr": System(
        "Dolibarr",
        "shops.systems.dolibarr.Dolibarr",
        (
            Asked("address", _("Address"), _("Of your Dolibarr, such as https://erp.example.org.")),
            Asked("key", _("API key"), _("Of a user of its own, made on the user's card."), True),
            Asked("warehouse", _("Warehouse"), _("Its name or code; empty where there is one alone."), is_needed=False),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("Code of the customer as whom our orders are entered. Empty: orders do not go to Dolibarr."),
                is_needed=False,
            ),
        ),
        numbers=(AVAILABLE,),
        booked=_("once the order is validated, which follows its entry at once"),
        steps=STEPS["dolibarr"],
    ),
    "ecwid": System(
        "Ecwid",
        "shops.systems.ecwid.Ecwid",
        (
            Asked("address", _("Address"), _("https://app.ecwid.com/api/v3, Ecwid’s own for every shop.")),
            Asked("store", _("Store ID"), _("The number of your shop, at the foot of each page in Ecwid.")),
            Asked("key", _("Key"), _("The secret token of your custom app, “secret_…”."), True),
        ),
        numbers=(AVAILABLE,),
        booked=_("at once, as the order is made"),
        steps=STEPS["ecwid"],
    ),
    "erpnext": System(
        "ERPNext",
        "shops.systems.erpnext.ERPNext",
        (
            Asked("address", _("Address"), _("Of your site, such as https://shop.example.org.")),
            Asked("key", _("API key"), _("Of a user of its own, made under Users, Settings, API Access."), True),
            Asked("secret", _("API secret"), _("Shown once, as the keys are made."), True),
            Asked(
                "warehouse",
                _("Warehouse"),
                _("Its name, with the company's; empty where there is one alone."),
                is_needed=False,
            ),
            Asked("price_list", _("Price list"), _("Its name; empty: Standard Selling."), is_needed=False),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("The customer as whom our orders are entered. Empty: orders do not go to ERPNext."),
                is_needed=False,
            ),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("at once, as the order is submitted"),
        steps=STEPS["erpnext"],
    ),
    "lightspeed": System(
        "Lightspeed X-Series",
        "shops.systems.lightspeed.Lightspeed",
        (
            Asked("address", _("Address"), _("Of your shop there, such as https://name.retail.lightspeed.app.")),
            Asked("key", _("Personal token"), _("Made under Setup, Personal tokens."), is_secret=True, is_needed=False),
            Asked("client_id", _("Application"), _("Without a personal token: its client id."), is_needed=False),
            Asked("client_secret", _("Secret of the application"), is_secret=True, is_needed=False),
            Asked("code", _("Code"), _("From the address to which Lightspeed sent you back."), True, is_needed=False),
            Asked("outlet", _("Outlet"), _("Its name; empty where there is only one."), is_needed=False),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("Code of the customer on whose account our orders are entered. Empty: orders do not go there."),
                is_needed=False,
            ),
        ),
        numbers=(AVAILABLE,),
        booked=_("as soon as the sale is entered on account"),
        steps=STEPS["lightspeed"],
        renews=True,
    ),
    "prestashop": System(
        "PrestaShop",
        "shops.systems.prestashop.PrestaShop",
        (
            Asked("address", _("Address"), _("Of your shop, such as https://shop.example.org.")),
            Asked("key", _("Key"), _("Of the webservice, made under Advanced Parameters, Webservice."), True),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("E-mail address of the customer as whom our orders are entered. Empty: orders do not go there."),
                is_needed=False,
            ),
            Asked("carrier", _("Carrier"), _("Its name; empty where there is only one."), is_needed=False),
            Asked(
                "module",
                _("Payment module"),
                _("The technical name of one that is installed; empty: ps_wirepayment."),
                is_needed=False,
            ),
        ),
        numbers=(AVAILABLE,),
        booked=_("at once, as the order is made"),
        steps=STEPS["prestashop"],
    ),
    "square": System(
        "Square",
        "shops.systems.square.Square",
        (
            Asked("address", _("Address"), _("https://connect.squareup.com, Square's own for every shop.")),
            Asked("key", _("Key"), _("The production access token of your application in Square's console."), True),
            Asked("location", _("Location"), _("Its name; empty where there is only one."), is_needed=False),
        ),
        numbers=(AVAILABLE,),
        booked=_("once the order is paid from outside, which follows its entry at once"),
        steps=STEPS["square"],
        webhooks=True,
    ),
    "tryton": System(
        "Tryton",
        "shops.systems.tryton.Tryton",
        (
            Asked("address", _("Address"), _("Of your Tryton server, such as https://tryton.example.org.")),
            Asked("database", _("Database"), _("Its name, as you choose it when you sign in.")),
            Asked("key", _("Key"), _("Of a user application “REST API”, validated in the user's preferences."), True),
            Asked("company", _("Company"), _("Its name; empty where there is one alone."), is_needed=False),
            Asked("warehouse", _("Warehouse"), _("Its name or code; empty where there is one alone."), is_needed=False),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("Code of the party under which our orders are entered. Empty: orders do not go to Tryton."),
                is_needed=False,
            ),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("once the sale is “processing”, which follows its confirmation at once"),
        steps=STEPS["tryton"],
    ),
    "vendure": System(
        "Vendure",
        "shops.systems.vendure.Vendure",
        (
            Asked("address", _("Address"), _("Of your Vendure server, such as https://shop.example.org.")),
            Asked(
                "key",
                _("Key"),
                _(
                    "An API key (Vendure 3.6 or newer) of a role with ReadProduct, ReadStockLocation, ReadSettings; "
                    "for orders ReadCustomer, ReadShippingMethod, ReadOrder, CreateOrder, UpdateOrder too."
                ),
                is_secret=True,
            ),
            Asked("channel", _("Channel"), _("Its token; empty for the default channel."), is_needed=False),
            Asked("location", _("Stock location"), _("Its name; empty: the copies of all of them."), is_needed=False),
            Asked(
                "gtin_field",
                _("Field of the ISBN or EAN"),
                _("Name of your custom field of variants. Empty: a SKU that is an EAN counts as one."),
                is_needed=False,
            ),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("E-mail address of the customer under whom our orders are entered. Empty: orders do not go there."),
                is_needed=False,
            ),
            Asked(
                "shipping",
                _("Shipping method for our orders"),
                _("Its code; one without a price, since the reader pays us. Empty where there is only one."),
                is_needed=False,
            ),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("once the payment is settled, which follows the order’s entry at once"),
        steps=STEPS["vendure"],
    ),
    "odoo": System(
        "Odoo",
        "shops.systems.odoo.Odoo",
        (
            Asked("address", _("Address"), _("Of your Odoo, such as https://shop.odoo.com. Version 19 or newer.")),
            Asked("database", _("Database"), _("Its name; empty where the address has only one."), is_needed=False),
            Asked("key", _("Key"), _("An API key, made in Odoo under Preferences, Security, of a user for us."), True),
            Asked("company", _("Company"), _("Its name; empty where there is one alone."), is_needed=False),
            Asked("warehouse", _("Warehouse"), _("Its name or code; empty where there is one alone."), is_needed=False),
            Asked(
                "customer",
                _("Customer for our orders"),
                _("Reference or name of the contact under whom our orders are entered. Empty: orders do not go there."),
                is_needed=False,
            ),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("once the sales order is confirmed, which follows its entry at once"),
        steps=STEPS["odoo"],
    ),
    "medusa": System(
        "Medusa",
        "shops.systems.medusa.Medusa",
        (
            Asked("address", _("Address"), _("Of your Medusa server, such as https://shop.example.org.")),
            Asked("key", _("Key"), _("A secret API key, made in Medusa under Settings, Secret API Keys."), True),
            Asked("location", _("Location"), _("Its name; empty where there is only one."), is_needed=False),
            Asked(
                "channel",
                _("Sales channel for our orders"),
                _("Its name. Empty: orders do not go there."),
                is_needed=False,
            ),
            Asked(
                "email",
                _("E-mail address for our orders"),
                _("Orders get it with our number after a plus sign, such as orders+100012-A@shop.example.org."),
                is_needed=False,
            ),
            Asked(
                "shipping",
                _("Shipping option for our orders"),
                _("Its name; empty where there is only one."),
                is_needed=False,
            ),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("once the draft is made an order, which follows its entry at once"),
        steps=STEPS["medusa"],
    ),
    "shopify": System(
        "Shopify",
        "shops.systems.shopify.Shopify",
        (
            Asked("address", _("Address"), _("Of the form my-shop.myshopify.com, not that of your site.")),
            Asked(
                "client_id", _("Client ID"), _("Of your app of the Dev Dashboard. An older app has none."), False, False
            ),
            Asked("key", _("Secret"), _("The app's client secret; of an older app its access token, “shpat_…”."), True),
            Asked("location", _("Location"), _("Its name; empty where there is one alone."), is_needed=False),
        ),
        numbers=(ON_HAND, AVAILABLE),
        booked=_("at once, as the order is made"),
        steps=STEPS["shopify"],
        webhooks=True,
        renews=True,
    ),
    "woocommerce": System(
        "WooCommerce",
        "shops.systems.woocommerce.WooCommerce",
        (
            Asked("address", _("Address"), _("Of your site, such as https://shop.example.org.")),
            Asked("key", _("Consumer key"), _("“ck_…”, of a key that may read and write."), True),
            Asked("secret", _("Consumer secret"), _("“cs_…”, shown once with the key."), True),
        ),
        numbers=(AVAILABLE,),
        booked=_("at once, as the order is made"),
        steps=STEPS["woocommerce"],
        webhooks=True,
    ),
}
SYSTEMS.update((name, found.load()) for name, found in plugins.found("halles.systems").items())
