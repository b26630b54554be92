"""Everything one shop is and does. Split over files that are read one at a time; the names are all here."""

from shops.models_delivery import DeliveryOption, DeliverySlot, PickupPoint, SlotBooking, SlotDay
from shops.models_desk import DeskAction
from shops.models_downloads import Download, Handout, LicenceCode
from shops.models_figures import SearchMiss, ShopFigures
from shops.models_joining import (
    AgreementWord,
    Application,
    ApplicationDocument,
    ApplicationMessage,
    Business,
    ChecklistItem,
    ChecklistTick,
)
from shops.models_load import ShopLoad
from shops.models_orders import Cancellation, Parcel, ParcelLine, ShopOrder, ShopOrderLine, Transmission
from shops.models_outbox import ShopWebhook, TransmissionTry
from shops.models_partners import Partner
from shops.models_rerouting import ReroutedUnits, Rerouting
from shops.models_reservations import Reservation
from shops.models_returns import Return, ReturnLine, ReturnPhoto, ReturnRefund
from shops.models_settings import BufferRule, BufferTask, ShopAddress
from shops.models_shop import OpeningHours, Shop, ShopMember, SpecialHours
from shops.models_stock import Allocation, Availability, Condition, StockIncident, StockTerms, Supply
from shops.models_team import Invitation

__all__ = [
    "AgreementWord",
    "Allocation",
    "Application",
    "ApplicationDocument",
    "ApplicationMessage",
    "Availability",
    "BufferRule",
    "BufferTask",
    "Business",
    "Cancellation",
    "ChecklistItem",
    "ChecklistTick",
    "Condition",
    "DeliveryOption",
    "DeliverySlot",
    "DeskAction",
    "Download",
    "Handout",
    "Invitation",
    "LicenceCode",
    "OpeningHours",
    "Parcel",
    "ParcelLine",
    "Partner",
    "PickupPoint",
    "ReroutedUnits",
    "Rerouting",
    "Reservation",
    "Return",
    "ReturnLine",
    "ReturnPhoto",
    "ReturnRefund",
    "SearchMiss",
    "Shop",
    "ShopAddress",
    "ShopFigures",
    "ShopLoad",
    "ShopMember",
    "ShopOrder",
    "ShopOrderLine",
    "ShopWebhook",
    "SlotBooking",
    "SlotDay",
    "SpecialHours",
    "StockIncident",
    "StockTerms",
    "Supply",
    "Transmission",
    "TransmissionTry",
]
