"""Where a title may be sold, and from which age: two facts of `ProductFacts`, both empty for nearly all titles.

`territory`: "+BE FR" is these countries alone, "-CA US" all but these; "+" is none at all, "" is not limited as far as
anyone says. It binds new copies: one that was sold once with its publisher's consent may be sold on (Directive
2001/29/EC, article 4 (2); 17 U.S.C. § 109).

`age_limit`: "18", years from 16 to 21 that someone states; `ALCOHOL`, years by the place of sale; "" none.

Ages for alcohol, read 2026-11-26. France 18: Code de la santé publique, L3342-1. Canada 18 in Quebec (Act respecting
offences relating to alcoholic beverages, s. 103.1), Alberta and Manitoba, 19 in every other province and territory.
United States 21: 23 U.S.C. § 158. Everywhere else 18, which is at least what the law asks in Germany, Belgium, Spain,
Italy, the Netherlands, Switzerland and Great Britain. Not covered: countries that ask for more (Lithuania, Iceland,
Japan, …), and who may sell alcohol at a distance at all (a monopoly in most provinces of Canada)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from marketplace.foundation.countries import CODES

ALCOHOL = "alcohol"
ADULTS = "18"
LEAST_YEARS, MOST_YEARS = 16, 21  # what is younger is advice ("from 3 years"), not a law about selling
_YEARS_OF_ALCOHOL = {"US": 21, "CA": 19, "CA-QC": 18, "CA-AB": 18, "CA-MB": 18}
_ALCOHOL_ELSEWHERE = 18
_BOOKS = frozenset({"hardback", "paperback", "pocket", "book", "comic", "board", "ebook", "audio", "map", "calendar"})
# Whole names of a shop's categories: "Wine glasses" and "Wine guides" are none.
_DRINKS_NAMED = (
    "vin,vins,vin rouge,vins rouges,vin blanc,vins blancs,vin rose,vins roses,vins et spiritueux,vins spiritueux,"
    "spiritueux,alcool,alcools,boissons alcoolisees,biere,bieres,bieres artisanales,cidre,cidres,champagne,"
    "champagnes,vins effervescents,vins et champagnes,whisky,whiskies,whiskys,rhum,rhums,vodka,cognac,liqueur,"
    "liqueurs,aperitifs alcoolises,wine,wines,red wine,white wine,rose wine,sparkling wine,wine and spirits,"
    "wines and spirits,wine spirits,spirits,liquor,liquor spirits,liquor and spirits,alcohol,alcoholic beverages,"
    "alcoholic drinks,beer,beers,craft beer,cider,beer cider,gin,rum,tequila,vino,vinos,vinos y licores,cerveza,"
    "cervezas,licores,bebidas alcoholicas,wein,weine,rotwein,weisswein,bier,spirituosen,schnaps"
)
_DRINKS = frozenset(_DRINKS_NAMED.split(","))
_ADULT_CODES = {"thema": ("5X", "FP"), "bisac": ("FIC005",), "bic": ("FP",)}
_ADULT_WORDS = ("erotic", "erotique", "erotisme", "pornograph", "adults only", "adultes seulement")
_ADULT_AUDIENCES = ("adults_only", "adults only", "18+", "+18", "18 ans", "adultes seulement")
_TERRITORY = re.compile(r"\+|[+-][A-Z]{2}(?: [A-Z]{2})*")


class Limited(Protocol):
    """What is read of a title's facts."""

    territory: str
    age_limit: str


def territory(sold: Iterable[str] | None, not_sold: Iterable[str] = ()) -> str:
    """The fact from lists of countries; `sold` None or empty: everywhere but in `not_sold`. The shorter of the two ways
    to say it."""
    out = set(not_sold) & CODES
    only = set(sold or CODES) & CODES - out
    if not sold:
        return _written("-", out) if out else ""
    return _written("+", only) if len(only) <= len(CODES) - len(only) else _written("-", CODES - only)


