"""The shop systems we read: {kind: (label, dotted path of the adapter)}. A new system is a file and a line here."""

from importlib import import_module
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from catalog_sync.reasons import feed_error
from marketplace.foundation import plugins
from shops.systems import SYSTEMS

if TYPE_CHECKING:
    from catalog_sync.adapters.base import Adapter, FeedSettings

ADAPTERS = {
    "onix": (_("ONIX for Books (2.1, 3.0, 3.1)"), "catalog_sync.adapters.onix.Onix"),
    # One adapter: it looks which of the two a file is, whatever a shop has been told to send.
    "csv": (_("Table as text (CSV, TSV)"), "catalog_sync.adapters.spreadsheet.Spreadsheet"),
    "xlsx": (_("Workbook (XLSX, XLS, ODS)"), "catalog_sync.adapters.spreadsheet.Spreadsheet"),
    "google_merchant": (_("Google Merchant feed"), "catalog_sync.adapters.google_merchant.GoogleMerchant"),
    "shopify_csv": (_("Shopify export"), "catalog_sync.adapters.shopify_csv.ShopifyCsv"),
    "woocommerce_csv": (_("WooCommerce export"), "catalog_sync.adapters.woocommerce_csv.WooCommerceCsv"),
    "abelujo": (_("Abelujo export"), "catalog_sync.adapters.abelujo.Abelujo"),
    "booknet": (_("BookNet Canada weekly report"), "catalog_sync.adapters.booknet.BookNet"),
    "pass_culture": (_("pass Culture stock (pull)"), "catalog_sync.adapters.pass_culture.PassCulture"),
    "tite_live": (_("Tite Live daily file"), "catalog_sync.adapters.tite_live.TiteLive"),
    "schema_org": (_("schema.org pages and files (JSON-LD)"), "catalog_sync.adapters.schema_org.SchemaOrg"),
    "ofn": (_("Open Food Network product list"), "catalog_sync.adapters.ofn.OpenFoodNetwork"),
    "dfc": (_("Data Food Consortium (JSON-LD)"), "catalog_sync.adapters.dfc.DataFoodConsortium"),
    "halles": (_("A shop of another Halles"), "catalog_sync.adapters.halles.Halles"),
    "dolibarr": ("Dolibarr", "catalog_sync.adapters.dolibarr.DolibarrAdapter"),
    "ecwid": ("Ecwid", "catalog_sync.adapters.ecwid.EcwidAdapter"),
    "erpnext": ("ERPNext", "catalog_sync.adapters.erpnext.ERPNextAdapter"),
    "lightspeed": ("Lightspeed X-Series", "catalog_sync.adapters.lightspeed.LightspeedAdapter"),
    "prestashop": ("PrestaShop", "catalog_sync.adapters.prestashop.PrestaShopAdapter"),
    "medusa": ("Medusa", "catalog_sync.adapters.medusa.MedusaAdapter"),
    "odoo": ("Odoo", "catalog_sync.adapters.odoo.OdooAdapter"),
    "square": ("Square", "catalog_sync.adapters.square.SquareAdapter"),
    "tryton": ("Tryton", "catalog_sync.adapters.tryton.TrytonAdapter"),
    "vendure": ("Vendure", "catalog_sync.adapters.vendure.VendureAdapter"),
    "shopify": ("Shopify", "catalog_sync.adapters.shopify.ShopifyAdapter"),
    "woocommerce": ("WooCommerce", "catalog_sync.adapters.woocommerce.WooCommerceAdapter"),
    "jsonl": (_("JSON Lines of our own schema"), "catalog_sync.adapters.jsonl.JsonLines"),
}


ADAPTERS.update(plugins.paths("halles.adapters"))


def lists() -> dict[str, object]:
    """{kind: label} of those that lie in a file or at an address; the others are systems that we call."""
    return {kind: label for kind, (label, _path) in ADAPTERS.items() if kind not in SYSTEMS}


def adapter_class(kind: str) -> "type[Adapter]":
    """The class for a kind of feed. Raises `FeedError` for an unknown kind."""
    if kind not in ADAPTERS:
        raise feed_error("feed_kind_unknown", permanent=True, kind=kind, known=", ".join(ADAPTERS))
    module, name = ADAPTERS[kind][1].rsplit(".", 1)
    found: type[Adapter] = getattr(import_module(module), name)
    return found


def adapter_for(feed: "FeedSettings") -> "Adapter":
    """The adapter that reads a feed."""
    return adapter_class(feed.kind)(feed)
