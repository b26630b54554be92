"""Numbers under which the tax is known to a tax office, checked by form and check digits alone: nobody is asked."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from stdnum.ca import bn
from stdnum.eu import vat
from stdnum.exceptions import ValidationError

_QST = re.compile(r"^[0-9]{10}TQ[0-9]{4}$")


class TaxNumberError(ValueError):
    """It is not a number of this kind."""


def checked(country: str, number: str) -> str:
    """The number of GST/HST (Canada: 123456782RT0001) or VAT (the Union: FR40303265045), without spaces. Numbers of
    other countries are taken as they are. Raises TaxNumberError."""
    plain = re.sub(r"[\s.-]", "", number).upper()
    try:
        if country == "CA":
            found = bn.validate(plain)
            if found[9:11] != "RT":
                raise TaxNumberError(number)
            return found
        if country.lower() in vat.MEMBER_STATES - {"xi"}:
            found = vat.validate(plain)
            if found[:2] != {"GR": "EL"}.get(country, country):
                raise TaxNumberError(number)
            return found
    except ValidationError as error:
        raise TaxNumberError(number) from error
    return plain


def checked_qst(number: str) -> str:
    """Quebec's: ten digits, TQ, four digits (Revenu Québec). Raises TaxNumberError."""
    plain = re.sub(r"[\s.-]", "", number).upper()
    if not _QST.match(plain):
        raise TaxNumberError(number)
    return plain


def checked_fields(form: forms.Form | forms.ModelForm, cleaned: dict[str, Any], country: str) -> dict[str, str]:
    """`tax_number` and `qst_number` of a form that has both, as they are kept; what is wrong is said at its field."""
    kept: dict[str, str] = {}
    if number := cleaned.get("tax_number"):
        try:
            kept["tax_number"] = checked(country, number)
        except TaxNumberError:
            wanted = "123456782 RT0001" if country == "CA" else "FR40 303 265 045"
            form.add_error("tax_number", _("That is not such a number: it looks like %(wanted)s.") % {"wanted": wanted})
    if number := cleaned.get("qst_number"):
        try:
            kept["qst_number"] = checked_qst(number)
        except TaxNumberError:
            wanted = "1234567890 TQ0001"
            form.add_error("qst_number", _("That is not such a number: it looks like %(wanted)s.") % {"wanted": wanted})
    return kept
