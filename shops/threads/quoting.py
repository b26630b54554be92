"""One's own words out of an answer by mail: what mail programs put below or around it is left out. Everything here was
written by strangers; each step is linear in its length."""

from __future__ import annotations

import re
from html.parser import HTMLParser

MARK = "##--"
"""In our mails, above what they say: what is below it in an answer is ours."""
MOST_HTML = 400_000
_LONGEST_LINE = 400  # of those that say "… wrote:"

# "On 3 March Léa wrote:", "Le 3 mars, Léa a écrit :", which some programs break over two lines.
_WROTE = re.compile(r"^(on|le|el|am|il)\b.*(wrote|a écrit|escribió|schrieb|ha scritto)\s*:\s*$", re.IGNORECASE)
_RULE = re.compile(
    r"^(-{2,}\s*(original message|message d'origine|message d’origine|forwarded message|message transféré)\s*-{2,}"
    r"|_{10,})$",
    re.IGNORECASE,
)
_HEAD = re.compile(r"^\*?(from|de|von)\s?:\*?\s.*@", re.IGNORECASE)
_SIGNATURE = re.compile(r"^-- ?$")


def own_words(text: str) -> str:
    """What the writer wrote above the quotation and the signature; empty where there is nothing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = _above(lines)
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    return "\n".join(line for line in kept if not line.lstrip().startswith(">")).strip()


def _above(lines: list[str]) -> list[str]:
    for position, line in enumerate(lines):
        plain = line.strip()
        if MARK in line:
            return _without_lead(lines[:position])
        if _SIGNATURE.match(line) or _RULE.match(plain) or _HEAD.match(plain[:_LONGEST_LINE]):
            return lines[:position]
        following = lines[position + 1].strip() if position + 1 < len(lines) else ""
        if _says_wrote(plain) or _says_wrote(f"{plain} {following}"):
            return lines[:position]
    return lines


def _without_lead(lines: list[str]) -> list[str]:
    """The line above our mark that says whose mail is quoted, in a language that is not known here: it ends with a
    colon, or is only the mark of a quotation."""
    kept = list(lines)
    while kept and (not kept[-1].strip() or kept[-1].strip(" >") == ""):
        kept.pop()
    if kept and kept[-1].rstrip().endswith(":"):
        kept.pop()
    return kept


def _says_wrote(line: str) -> bool:
    return len(line) <= _LONGEST_LINE and line.endswith(":") and _WROTE.match(line) is not None


def text_of_html(html: str) -> str:
    """The text of a mail that has no other: without what is quoted, without what is not shown."""
    reader = _Text()
    reader.feed(html[:MOST_HTML])
    reader.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(reader.found)).strip()


class _Text(HTMLParser):
    _HIDDEN = frozenset({"script", "style", "head", "title", "blockquote", "template"})
    _BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self._HIDDEN:
            self._hidden.append(tag)
        elif tag in self._BREAKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            while self._hidden.pop() != tag:
                pass
        elif tag in self._BREAKS and tag != "br":
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(" ".join(data.split("\n")))
