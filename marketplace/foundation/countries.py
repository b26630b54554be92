"""Countries by their code (ISO 3166-1 alpha-2): which there are, what they are called, which one a word means.

Names: Unicode CLDR, as Babel brings them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from babel import Locale
from babel.lists import format_list
from django.utils.translation import get_language

from marketplace.foundation.gazetteer import key

_ISO = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
CODES = frozenset(_ISO.split())
_IN_ENGLISH_WITH_ARTICLE = "AE BS CF CK DO FK FO GB GM IO KM KY MH MP MV NL PH SB SC TC TF UM US VG VI"
_THE = frozenset(_IN_ENGLISH_WITH_ARTICLE.split())
_LANGUAGES = ("fr", "en", "es", "de", "it", "nl", "pt", "ru")
_ALSO = {"usa": "US", "uk": "GB", "grande bretagne": "GB", "great britain": "GB", "angleterre": "GB", "england": "GB"}


def name(code: str) -> str:
    """What a country is called in a sentence of the active language; the code where it has no name."""
    called = str(_locale().territories.get(code, code))
    return f"the {called}" if code in _THE and _locale().language == "en" else called


def names(codes: Iterable[str]) -> str:
    """ "Belgium, France and Switzerland", in alphabetical order."""
    return format_list(sorted(map(name, codes), key=key), locale=_locale())  # `key` passes over a leading article


@cache
def _known() -> dict[str, str]:
    """Every name and code, folded."""
    found = {key(code): code for code in CODES} | _ALSO
    for language in _LANGUAGES:
        found |= {key(called): code for code, called in Locale(language).territories.items() if code in CODES}
    return found


def code_of(word: str) -> str | None:
    """The country that a word means: its code, or its name in one of eight languages."""
    return _known().get(key(word))


def _locale() -> Locale:
    return Locale((get_language() or "en")[:2])
