"""What a shop does in its own system before it connects it, step by step: {kind: texts to translate}. Names of what is
clicked are each system's own, in French its French ones. The portal shows them beside what is asked, and
`manage.py shop_systems --write` puts them into each system's page under `docs/systems/`."""

from typing import Any

from django.utils.translation import gettext_lazy as _

STEPS: dict[str, tuple[Any, ...]] = {
    "dolibarr": (
        _(
            "Under “Home”, “Setup”, “Modules”, switch on “Web services API REST”, “Products”, “Stocks”, “Third "
            "parties”, “Sales orders”, and “Shipments” where parcels are to come back. The site is served over https."
        ),
        _(
            "In the setup of the module “Stocks”, choose “Decrease real stocks on validation of sales order”. A "
            "Dolibarr that takes stock off by invoice or by shipment cannot be connected yet: its numbers are what is "
            "on the shelf, whoever ordered it."
        ),
        _(
            "Make a user of its own for the network, no administrator, who may read products, stocks, all third "
            "parties, shipments and orders, and make and validate orders. Its card has the “Key for API”."
        ),
        _(
            "Under “Home”, “Setup”, “Other setup”, add the constant API_LOGINS_ALLOWED_FOR_CONST_READ with that user’s "
            "login. Only so can we see that stock is taken off at validation; of the rest we read the currency and "
            "your shop’s name."
        ),
        _("For orders: make a third party for the network, a customer, with its customer code."),
    ),
    "ecwid": (
        _(
            "Signed in to Ecwid, open https://my.ecwid.com/#develop-apps and make a custom app with the scopes "
            "read_store_profile, read_catalog, read_orders, create_orders, update_orders. Your plan has to include "
            "Ecwid’s API."
        ),
        _(
            "The page of the app shows its secret token, “secret_…”. The number of your shop, the Store ID, stands at "
            "the foot of each page there."
        ),
        _(
            "Each article, and each variation, has a SKU of its own, and its stock is counted, not “unlimited”, "
            "wherever numbers are to be read."
        ),
    ),
    "erpnext": (
        _(
            "Under “Users”, make a user of its own for the network, of the type “System User”, with the roles “Sales "
            "User”, “Stock User” and “Item Manager”."
        ),
        _(
            "Where your prices are without tax and this network shows them with it, give that user the role “Accounts "
            "User” too: without it ERPNext does not show the item tax templates, such as that of the rate of books."
        ),
        _(
            "In that user’s “Settings”, “API Access”, click “Generate Keys”. The key stays there, the secret is shown "
            "once. The site is served over https."
        ),
        _(
            "For orders: make a customer for the network, with the taxes that your agreement with the network names, "
            "or none, and a credit limit that is high enough, or none."
        ),
        _("In “Selling Settings”, leave “Allow Multiple Sales Orders Against a Customer's Purchase Order” off."),
    ),
    "lightspeed": (
        _(
            "For orders: under “Customers”, make a customer for the network, with an account, a code of your choice, "
            "such as HALLES, and a limit that is high enough. What stands on its account is what the network settles "
            "with you."
        ),
        _(
            "With the plan Plus: under “Setup”, “Personal tokens”, click “Add token”. It does not run out, and nothing "
            "else is needed."
        ),
        _(
            "Without it: at developers.retail.lightspeed.app, make an application whose redirect URI is the address of "
            "this marketplace. It has a client id and a secret. Open "
            "https://secure.retail.lightspeed.app/connect?response_type=code&client_id=CLIENT_ID&redirect_uri=ADDRESS"
            "&state=halles-connect with both put in, and allow it: the address of the page that comes has the code. It "
            "is good for ten minutes, once."
        ),
    ),
    "medusa": (
        _(
            "Under “Settings”, “Secret API Keys”, make a key for the network. It may do all that its owner may: "
            "Medusa’s keys have no fewer rights."
        ),
        _(
            "For orders: under “Settings”, “Sales Channels”, make one for the network, which the stock location serves "
            "and to which the articles belong."
        ),
        _(
            "For orders: under “Settings”, “Locations & Shipping”, add to that location a shipping option without a "
            "price, since the reader pays the network."
        ),
    ),
    "odoo": (
        _(
            "You need Odoo 19 or newer, with “Sales” and “Inventory”. On Odoo’s own hosting the plan “Custom” alone "
            "has the interface for programs."
        ),
        _(
            "Under “Settings”, “Users”, make a user for the network, of your shop’s company, with “Sales”: “User: All "
            "Documents”, “Inventory”: “User”, and nothing else."
        ),
        _(
            "Signed in as that user, under “Preferences”, “Security”, click “New API Key”, with as long a time as Odoo "
            "lets it have. When it ends, the connection says so and asks for another one."
        ),
        _("For orders: under “Contacts”, make one for the network with a reference of its own, such as HALLES."),
    ),
    "prestashop": (
        _(
            "Under “Advanced Parameters”, “Webservice”, switch on “Enable PrestaShop's webservice” and, where PHP runs "
            "as CGI, “Enable CGI mode for PHP”. The shop is served over https."
        ),
        _(
            "Click “Add new webservice key”, “Generate”, and give it these rights. View: addresses, carriers, carts, "
            "combinations, configurations, currencies, customers, order_details, order_histories, order_states, "
            "orders, product_option_values, products, stock_availables. Add: carts, orders, order_histories."
        ),
        _(
            "Under “Shop Parameters”, “Product Settings”, see that “Enable stock management” is on. Each article, and "
            "each combination, has a reference of its own."
        ),
        _(
            "For orders: make a customer for the network with one address, and a carrier without a price, such as one "
            "for pick-up; and see that a payment module is installed (“Wire payment” is, at first)."
        ),
    ),
    "shopify": (
        _(
            "Under “Settings”, “Apps”, “Develop apps”, “Build apps in Dev Dashboard”, create an app with the scopes "
            "read_products, read_inventory, read_locations, and for orders read_orders, write_orders."
        ),
        _("Release its version and install it on your shop. App and shop have to be of the same organisation."),
        _(
            "The app’s “Settings” show its client ID and secret. A custom app made before 2026 has an access token "
            "instead."
        ),
    ),
    "square": (
        _(
            "In Square’s Developer Console (developer.squareup.com/apps), signed in as your shop, click “New "
            "application”, then “Production”, “Credentials”: there is the production access token. It does not run out."
        ),
        _(
            "It may do all that your shop may. Where you make a token of fewer permissions, these are needed: "
            "MERCHANT_PROFILE_READ, ITEMS_READ, INVENTORY_READ, ORDERS_READ, ORDERS_WRITE, PAYMENTS_WRITE."
        ),
        _("Square charges a fee for orders that are paid outside Square, as ours are: see its page on the Orders API."),
    ),
    "tryton": (
        _(
            "For orders: under “Parties”, make a party for the network with an address and a code of your choice, such "
            "as HALLES. Its sales are our orders."
        ),
        _(
            "As the user that we are to be, under “Preferences”, “Applications”, add one of the kind “REST API” and "
            "validate it. That user has to read products, prices, stock and parties, and to make and confirm sales."
        ),
    ),
    "vendure": (
        _(
            "Whoever runs the server adds “api-key” to “authOptions.tokenMethod” in its configuration: Vendure 3.6 or "
            "newer has keys."
        ),
        _(
            "Under “Settings”, “Roles”, make a role for the network, for the channel that sells, with ReadProduct, "
            "ReadStockLocation, ReadSettings; for orders also ReadCustomer, ReadShippingMethod, ReadOrder, "
            "CreateOrder, UpdateOrder. Under “Settings”, “API keys”, make a key with that role. It is shown once."
        ),
        _(
            "For orders: make a customer of its own with an e-mail address, a last name that no other customer has, "
            "and an address in a country to which you send; and a shipping method without a price."
        ),
    ),
    "woocommerce": (
        _("The site is served over https, and “Settings”, “Permalinks” is anything but “Plain”."),
        _(
            "Under “WooCommerce”, “Settings”, “Advanced”, “REST API”, click “Add key”: for a user who manages the "
            "shop, with the permissions “Read/Write”. Key and secret are shown once."
        ),
        _(
            "Each article, and each variation, has a SKU of its own, and “Manage stock?” is on wherever numbers are to "
            "be read."
        ),
    ),
}
