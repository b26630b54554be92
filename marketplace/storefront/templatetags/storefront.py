"""What readers' templates say: money, times, distances, icons, drawn covers, form fields."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache, lru_cache
from urllib.parse import urlencode

from babel.numbers import format_decimal
from django import template
from django.conf import settings
from django.core.files.images import get_image_dimensions
from django.core.files.storage import default_storage
from django.forms import BoundField
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from oscar.apps.catalogue.models import Product
from oscar.apps.order.models import Order

from catalog_sync.titles import precedence
from marketplace.catalogue import cover_files, covers
from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import money as foundation_money
from marketplace.foundation import network
from marketplace.foundation.models import Network
from search import words
from search.availability import Opening
from shops import readiness
from shops.models import ShopOrder

register = template.Library()

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_LOGO_HEIGHT = 32
_ICONS = settings.BASE_DIR / "static" / "icons"


@register.simple_tag
def money(amount_minor: int | None, currency: str) -> str:
    """`{% money 1290 "CAD" %}` → "12,90 $"; nothing for None."""
    return "" if amount_minor is None else foundation_money.display(amount_minor, currency, get_language() or "fr")


@register.simple_tag
def price_range(span: tuple[int | None, int | None], currency: str) -> str:
    """Both ends included, in minor units, as (from, to): "10 $ – 15 $"."""
    low, high = span
    if low is None:
        return _("under %(price)s") % {"price": money((high or 0) + 1, currency)}
    if high is None:
        return _("%(price)s and more") % {"price": money(low, currency)}
    return f"{money(low, currency)} – {money(high + 1, currency)}"


@register.simple_tag
def ago(when: datetime | None, now: datetime | None = None) -> str:
    """ "just now", "8 min ago", "3 h ago", "yesterday", "5 days ago"; nothing for None."""
    if when is None:
        return ""
    seconds = max(0, ((now or timezone.now()) - when).total_seconds())
    if seconds < _MINUTE:
        return _("just now")
    if seconds < _HOUR:
        return _("%(minutes)d min ago") % {"minutes": seconds // _MINUTE}
    if seconds < _DAY:
        return _("%(hours)d h ago") % {"hours": seconds // _HOUR}
    days = int(seconds // _DAY)
    return _("yesterday") if days == 1 else ngettext("%(days)d day ago", "%(days)d days ago", days) % {"days": days}


@register.simple_tag
def distance(km: float | None) -> str:
    """ "400 m", "1.2 km", "35 km" in the locale's form; nothing for None."""
    if km is None:
        return ""
    if km < 0.95:
        return f"{max(50, round(km * 20) * 50)} m"
    digits = "0.0" if km < 10 else "0"
    return f"{format_decimal(km, format=digits, locale=(get_language() or 'fr')[:2])} km"


@register.simple_tag
def opening_word(opening: Opening) -> str:
    """ "open until 18:00", "closed, opens at 10:00"; nothing where no hours are known."""
    if opening.is_open and opening.until:
        return _("open until %(time)s") % {"time": time_format(opening.until, "TIME_FORMAT")}
    if opening.opens is None or opening.day is None:
        return ""
    at = time_format(opening.opens, "TIME_FORMAT")
    if opening.today:
        return _("closed, opens at %(time)s") % {"time": at}
    if opening.tomorrow:
        return _("closed, opens tomorrow at %(time)s") % {"time": at}
    name = date_format(opening.day, "l") if opening.this_week else readiness.day_name(opening.day)
    return _("closed, opens %(day)s at %(time)s") % {"day": name, "time": at}


@register.filter
def day(value: date | None) -> str:
    """A date as the locale writes it, without the year: "3 mars", "March 3"."""
    return date_format(value, "MONTH_DAY_FORMAT") if value else ""


