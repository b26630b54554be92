"""An XML record as plain Python: a few hundred look-ups per record in lxml's own tree cost six times the parsing.

Elements are those of the standard library's parser, whose tags and texts are plain attributes. Children are sorted by
name when they are first asked for, and only those that have children of their own are ever wrapped.
"""

from collections.abc import Mapping
from html import escape
from typing import Optional
from xml.etree.ElementTree import Element

DEEPEST_MARKUP = 50  # elements inside one another in a text; deeper ones keep their words alone


class Part:
    """An element by its local name, renamed where a table says so; its namespace is dropped, as senders get it wrong.

    `find`, `findall` and `findtext` take child names or paths of them ("Sender/SenderName"), as those of ElementTree.
    """

    __slots__ = ("_children", "_names", "element", "text")

    def __init__(self, element: Element, names: Mapping[str, str]) -> None:
        self.element = element
        self.text = element.text
        self._names = names
        self._children: dict[str, list[Element]] | None = None

    def __len__(self) -> int:
        return len(self.element)

    def __bool__(self) -> bool:
        return True

    def _sorted(self) -> dict[str, list[Element]]:
        children: dict[str, list[Element]] = {}
        names = self._names
        for child in self.element:
            tag = child.tag
            if tag[0] == "{":
                tag = tag[tag.index("}") + 1 :]
            tag = names.get(tag, tag)
            if tag in children:
                children[tag].append(child)
            else:
                children[tag] = [child]
        self._children = children
        return children

    def find(self, path: str) -> Optional["Part"]:
        if "/" in path:
            found = self.findall(path)
            return found[0] if found else None
        children = self._children
        if children is None:
            children = self._sorted()
        elements = children.get(path)
        return Part(elements[0], self._names) if elements else None

    def findall(self, path: str) -> list["Part"]:
        first, _, rest = path.partition("/")
        children = self._children
        if children is None:
            children = self._sorted()
        elements = children.get(first)
        if not elements:
            return []
        parts = [Part(element, self._names) for element in elements]
        return [deeper for part in parts for deeper in part.findall(rest)] if rest else parts

    def findtext(self, path: str) -> str | None:
        if "/" in path:
            found = self.findall(path)
            return found[0].text or "" if found else None
        children = self._children
        if children is None:
            children = self._sorted()
        elements = children.get(path)
        return elements[0].text or "" if elements else None

    def all_text(self) -> str:
        """All text inside, markup dropped."""
        element = self.element
        return "".join(element.itertext()).strip() if len(element) else (element.text or "").strip()

    def markup(self) -> str:
        """What is inside as HTML: texts, and elements by their local names with their attributes."""
        return escape_text(self.element.text) + "".join(_markup(child, 1) for child in self.element)


def escape_text(text: str | None) -> str:
    return escape(text, quote=False) if text else ""


def _markup(element: Element, depth: int) -> str:
    name = element.tag.rsplit("}", 1)[-1]
    attributes = "".join(f' {key.rsplit("}", 1)[-1]}="{escape(value)}"' for key, value in element.items())
    if depth >= DEEPEST_MARKUP:
        inner = escape_text("".join(element.itertext()))
    else:
        inner = escape_text(element.text) + "".join(_markup(child, depth + 1) for child in element)
    whole = f"<{name}{attributes}>{inner}</{name}>" if inner else f"<{name}{attributes}/>"
    return whole + escape_text(element.tail)
