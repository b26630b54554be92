from __future__ import annotations

import json

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.urls import reverse

from marketplace.cms import legal
from marketplace.foundation import audit, links
from marketplace.models import User
from marketplace.operations import operators


class Command(BaseCommand):
    help = (
        "Make a person operator, write the legal pages that are missing, and print the address at which the person "
        "chooses their password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")

    def handle(self, *args: object, **options: object) -> None:
        email = str(options["email"])
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is not an e-mail address.") from error
        with operators.made_two(by="command line"):
            user, made = User.objects.get_or_create(email=User.objects.normalize_email(email))
            user.is_staff = user.is_superuser = True
            if made:
                user.set_unusable_password()
            user.save()
            EmailAddress.objects.get_or_create(
                user=user, email=user.email, defaults={"primary": True, "verified": True}
            )
            audit.record("operator.appoint", user, by="command line")
            legal.create()
        key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
        uid, _, token = key.partition("-")
        address = links.absolute(reverse("account_reset_password_from_key", args=[uid, token]))
        if options["json"]:
            self.stdout.write(json.dumps({"email": email, "address": address}))
        else:
            self.stdout.write(f"{email} is operator. Choose the password at\n{address}")