@register.filter
def natural_name(name: str) -> str:
    """ "Camus, Albert" → "Albert Camus"."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma else name


@register.filter
def fact_sources(facts: ProductFacts) -> list[tuple[str, str]]:
    """(fact, who says so) for the facts that the page shows."""
    words = {
        "title": _("Title"),
        "contributors": _("Contributors"),
        "publisher": _("Publisher"),
        "publication_date": _("Published"),
        "form": _("Format"),
        "pages": _("Pages"),
        "language": _("Language"),
        "series": _("Series"),
        "subjects": _("Subject"),
        "description": _("Description"),
    }
    ours = {precedence.OPERATOR: network.current().name, precedence.SERVICE_NAME: _("a bibliographic service")}
    said = facts.provenance
    return [(label, str(ours.get(said[name], said[name]))) for name, label in words.items() if name in said]


@register.filter
def weekday_name(weekday: int) -> str:
    """0 → "lundi" or "Monday"."""
    return str(WEEKDAYS[weekday])


@register.simple_tag
def order_total(order: Order) -> str:
    return money(foundation_money.to_minor(order.total_incl_tax, order.currency), order.currency)


@register.filter
def shop_order_word(part: ShopOrder) -> str:
    """A shop's part of an order with its lines, as its reader is told."""
    if part.is_taken_back:
        return _("Cancelled by you")
    return {
        "new": _("The shop has been asked"),
        "accepted": _("Being prepared"),
        "packed": _("Ready"),
        "handed_over": _("Handed over"),
        "declined": _("The shop could not supply it"),
    }.get(part.status, part.status)


register.filter("form_word", words.form)
register.filter("condition_word", words.condition)
register.filter("language_word", words.language)


@register.filter
def in_language(row: object, name: str) -> str:
    """`{{ shop|in_language:"description" }}` → its `description_fr` or `_en`, the other where that one is empty."""
    first, second = ("en", "fr") if (get_language() or "").startswith("en") else ("fr", "en")
    return getattr(row, f"{name}_{first}", "") or getattr(row, f"{name}_{second}", "")


@cache
def _icon_shape(name: str) -> str:
    return (_ICONS / f"{name}.svg").read_text().strip().removeprefix("<svg")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """A drawing of `static/icons/`, inline; without a label it is hidden from screen readers."""
    return _icon(name, label)


@lru_cache(maxsize=1024)
def _icon(name: str, label: str) -> SafeString:
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon" {} focusable="false"{}', said, mark_safe(_icon_shape(name)))  # noqa: S308


@register.simple_tag
def cover(product: Product, *, facts: ProductFacts | None = None, loading: str = "lazy") -> SafeString:
    """The title's cover, or a drawn one. `facts` where they are not already read with the product."""
    facts = facts or getattr(product, "facts", None)
    if facts and facts.cover:
        small = default_storage.url(cover_files.name_of(str(facts.cover), "list"))
        return format_html(
            '<img class="cover-image" src="{}" srcset="{} {}w, {} {}w" sizes="(max-width: 640px) 30vw, 220px"'
            ' width="{}" height="{}" alt="" loading="{}">',
            *(facts.cover.url, small, cover_files.WIDTHS["list"], facts.cover.url, cover_files.WIDTHS["page"]),
            *(covers.WIDTH, covers.HEIGHT, loading),
        )
    return covers.drawn(product.title, facts.contributors_text if facts else "", facts.publisher if facts else "")


@register.simple_tag
def logo(current: Network) -> SafeString:
    """The network's logo, with its width, so that nothing beside it moves when it comes."""
    width = _width(str(current.logo), _LOGO_HEIGHT)
    size = format_html(' width="{}"', width) if width else ""
    return format_html('<img src="{}" alt="{}"{} height="{}">', current.logo.url, current.name, size, _LOGO_HEIGHT)


@lru_cache(maxsize=8)
def _width(name: str, height: int) -> int | None:
    """Of a stored picture shown so high; None where it cannot be read."""
    try:
        with default_storage.open(name) as stream:
            wide, high = get_image_dimensions(stream)
    except OSError:
        return None
    return round(wide * height / high) if wide and high else None


@register.inclusion_tag("storefront/parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, object]:
    """Label, input, hint and error of one form field, tied together for screen readers."""
    described = [f"{bound.auto_id}_hint"] if hint or bound.help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attributes: dict[str, str | bool] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    is_choice = getattr(bound.field.widget, "input_type", "") in ("checkbox", "radio")
    return {
        "field": bound,
        "hint": hint or bound.help_text,
        "input": bound.as_widget(attrs=attributes),
        "is_choice": is_choice,
    }


@register.simple_tag
def address(path: str, **values: object) -> str:
    """A path with parameters, those that are empty left out: `{% address "/search/" q=name %}`."""
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path
