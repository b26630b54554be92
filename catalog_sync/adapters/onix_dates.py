"""Dates of an ONIX message, whose format stands beside them (list 55) or is told by their length."""

from datetime import date

from catalog_sync import cleaning
from catalog_sync.reading.xml_parts import Part

_DIGITS = {"00": 8, "13": 8, "14": 8, "01": 6, "05": 4, "06": 8, "07": 6, "11": 4, "09": 4, "10": 4, "03": 4, "04": 4}
_WEEKS = ("02", "08")
_TEXT = "12"


def read_date(dated: Part | None, name: str = "Date") -> str:
    """The ISO date, as exact as known, in a child of `dated`; the first of a spread; empty for none. A season or a
    quarter is as exact as its year. Hijri dates (formats 20 and above) are not read."""
    value = None if dated is None else dated.find(name)
    if dated is None or value is None:
        return ""
    stated = (dated.findtext("DateFormat") or value.element.get("dateformat") or "").strip()
    text = (value.text or "").strip()
    if not stated or stated == _TEXT:
        return cleaning.partial_date(text)
    if stated in _WEEKS:
        return _month_of_week(text)
    digits = text.replace("-", "")[: _DIGITS.get(stated, 0)]
    return cleaning.partial_date(digits) if digits.isdigit() else ""


def _month_of_week(text: str) -> str:
    """The month in which a week ("202309", the ninth of 2023) begins."""
    try:
        monday = date.fromisocalendar(int(text[:4]), int(text[4:6]), 1)
    except ValueError:
        return ""
    return cleaning.partial_date(f"{monday:%Y-%m}")


def in_role(dates: list[Part], role_name: str, *roles: str) -> str:
    """The first date with one of the roles, in the order of the roles."""
    for role in roles:
        for dated in dates:
            if (dated.findtext(role_name) or "").strip() == role and (found := read_date(dated)):
                return found
    return ""


def lies_ahead(iso: str, today: str) -> bool:
    """Whether a date, as exact as known, is later than today (YYYYMMDD); the current month and year are not."""
    return iso.replace("-", "") > today[: len(iso.replace("-", ""))]
