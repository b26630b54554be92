"""What each table keeps of people. A new column that can hold words is declared here, or in `register_plain.py`."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketplace.readers.register_plain import PLAIN, PLAIN_APPS

__all__ = ["BASES", "KEPT", "PERSONAL", "PLAIN", "PLAIN_APPS", "PURPOSES", "WHOSE", "Declared"]

WHOSE: dict[str, str | Promise] = {
    "reader": _("Readers"),
    "shop": _("People of shops, and who wants to be one"),
    "staff": _("Who works for the network or a shop"),
    "partner": _("Partners, institutions"),
}
PURPOSES: dict[str, str | Promise] = {
    "order": _("To deliver what was bought, and to settle it"),
    "books": _("What the law of accounting asks for"),
    "account": _("The account, and what its reader keeps in it"),
    "said": _("What a reader says in public"),
    "safety": _("To keep accounts and payments safe, and to see who did what"),
    "joining": _("To know who sells"),
    "team": _("To work for a shop"),
    "consent": _("To prove what was agreed to"),
    "partner": _("To pay partners, and to be paid by institutions"),
}
BASES = {
    "order": "GDPR 6 (1) (b)", "books": "GDPR 6 (1) (c)", "account": "GDPR 6 (1) (b)", "said": "GDPR 6 (1) (b)",
    "safety": "GDPR 6 (1) (f)", "joining": "GDPR 6 (1) (c): DSA 30, DAC7", "team": "GDPR 6 (1) (b)",
    "consent": "GDPR 6 (1) (c): 7 (1)", "partner": "GDPR 6 (1) (b)",
}  # fmt: skip
KEPT: dict[str, str | Promise] = {
    "account": _("Until the account ends"),
    "law": _("Ten years, as issued"),
    "trail": _("Ten years; of readers by number alone"),
    "works": _("While they work there"),
    "words": _("Three years after the last word, a question one year"),
    "contract": _("While it holds, then as the law of accounting asks"),
    "ended": _("Until it is done"),
}


class Declared(NamedTuple):
    """`kept`: a rule of `retention.RULES`, or a key of `KEPT`."""

    columns: str
    whose: str
    purpose: str
    kept: str


_ADDRESS = "first_name last_name line1 line2 line3 line4 state postcode search_text"
PERSONAL: dict[str, Declared] = {
    # Accounts
    "marketplace.User": Declared("password email first_name last_name", "reader", "account", "account"),
    "account.EmailAddress": Declared("email", "reader", "account", "account"),
    "address.UserAddress": Declared(f"{_ADDRESS} phone_number notes", "reader", "account", "account"),
    "mfa.Authenticator": Declared("data", "reader", "safety", "account"),
    "sessions.Session": Declared("session_data", "reader", "account", "sessions"),
    "usersessions.UserSession": Declared("ip session_key user_agent data", "reader", "safety", "sessions"),
    "readers.SignIn": Declared("how address browser browser_key", "reader", "safety", "sign_ins"),
    "readers.SavedSearch": Declared("name parameters", "reader", "account", "account"),
    "readers.Alert": Declared("place", "reader", "account", "account"),
    "readers.Consent": Declared("words", "reader", "consent", "consents"),
    "shops.BroughtCustomer": Declared("email name words", "reader", "consent", "brought"),
    "wishlists.WishList": Declared("name", "reader", "account", "account"),
    "wishlists.WishListSharedEmail": Declared("email", "reader", "account", "account"),
    "reviews.ProductReview": Declared("title body name email homepage", "reader", "said", "account"),
    "readers.ReviewReport": Declared("by note", "reader", "said", "reports"),
    "analytics.UserSearch": Declared("query", "reader", "account", "account"),
    "communication.Email": Declared("email subject body_text body_html", "reader", "account", "account"),
    "communication.Notification": Declared("subject body", "reader", "account", "account"),
    "customer.ProductAlert": Declared("email key", "reader", "account", "account"),
    "payment.Bankcard": Declared("card_type name number partner_reference", "reader", "account", "account"),
    # Orders
    "placing.Checkout": Declared(
        "email name line1 line2 city region postcode phone recipient_name recipient_email gift_note purchase_order",
        "reader", "order", "orders",
    ),
    "placing.VoucherUse": Declared("reader", "reader", "order", "orders"),
    "order.Order": Declared("guest_email", "reader", "order", "orders"),
    "order.OrderNote": Declared("message", "reader", "order", "orders"),
    "order.ShippingAddress": Declared(f"{_ADDRESS} phone_number notes", "reader", "order", "orders"),
    "order.BillingAddress": Declared(_ADDRESS, "reader", "order", "orders"),
    "foundation.MailMessage": Declared("to subject text html reply_to", "reader", "order", "mails"),
    "shops.Thread": Declared("email name asked_from", "reader", "order", "words"),
    "shops.Message": Declared("by_name text", "reader", "order", "words"),
    "shops.MessageFile": Declared("file name", "reader", "order", "words"),
    "shops.Incident": Declared("done", "reader", "order", "words"),
    "shops.ShopOrderLine": Declared("decline_note", "reader", "order", "orders"),
    "shops.Parcel": Declared("tracking handed_over_to", "reader", "order", "handed_to"),
    "shops.DeskAction": Declared("asked problem", "reader", "order", "desk"),
    "shops.Reservation": Declared("email name asked_from", "reader", "order", "unplaced"),
    "shops.Return": Declared("note tracking desk_note place_note", "reader", "order", "orders"),
    "shops.ReturnPhoto": Declared("file", "reader", "order", "photos"),
    "shops.Transmission": Declared("last_error", "reader", "order", "orders"),
    "shops.TransmissionTry": Declared("error", "reader", "order", "tries"),
    # Money
    "payments.Invoice": Declared("said", "reader", "books", "law"),
    "payments.RefundRequest": Declared("reason", "reader", "books", "orders"),
    "payments.ProposedPayback": Declared("reason", "reader", "books", "orders"),
    "payments.ProposedRefund": Declared("reason", "reader", "books", "orders"),
    "payments.MoneyCall": Declared("reason", "reader", "books", "orders"),
    "payments.Dispute": Declared("evidence", "reader", "safety", "orders"),
    "payments.StripeEvent": Declared("payload", "reader", "safety", "events"),
    "payments.GiftCardPurchase": Declared(
        "buyer_name buyer_email recipient_name recipient_email message", "reader", "order", "unplaced"
    ),
    "payments.GiftCard": Declared("recipient_email", "reader", "order", "account"),
    "payments.LocalUse": Declared("service_account service_code", "reader", "order", "ended"),
    "payments.LocalCall": Declared("account", "reader", "order", "orders"),
    "payments.Receipt": Declared("note", "partner", "books", "contract"),
    "payments.CreditTerms": Declared("holder iban bic", "partner", "partner", "contract"),
    "placing.Institution": Declared("name", "partner", "partner", "contract"),
    "shops.Partner": Declared("name contact email address holder iban bic", "partner", "partner", "contract"),
    # Shops
    "shops.Application": Declared(
        "name legal_name registration contact_name tax_number qst_number line1 city postcode email phone website"
        " system note decided_by",
        "shop", "joining", "applications",
    ),
    "shops.ApplicationMessage": Declared("author text", "shop", "joining", "applications"),
    "shops.ApplicationDocument": Declared("file name", "shop", "joining", "applications"),
    "shops.Business": Declared("legal_name registration tax_number qst_number", "shop", "joining", "contract"),
    "shops.Shop": Declared(
        "email unreachable phone line1 city postcode legal_name registration tax_number qst_number status_by "
        "status_reason", "shop", "joining", "contract",
    ),
    "shops.ShopAddress": Declared("email", "shop", "team", "contract"),
    "shops.Invitation": Declared("email", "shop", "team", "invitations"),
    "shops.MotionWord": Declared("text", "shop", "team", "contract"),
    "shops.AgreementWord": Declared("by", "shop", "consent", "contract"),
    "shops.Bringing": Declared("by", "shop", "consent", "contract"),
    "shops.DataWord": Declared("by", "shop", "consent", "contract"),
    "shops.ChecklistTick": Declared("by", "staff", "joining", "contract"),
    "payments.BankAccount": Declared("holder iban bic", "shop", "books", "contract"),
    "payments.BankPayout": Declared("holder iban bic", "shop", "books", "law"),
    "cms.Pick": Declared("signed", "shop", "team", "works"),
    # The trail
    "foundation.AuditEntry": Declared("actor_label reason facts", "staff", "safety", "trail"),
    "readers.SupportVisit": Declared("reason", "staff", "safety", "trail"),
    "readers.SupportDeed": Declared("address", "staff", "safety", "trail"),
    "admin.LogEntry": Declared("object_repr change_message", "staff", "safety", "admin_log"),
}  # fmt: skip
