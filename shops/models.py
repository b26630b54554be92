"""Everything one shop is and does. Split over files that are read one at a time; the names are all here."""

from shops.models_alternatives import Alternative
from shops.models_assembly import Announcement, AnnouncementRead, Ballot, Motion, MotionVoter, MotionWord
from shops.models_delivery import DeliveryOption, DeliverySlot, PickupPoint, SlotBooking, SlotDay
from shops.models_desk import DeskAction
from shops.models_downloads import Download, Handout, LicenceCode
from shops.models_earlier import Bringing, BroughtCustomer, EarlierNetwork, EarlierOrder, EarlierStatement
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
from shops.models_keys import ShopCall, ShopKey, ShopReading, ShopScope
from shops.models_load import ShopLoad
from shops.models_orders import ShopOrder, ShopOrderLine
from shops.models_outbox import ShopWebhook, TransmissionTry
from shops.models_parcels import Parcel, ParcelLine, ParcelRefund
from shops.models_partners import Partner
from shops.models_rerouting import ReroutedUnits, Rerouting
from shops.models_reservations import Reservation
from shops.models_returns import Return, ReturnLine, ReturnPhoto, ReturnRefund
from shops.models_settings import BufferRule, BufferTask, ShopAddress
from shops.models_sharing import DataWord
from shops.models_shop import OpeningHours, Shop, ShopMember, SpecialHours
from shops.models_stock import Allocation, Availability, Condition, StockIncident, StockTerms, Supply
from shops.models_systems import ShopSystem
from shops.models_team import Invitation
from shops.models_threads import Incident, Message, MessageFile, QuickReply, Side, Thread
from shops.models_transmissions import Cancellation, Transmission

__all__ = [
    "AgreementWord",
    "Allocation",
    "Alternative",
    "Announcement",
    "AnnouncementRead",
    "Application",
    "ApplicationDocument",
    "ApplicationMessage",
    "Availability",
    "Ballot",
    "Bringing",
    "BroughtCustomer",
    "BufferRule",
    "BufferTask",
    "Business",
    "Cancellation",
    "ChecklistItem",
    "ChecklistTick",
    "Condition",
    "DataWord",
    "DeliveryOption",
    "DeliverySlot",
    "DeskAction",
    "Download",
    "EarlierNetwork",
    "EarlierOrder",
    "EarlierStatement",
    "Handout",
    "Incident",
    "Invitation",
    "LicenceCode",
    "Message",
    "MessageFile",
    "Motion",
    "MotionVoter",
    "MotionWord",
    "OpeningHours",
    "Parcel",
    "ParcelLine",
    "ParcelRefund",
    "Partner",
    "PickupPoint",
    "QuickReply",
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
    "ShopCall",
    "ShopFigures",
    "ShopKey",
    "ShopLoad",
    "ShopMember",
    "ShopOrder",
    "ShopOrderLine",
    "ShopReading",
    "ShopScope",
    "ShopSystem",
    "ShopWebhook",
    "Side",
    "SlotBooking",
    "SlotDay",
    "SpecialHours",
    "StockIncident",
    "StockTerms",
    "Supply",
    "Thread",
    "Transmission",
    "TransmissionTry",
]
