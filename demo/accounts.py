"""Who can sign in to the demo. The password is for the demo alone; production settings refuse these accounts."""

from __future__ import annotations

from typing import NamedTuple

from demo.shops import SHOPS

PASSWORD = "halles-demo-2026"


class Account(NamedTuple):
    """`door` is reader, operator, editor or shop; `shop_slug` and `member_role` only behind the last."""

    email: str
    first_name: str
    last_name: str
    door: str
    language: str = "fr"
    shop_slug: str = ""
    member_role: str = ""
    announced: bool = False  # printed at the end of `make demo`


ACCOUNTS: tuple[Account, ...] = (
    Account("lectrice@example.org", "Camille", "Lavoie", "reader", announced=True),
    Account("reader@example.org", "Alex", "Morgan", "reader", language="en"),
    Account("operation@example.org", "Dominique", "Bergeron", "operator", announced=True),
    Account("redaction@example.org", "Florence", "Aubin", "editor", announced=True),
    *(
        Account(
            email=member.email,
            first_name=member.first_name,
            last_name=member.last_name,
            door="shop",
            language=shop.language,
            shop_slug=shop.slug,
            member_role=member.role,
            announced=member.role == "staff" and shop.slug in ("librairie-du-port", "mile-end-pages"),
        )
        for shop in SHOPS
        for member in shop.members
    ),
)
