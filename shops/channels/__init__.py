"""How shop orders reach their shops: one file here and one row in CHANNELS each; a shop names it in `Shop.channel`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.utils.translation import gettext_lazy as _

from marketplace.foundation import plugins
from shops.channels.base import Channel, ChannelError
from shops.models import Shop

# kind: (label, which may be a text to translate, dotted path of the class)
CHANNELS: dict[str, tuple[Any, str]] = {
    "email": (_("E-mail"), "shops.channels.email.EmailChannel"),
    "dolibarr": ("Dolibarr", "shops.channels.dolibarr.DolibarrChannel"),
    "ecwid": ("Ecwid", "shops.channels.ecwid.EcwidChannel"),
    "erpnext": ("ERPNext", "shops.channels.erpnext.ERPNextChannel"),
    "lightspeed": ("Lightspeed X-Series", "shops.channels.lightspeed.LightspeedChannel"),
    "prestashop": ("PrestaShop", "shops.channels.prestashop.PrestaShopChannel"),
    "medusa": ("Medusa", "shops.channels.medusa.MedusaChannel"),
    "odoo": ("Odoo", "shops.channels.odoo.OdooChannel"),
    "square": ("Square", "shops.channels.square.SquareChannel"),
    "tryton": ("Tryton", "shops.channels.tryton.TrytonChannel"),
    "vendure": ("Vendure", "shops.channels.vendure.VendureChannel"),
    "shopify": ("Shopify", "shops.channels.shopify.ShopifyChannel"),
    "woocommerce": ("WooCommerce", "shops.channels.woocommerce.WooCommerceChannel"),
    "webhook": ("Webhook", "shops.channels.webhook.WebhookChannel"),
    "dilicom": (_("Order file as Dilicom's"), "shops.channels.dilicom.DilicomChannel"),
    "editx": (_("EDItX files"), "shops.channels.editx.EditxChannel"),
}


def channel_class(kind: str) -> type[Channel]:
    """KeyError where there is none."""
    module, _dot, name = CHANNELS[kind][1].rpartition(".")
    return getattr(import_module(module), name)


CHANNELS.update(plugins.paths("halles.channels"))


def channel_for(shop: Shop, kind: str) -> Channel:
    """The channel of that kind, set up for the shop. ChannelError where there is none."""
    if kind not in CHANNELS:
        known = ", ".join(sorted(CHANNELS))
        raise ChannelError(f"{shop} names the channel “{kind}”, which does not exist. Known: {known}.", permanent=True)
    return channel_class(kind)(shop)
