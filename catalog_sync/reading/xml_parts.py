"""An XML record as plain Python: a few hundred look-ups per record in lxml's own tree cost six times the parsing."""

from collections.abc import Mapping
from typing import Optional

from lxml import etree


class Part:
    """An element by its local name, renamed where a table says so; its namespace is dropped, as senders get it wrong.

    `find`, `findall` and `findtext` take child names or paths of them ("Sender/SenderName"), as those of ElementTree.
    """

    __slots__ = ("_parts", "element", "tag", "text")

    def __init__(self, element: etree._Element, names: Mapping[str, str]) -> None:
        tag = element.tag
        if tag[0] == "{":
            tag = tag[tag.index("}") + 1 :]
        self.element = element
        self.tag = names.get(tag, tag)
        self.text = element.text
        self._parts: dict[str, list[Part]] = {}
        for child in element:
            if isinstance(child.tag, str):
                part = Part(child, names)
                self._parts.setdefault(part.tag, []).append(part)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    def find(self, path: str) -> Optional["Part"]:
        found = self.findall(path)
        return found[0] if found else None

    def findall(self, path: str) -> list["Part"]:
        if "/" not in path:
            return self._parts.get(path, [])
        first, rest = path.split("/", 1)
        return [deeper for part in self._parts.get(first, ()) for deeper in part.findall(rest)]

    def findtext(self, path: str) -> str | None:
        found = self.findall(path)
        return found[0].text or "" if found else None

    def all_text(self) -> str:
        """All text inside, markup dropped."""
        return "".join(self.element.itertext()).strip()
