"""Everything one shop is and does. Split over files that are read one at a time; the names are all here."""

from shops.models_orders import Cancellation, Parcel, ParcelLine, ShopOrder, ShopOrderLine, Transmission
from shops.models_reservations import Reservation
from shops.models_shop import DeliveryOption, OpeningHours, Shop, ShopMember
from shops.models_stock import Allocation, Availability, Condition, StockIncident, StockTerms

__all__ = [
    "Allocation",
    "Availability",
    "Cancellation",
    "Condition",
    "DeliveryOption",
    "OpeningHours",
    "Parcel",
    "ParcelLine",
    "Reservation",
    "Shop",
    "ShopMember",
    "ShopOrder",
    "ShopOrderLine",
    "StockIncident",
    "StockTerms",
    "Transmission",
]
