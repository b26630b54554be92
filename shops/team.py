"""Who acts for a shop: asked by mail, given another role, taken off. One owner always stays.

Every change locks the shop's row first, so that two owners who take one another off at once leave one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from marketplace.foundation import audit, links, mail
from marketplace.models import User
from shops.models import Invitation, Shop, ShopMember

LASTS = timedelta(days=14)
MOST_OPEN = 50  # invitations of one shop that wait for an answer


class TeamError(Exception):
    """What was wanted cannot be; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def invite(shop: Shop, email: str, role: str, *, language: str, by: User, now: datetime) -> Invitation:
    """Ask whoever reads `email` to act for the shop; one who was asked already is asked anew, and the older link opens
    nothing any more. Raises TeamError: "member" (acts for it already), "many"."""
    email = email.strip().lower()
    with _locked(shop):
        if shop.members.filter(user__in=_confirmed(email).values("user")).exists():
            raise TeamError("member")
        _open_ones(shop).filter(email=email).update(ended_at=now)
        if _open_ones(shop).filter(ends_at__gt=now).count() >= MOST_OPEN:
            raise TeamError("many")
        said = {"made_at": now, "made_by": by, "ends_at": now + LASTS}
        row = Invitation.objects.create(shop=shop, email=email, role=role, language=language, **said)
        audit.record("member.invite", row, by=by, shop_id=shop.pk, email=email, role=role)
        mail.post(
            "shop_invitation",
            to=email,
            language=language,
            dedupe_key=f"shop_invitation:{row.pk}",
            context={"invitation": row, "shop": shop, "url": url_of(row)},
            now=now,
            shop_id=shop.pk,
        )
    return row


def take_back(shop: Shop, invitation_id: int, *, by: User, now: datetime) -> None:
    """The link opens nothing any more."""
    with transaction.atomic():
        if _open_ones(shop).filter(pk=invitation_id).update(ended_at=now):
            row = Invitation.objects.get(pk=invitation_id)
            audit.record("member.uninvite", row, by=by, shop_id=shop.pk, email=row.email)


def waiting(shop: Shop, now: datetime) -> list[Invitation]:
    """Those that can still be accepted."""
    return list(_open_ones(shop).filter(ends_at__gt=now).select_related("made_by"))


def find(invitation_id: int, key: str, now: datetime) -> Invitation | None:
    """The invitation that a link means, while it can be accepted."""
    row = Invitation.objects.select_related("shop").filter(pk=invitation_id, ended_at=None, ends_at__gt=now).first()
    return row if row and constant_time_compare(key_of(row), key) else None


def is_for(invitation: Invitation, person: User) -> bool:
    """Whether the person has confirmed that the address asked is theirs."""
    return person.is_active and _confirmed(invitation.email).filter(user=person).exists()


def accept(invitation: Invitation, *, by: User, now: datetime) -> bool:
    """Once. Who acts for the shop already keeps the role they have. False: it was taken back, has ended, or is
    another's."""
    if not is_for(invitation, by):
        return False
    with _locked(invitation.shop):
        still = Invitation.objects.filter(pk=invitation.pk, ended_at=None, ends_at__gt=now)
        if not still.update(ended_at=now, accepted_by=by):
            return False
        member, _is_new = ShopMember.objects.get_or_create(
            shop_id=invitation.shop_id, user=by, defaults={"role": invitation.role}
        )
        facts = {"email": invitation.email, "role": member.role}
        audit.record("member.join", member, by=by, shop_id=invitation.shop_id, **facts)
        if member.role == ShopMember.Role.OWNER:
            _tell_owners(member, now)
    return True


def change_role(shop: Shop, member_id: int, role: str, *, by: User, now: datetime) -> None:
    """Whom an owner asked who is one no more is asked no more. Raises TeamError: "gone" (nobody of this shop), "last"
    (its only owner), "not_owner" (`by` is none any more)."""
    with _locked(shop):
        member = _to_change(shop, member_id, by, stays_owner=role == ShopMember.Role.OWNER)
        if member.role != role:
            facts = {"email": member.user.email, "before": member.role, "role": role}
            ShopMember.objects.filter(pk=member.pk).update(role=role)
            audit.record("member.role", member, by=by, shop_id=shop.pk, **facts)
            if member.role == ShopMember.Role.OWNER:
                _open_ones(shop).filter(made_by=member.user_id).update(ended_at=now)
            if role == ShopMember.Role.OWNER:
                _tell_owners(member, now)


def remove(shop: Shop, member_id: int, *, by: User, now: datetime) -> None:
    """From now on the shop does not exist for them; whom they asked is asked no more. Raises as `change_role`."""
    with _locked(shop):
        member = _to_change(shop, member_id, by, stays_owner=False)
        _open_ones(shop).filter(made_by=member.user_id).update(ended_at=now)
        audit.record("member.remove", member, by=by, shop_id=shop.pk, email=member.user.email, role=member.role)
        member.delete()


def step_down(shop: Shop, *, by: User, now: datetime) -> None:
    """A person leaves the team by themselves; whom they asked is asked no more. Raises TeamError: "gone", "last" (the
    only owner stays until there is another)."""
    with _locked(shop):
        member = ShopMember.objects.filter(shop=shop, user=by).first()
        if member is None:
            raise TeamError("gone")
        owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER, user__is_active=True)
        if member.role == ShopMember.Role.OWNER and not owners.exclude(pk=member.pk).exists():
            raise TeamError("last")
        _open_ones(shop).filter(made_by=by).update(ended_at=now)
        audit.record("member.step_down", member, by=by, shop_id=shop.pk, email=by.email, role=member.role)
        member.delete()


def _tell_owners(member: ShopMember, now: datetime) -> None:
    """All other owners: nobody becomes one in silence."""
    shop = Shop.objects.get(pk=member.shop_id)
    others = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER, user__is_active=True)
    for other in others.exclude(pk=member.pk).select_related("user").order_by("pk"):
        mail.post(
            "shop_owner_new",
            to=other.user.email,
            language=shop.language,
            dedupe_key=f"shop_owner_new:{member.pk}:{other.pk}:{now.isoformat()}",
            context={"shop": shop, "email": member.user.email, "url": links.absolute(f"/portal/{shop.slug}/team/")},
            now=now,
            shop_id=shop.pk,
        )


def url_of(invitation: Invitation) -> str:
    return links.absolute(reverse("portal:invitation", args=[invitation.pk, key_of(invitation)]))


def key_of(invitation: Invitation) -> str:
    said = f"{invitation.pk}:{invitation.shop_id}:{invitation.email}:{invitation.role}"
    return links.key_of("halles.shop-invitation", said)


@contextmanager
def _locked(shop: Shop) -> Iterator[None]:
    with transaction.atomic():
        Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        yield


def _to_change(shop: Shop, member_id: int, by: User, *, stays_owner: bool) -> ShopMember:
    owners = ShopMember.objects.filter(shop=shop, role=ShopMember.Role.OWNER, user__is_active=True)
    if not owners.filter(user=by).exists():
        raise TeamError("not_owner")
    member = ShopMember.objects.select_related("user").filter(shop=shop, pk=member_id).first()
    if member is None:
        raise TeamError("gone")
    if not stays_owner and not owners.exclude(pk=member_id).exists():
        raise TeamError("last")
    return member


def _open_ones(shop: Shop) -> QuerySet[Invitation]:
    return Invitation.objects.filter(shop=shop, ended_at=None)


def _confirmed(email: str) -> QuerySet[EmailAddress]:
    return EmailAddress.objects.filter(email__iexact=email, verified=True)
