"""What an account keeps beside its orders, and how it goes with it."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db.models.functions import Lower
from django.utils import timezone
from oscar.apps.address.models import UserAddress
from oscar.apps.analytics.models import UserProductView, UserRecord, UserSearch
from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview, Vote
from oscar.apps.communication.models import Email, Notification
from oscar.apps.customer.models import ProductAlert
from oscar.apps.payment.models import Bankcard
from oscar.apps.wishlists.models import WishList
from wagtail.users.models import UserProfile

from catalog_sync.titles import moves
from marketplace.checkout.models import Institution
from marketplace.foundation.models import MailMessage
from marketplace.models import User
from marketplace.payments.models import CreditTerms
from marketplace.readers import brought
from marketplace.readers.confirmed import addresses_of
from marketplace.readers.erasing import drop_with_files
from marketplace.readers.models import Alert, Consent, ReviewReport, SavedSearch, SecondFactorGrace, SignIn
from shops.models import Application, ApplicationDocument, ApplicationMessage, Invitation

_OF_USER = (
    UserAddress, EmailAddress, Authenticator, SignIn, SecondFactorGrace, Vote, Email, ProductAlert, Bankcard,
    UserProductView, UserRecord, UserSearch, UserProfile,
)  # fmt: skip
_OF_APPLICANT = ("contact_name", "email", "phone", "website", "note", "system")


def forget(reader: User) -> None:
    """In the caller's transaction, last: afterwards nobody is found by an address. Without a password that can be used,
    every session ends; those that the account is known to have go at once."""
    known_as = addresses_of(reader)
    brought.forget(reader, now=timezone.now())
    _reviews(reader)
    WishList.objects.filter(owner=reader).delete()
    Basket.objects.filter(owner=reader, status=Basket.OPEN).delete()
    sessions = UserSession.objects.filter(user=reader)
    Session.objects.filter(pk__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()
    for model in _OF_USER:
        model._default_manager.filter(user=reader).delete()
    for of_reader in (SavedSearch, Alert):
        of_reader._default_manager.filter(reader=reader).delete()
    Notification.objects.filter(recipient=reader).delete()
    _named_elsewhere(reader, known_as)
    Consent.objects.filter(user=reader, withdrawn_at=None).exclude(purpose=Consent.Purpose.DOWNLOAD).update(
        withdrawn_at=timezone.now()
    )
    reader.email = reader.username = f"gone-{reader.pk}@invalid"
    reader.first_name = reader.last_name = ""
    reader.is_active = False
    reader.set_unusable_password()
    reader.save()


def forget_applications(reader: User) -> None:
    """Of one that became a shop the business stays; of all others nothing does."""
    mine = Application.objects.filter(applicant=reader)
    drop_with_files(ApplicationDocument.objects.filter(application__in=mine), "file")
    ApplicationMessage.objects.filter(application__in=mine).delete()
    for pk in mine.values_list("pk", flat=True):
        MailMessage.objects.filter(dedupe_key__regex=rf"^application_\w+:{pk}:").delete()
    mine.exclude(state=Application.State.APPROVED).delete()
    mine.update(born_on=None, **dict.fromkeys(_OF_APPLICANT, ""))


def _reviews(reader: User) -> None:
    reviewed = list(Product.objects.filter(reviews__user=reader).values_list("pk", flat=True))
    ProductReview.objects.filter(user=reader).delete()
    moves.rate(reviewed)
    ReviewReport.objects.filter(by=f"user {reader.pk}").update(note="")


def _named_elsewhere(reader: User, known_as: set[str]) -> None:
    gone = f"gone-{reader.pk}@invalid"
    asked = Invitation.objects.annotate(address=Lower("email")).filter(address__in=known_as)
    asked.update(email=gone)
    Invitation.objects.filter(accepted_by=reader).update(email=gone)
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(reader.pk)).update(object_repr=gone)
    institutions = Institution.objects.filter(user=reader)
    CreditTerms.objects.filter(institution__in=institutions).update(holder="", iban="", bic="")
    institutions.update(name=gone)
