"""Words by which titles that look alike are told apart, or that say nothing. Folded: lower case without accents."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Small words, and what is said of a text in general: not what a title is known by.
NOISE = _words(
    """
    le la les l un une des du de d et a au aux en the an of and in by el los las der die das und
    roman recit essai essay novel edition editions ed
    """
)
# Said of a copy or its binding, in brackets behind the title.
COPY = _words(
    """
    occasion used new neuf neuve signed signe signee dedicace dedicacee autographed inscribed original originale
    broche brochee relie reliee cartonne paperback hardcover hardback softcover poche pocket book livre copy exemplaire
    etat bon tres comme good very fine like condition first premiere
    """
)
BRACKETED = re.compile(r"[(\[]([^()\[\]]*)[)\]]")

# Phrases that make another thing of the same title: where one article has it and the other has not, they differ.
MARKS: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{phrases})\b")
    for name, phrases in {
        "abridged": r"abrege|abregee|abridged|(?:textes? )?abreges|condense|condensed|extraits|excerpts|adapte|adaptee"
        r"|simplified|morceaux choisis|selections",
        "audio": r"livres? audio|audiobook|audio ?cd|cd mp3|mp3|audio|read by|lu par",
        "digital": r"ebook|e book|epub|kindle|pdf|numerique|livre numerique",
        "large_print": r"gros caracteres|grands caracteres|large print|large type",
        "bilingual": r"bilingue|bilingual",
        "set": r"coffret|l ?integrale|integrale|box ?set|boxed set|omnibus|trilogie|trilogy|lot de \d+|set of \d+",
        "teaching": r"corriges?|guide (?:de l ?|du )?(?:enseignant|professeur|maitre)|cahier d ?(?:exercices|activites)"
        r"|workbook|teachers? (?:guide|book|edition)|study guide|profil d ?une oeuvre|analyse|analysis|summary|resume",
        "graphic": r"bande dessinee|graphic novel|manga|bd|comics?",
        "calendar": r"calendrier|calendar|agenda|almanach|almanac",
        "poster": r"affiche|poster|jigsaw|puzzle|carte postale|postcard",
    }.items()
}
# Each phrase has one of these words, each volume one of those, or a figure.
MARK_WORDS = _words(
    """
    abrege abregee abridged unabridged abreges condense condensed extraits excerpts adapte adaptee simplified
    morceaux selections audio audiobook cd mp3 read lu ebook e epub kindle pdf numerique caracteres large bilingue
    bilingual coffret integrale integral integraux boxset box boxed omnibus trilogie trilogy lot set corrige corriges
    guide cahier workbook teacher teachers study profil analyse analysis summary resume bande graphic manga bd comic
    comics calendrier calendar agenda almanach almanac affiche poster jigsaw puzzle carte
    """
)
# "Texte intégral" and "unabridged" say that nothing is lacking: the plain title.
WHOLE = re.compile(r"\b(?:textes? integral|texte integraux|version integrale|unabridged)\b")

# Titles that many people have written: the same words say nothing without the same people.
GENERIC = frozenset(
    """
    oeuvres completes|oeuvres|complete works|collected works|works|selected works|oeuvres choisies|poemes|poesies
    poesie|poems|selected poems|collected poems|complete poems|poesies completes|theatre|theatre complet|plays
    nouvelles|contes|stories|short stories|selected stories|collected stories|complete stories|tales|lettres|letters
    selected letters|correspondance|correspondence|journal|diary|diaries|memoires|memoirs|autobiographie|autobiography
    essais|essays|romans|novels|fables|sonnets|chansons|songs|discours|speeches|entretiens|interviews|carnets|notebooks
    romans et nouvelles|contes et nouvelles|dictionnaire|dictionary|atlas|bible|la bible
    """.replace("\n    ", "|").split("|")
)

_ORDINALS = {
    **dict.fromkeys(("premier", "premiere", "first", "one", "un"), 1),
    **dict.fromkeys(("deuxieme", "second", "seconde", "two", "deux"), 2),
    **dict.fromkeys(("troisieme", "third", "three", "trois"), 3),
    **dict.fromkeys(("quatrieme", "fourth", "four", "quatre"), 4),
    **dict.fromkeys(("cinquieme", "fifth", "five", "cinq"), 5),
    **dict.fromkeys(("sixieme", "sixth", "six"), 6),
    **dict.fromkeys(("septieme", "seventh", "seven", "sept"), 7),
}
_VOLUME_WORD = r"tomes?|t|volumes?|vol|v|livre|book|part|partie|parts|no|n|numero|number|episode|cycle|saison|season"
_COUNTED = r"\d{1,4}|[ivxl]{1,7}|" + "|".join(_ORDINALS)
VOLUME_HINTS = _words(
    """
    tome tomes t volume volumes vol v livre book part parts partie no n numero number episode cycle saison season
    i ii iii iv vi vii viii ix x xi xii xiii xiv xv
    """
)
VOLUME = re.compile(rf"(?:\b(?:{_VOLUME_WORD})[ .°º]*|#)({_COUNTED})\b")
ORDINAL_VOLUME = re.compile(rf"\b({'|'.join(_ORDINALS)}) (?:tome|volume|livre|partie|part|book)\b")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
ROMAN_AT_END = re.compile(r"(?<=\s)([ivx]{1,5})$")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


def counted(text: str) -> int | None:
    """A number in figures, Roman figures or words: "4", "iv", "quatrieme" → 4; None for anything else."""
    if text.isdigit():
        return int(text)
    if text in _ORDINALS:
        return _ORDINALS[text]
    if not text or set(text) - set(_ROMAN):
        return None
    values = [_ROMAN[letter] for letter in text]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


# How much is in one unit: to grams, millilitres, millimetres or pieces.
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("mg",), ("g", 0.001)),
    **dict.fromkeys(("g", "gr", "gramme", "grammes", "gram", "grams"), ("g", 1)),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogramme", "kilogrammes", "kilogram"), ("g", 1000)),
    **dict.fromkeys(("oz", "once", "onces"), ("g", 28.35)),
    **dict.fromkeys(("lb", "lbs", "livres"), ("g", 453.6)),
    **dict.fromkeys(("ml", "millilitre", "millilitres"), ("ml", 1)),
    **dict.fromkeys(("cl", "centilitre", "centilitres"), ("ml", 10)),
    **dict.fromkeys(("dl",), ("ml", 100)),
    **dict.fromkeys(("l", "litre", "litres", "liter"), ("ml", 1000)),
    **dict.fromkeys(("mm",), ("mm", 1)),
    **dict.fromkeys(("cm",), ("mm", 10)),
    **dict.fromkeys(("m",), ("mm", 1000)),
    **dict.fromkeys(("piece", "pieces", "pcs", "pc", "unite", "unites", "unit", "units", "sachets"), ("piece", 1)),
}
SIZE = re.compile(rf"(?:(\d{{1,3}}) ?[x×*] ?)?(\d+(?:[.,]\d+)?) ?({'|'.join(sorted(_UNITS, key=len, reverse=True))})\b")


def size_of(text: str) -> tuple[str, float] | None:
    """The content of one unit: "1 kg" and "1000 g" → ("g", 1000.0), "6 x 33 cl" → ("ml", 1980.0)."""
    found = SIZE.search(text)
    if found is None:
        return None
    times, amount, unit = found.groups()
    kind, factor = _UNITS[unit]
    return kind, round(int(times or 1) * float(amount.replace(",", ".")) * factor, 3)
