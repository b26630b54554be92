"""What is said of downloads, in mail and on pages."""

from __future__ import annotations

from marketplace.foundation import links
from shops.downloads.handing_out import WITHDRAWAL_DAYS
from shops.models import Handout, ShopOrder


def told(shop_order_id: str) -> dict[str, object]:
    """What the mail "download_ready" says."""
    shop_order = ShopOrder.objects.select_related("shop", "order").get(pk=shop_order_id)
    handouts = Handout.objects.filter(line__shop_order=shop_order, withdrawn_at=None).exclude(made_at=None)
    rows = [(handout, links.download_url(handout.line_id)) for handout in handouts.select_related("line", "download")]
    return {
        "shop_order": shop_order,
        "shop": shop_order.shop,
        "rows": rows,
        "days": WITHDRAWAL_DAYS,
        "url": links.order_url(shop_order.order),
        "invoice_url": links.invoice_url(shop_order.order, shop_order.number),
    }