def of_countries(allowed: Iterable[str]) -> str:
    """The fact from every country where it may be sold, which may be none or all."""
    only = set(allowed)
    if only >= CODES:
        return ""
    return territory(only) if only else "+"


def is_territory(text: str) -> bool:
    """Whether a text is such a fact, with countries that there are."""
    return text == "" or (bool(_TERRITORY.fullmatch(text)) and set(text[1:].split()) <= CODES)


def listed(territory: str) -> tuple[bool, tuple[str, ...]]:
    """(whether it is these countries alone, or all but these; the countries)."""
    return territory.startswith("+"), tuple(territory[1:].split())


def refuses(facts: Limited | None, country: str, *, used: bool = False) -> bool:
    """Whether a copy may not be sold to that country (ISO 3166-1). Without a country nothing is refused."""
    if facts is None or not facts.territory or not country or used:
        return False
    only, countries = listed(facts.territory)
    return (country in countries) is not only


def years(facts: Limited | None, place: str) -> int:
    """The age in years from which it is sold at a place ("FR", "CA-QC"); 0 from any."""
    limit = facts.age_limit if facts is not None else ""
    if limit == ALCOHOL:
        found = _YEARS_OF_ALCOHOL.get(place) or _YEARS_OF_ALCOHOL.get(place[:2])
        return found or _ALCOHOL_ELSEWHERE
    return int(limit) if limit else 0


def stated_years(text: str) -> str:
    """What a cell says of an age of sale, "18+", "18 ans", as the fact; "" for anything from which no law follows."""
    found = re.search(r"(?<!\d)(\d{1,2})(?!\d)", text)
    return found[1] if found and LEAST_YEARS <= int(found[1]) <= MOST_YEARS else ""


def implied(facts: Mapping[str, Any]) -> str:
    """The age limit that follows from what a source says besides, as a source record has it: its subjects, audience.
    Asked of every title that is folded: nearly always one look at what is remembered of each subject."""
    limit = ""
    for subject in facts.get("subjects") or ():
        limit = _of_subject(*subject) or limit
        if limit == ADULTS:
            return limit
    if facts.get("audience") and _is_adult_audience(facts["audience"]):
        return ADULTS
    return "" if limit and facts.get("form") in _BOOKS else limit


def adults_only(facts: Mapping[str, Any]) -> bool:
    """Whether a source says that a title is for adults only. `facts` as a source record has them. Source of the codes:
    Thema 1.5 (EDItEUR), BISAC Subject Headings, BIC Standard Subject Categories."""
    return implied(facts) == ADULTS


@lru_cache(maxsize=16_384)
def _is_adult_audience(text: str) -> bool:
    audience = text.lower()
    return any(word in audience for word in _ADULT_AUDIENCES)


@lru_cache(maxsize=16_384)
def _of_subject(scheme: str, code: str, text: str) -> str:
    """ADULTS, ALCOHOL or nothing. Of drinks a level of a category speaks: "Épicerie > Vins & spiritueux"."""
    if code and code.startswith(_ADULT_CODES.get(scheme, ("\0",))):
        return ADULTS
    plain = _plain(text) if text else ""
    if any(word in plain for word in _ADULT_WORDS):
        return ADULTS
    levels = re.split(r"[>/,;|:]", plain)
    return ALCOHOL if any(" ".join(re.findall(r"[a-z]+", level)) in _DRINKS for level in levels) else ""


def _plain(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def _written(sign: str, countries: Iterable[str]) -> str:
    return sign + " ".join(sorted(countries))


def strictest(limits: Sequence[str]) -> str:
    """Of what several sources state or imply. Nowhere does the law ask for more than MOST_YEARS for alcohol, and
    nowhere for less than a limit below that says, as far as is known here."""
    if ALCOHOL in limits and str(MOST_YEARS) not in limits:
        return ALCOHOL
    return max((limit for limit in limits if limit != ALCOHOL), default="")
