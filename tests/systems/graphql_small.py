"""As much of GraphQL as a contract server needs: a document is read, held against a schema, priced and carried out.

A schema is text, a line for each type: `Type: field(argument! argument)=Type field ...`; a field without a type is a
scalar, one of the type `[T]` a list of T, one of `<T>` a connection of T."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[A-Za-z_]\w*|-?\d+|[{}()\[\]:$!=]|[\s,]+')
MOST_NODES = 250  # of a page
CONNECTION = {"nodes", "edges", "pageInfo"}


class GraphqlError(Exception):
    pass


class Picked(NamedTuple):
    name: str
    arguments: dict[str, Any]
    picked: list[Picked]
    on: str = ""  # of a fragment: the type


class Field(NamedTuple):
    arguments: dict[str, bool]  # whether it must be there
    type: str


Resolve = Callable[[str, Any, str, dict[str, Any]], Any]


class Schema:
    def __init__(self, text: str) -> None:
        self.types: dict[str, dict[str, Field]] = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            name, _, fields = line.partition(":")
            self.types[name] = {}
            for field in re.finditer(r"(\w+)(?:\(([^)]*)\))?(?:=(\S+))?", fields):
                arguments = {each.rstrip("!"): each.endswith("!") for each in (field[2] or "").split()}
                self.types[name][field[1]] = Field(arguments, field[3] or "")

    def checked(self, kind: str, picked: list[Picked]) -> int:
        """What it may cost at most: each object 1, a connection as often as is asked for. Raises GraphqlError."""
        cost = 0
        for each in picked:
            if each.on:
                cost += self.checked(each.on, each.picked)
                continue
            field = self.types[kind].get(each.name)
            if field is None:
                raise GraphqlError(f"Field '{each.name}' doesn't exist on type '{kind}'")
            for name in each.arguments.keys() - field.arguments.keys():
                raise GraphqlError(f"Field '{each.name}' doesn't accept argument '{name}'")
            for name, needed in field.arguments.items():
                if needed and each.arguments.get(name) is None:
                    raise GraphqlError(f"Field '{each.name}' is missing required arguments: {name}")
            cost += self._cost(kind, field, each)
        return cost

    def _cost(self, kind: str, field: Field, each: Picked) -> int:
        if bool(field.type) != bool(each.picked):
            raise GraphqlError(f"Selections of '{each.name}' are not as its type needs them")
        if field.type.startswith("<"):
            if int(each.arguments.get("first") or 1) > MOST_NODES:
                raise GraphqlError(f"first cannot exceed {MOST_NODES}")
            return int(each.arguments.get("first") or 1) * (1 + sum(self._of_node(field.type[1:-1], each)))
        return 1 + self.checked(field.type.strip("[]"), each.picked) if field.type else 0

    def _of_node(self, kind: str, each: Picked) -> list[int]:
        costs = []
        for part in each.picked:
            if part.name not in CONNECTION:
                raise GraphqlError(f"Field '{part.name}' doesn't exist on type '{kind}Connection'")
            nodes = [one for one in part.picked if one.name == "node"] if part.name == "edges" else [part]
            costs += [self.checked(kind, node.picked) for node in nodes if part.name != "pageInfo"]
        return costs

    def carried_out(self, kind: str, value: Any, picked: list[Picked], resolve: Resolve) -> dict[str, Any]:
        done: dict[str, Any] = {}
        for each in picked:
            if each.on:
                done |= self.carried_out(each.on, value, each.picked, resolve)
                continue
            field, found = self.types[kind][each.name], resolve(kind, value, each.name, each.arguments)
            inner = field.type.strip("[]<>")
            if not field.type or found is None:
                done[each.name] = found
            elif field.type.startswith("["):
                done[each.name] = [self.carried_out(inner, one, each.picked, resolve) for one in found]
            elif field.type.startswith("<"):
                done[each.name] = self._connection(inner, found, each, resolve)
            else:
                done[each.name] = self.carried_out(inner, found, each.picked, resolve)
        return done

    def _connection(self, kind: str, found: list[Any], each: Picked, resolve: Resolve) -> dict[str, Any]:
        """By the key of the last one: of a list that has shrunk meanwhile nothing is passed over."""
        after, first = each.arguments.get("after"), each.arguments.get("first") or len(found)
        left = [one for one in found if after is None or one["key"] > int(after)]
        page, done = left[:first], dict[str, Any]()
        for part in each.picked:
            if part.name == "pageInfo":
                end = str(page[-1]["key"]) if page else None
                done["pageInfo"] = {"hasNextPage": len(left) > len(page), "endCursor": end}
            elif part.name == "nodes":
                done["nodes"] = [self.carried_out(kind, one, part.picked, resolve) for one in page]
            else:
                (node,) = part.picked
                done["edges"] = [{"node": self.carried_out(kind, one, node.picked, resolve)} for one in page]
        return done


def read(document: str, variables: dict[str, Any]) -> tuple[str, list[Picked]]:
    """("query" or "mutation", what is picked), with the variables put in. Raises GraphqlError."""
    tokens, at = [], 0
    while at < len(document):
        found = TOKEN.match(document, at)
        if found is None:
            raise GraphqlError(f"Parse error on {document[at : at + 10]!r}")
        at = found.end()
        if found[0].strip(" ,\n\t\r"):
            tokens.append(found[0])
    return _Reader(tokens, variables).document()


class _Reader:
    def __init__(self, tokens: list[str], variables: dict[str, Any]) -> None:
        self.tokens, self.variables, self.declared = tokens, variables, set[str]()

    def next(self, wanted: str = "") -> str:
        if not self.tokens or (wanted and self.tokens[0] != wanted):
            raise GraphqlError(f"Parse error: expected {wanted}, got {self.tokens[:1]}")
        return self.tokens.pop(0)

    def document(self) -> tuple[str, list[Picked]]:
        kind = self.next() if self.tokens[0] != "{" else "query"
        if self.tokens[0] == "(":
            self._declarations()
        if unknown := self.variables.keys() - self.declared:
            raise GraphqlError(f"Variables that are not declared: {sorted(unknown)}")
        picked = self.selection()
        if self.tokens:
            raise GraphqlError("Parse error: something follows")
        return kind, picked

    def _declarations(self) -> None:
        self.next("(")
        while self.tokens[0] != ")":
            self.next("$")
            name = self.next()
            self.declared.add(name)
            self.next(":")
            self.next()
            if self.tokens[0] == "!":
                self.next()
                if self.variables.get(name) is None:
                    raise GraphqlError(f"Variable ${name} was provided invalid value")
        self.next(")")

    def selection(self) -> list[Picked]:
        self.next("{")
        picked = []
        while self.tokens[0] != "}":
            if self.tokens[0] == "...":
                self.next()
                self.next("on")
                on = self.next()
                picked.append(Picked("", {}, self.selection(), on))
                continue
            name, arguments = self.next(), {}
            if self.tokens[0] == "(":
                self.next()
                while self.tokens[0] != ")":
                    argument = self.next()
                    self.next(":")
                    arguments[argument] = self.value()
                self.next(")")
            picked.append(Picked(name, arguments, self.selection() if self.tokens[0] == "{" else []))
        self.next("}")
        return picked

    def value(self) -> Any:
        token = self.next()
        if token == "$":
            name = self.next()
            if name not in self.declared:
                raise GraphqlError(f"Variable ${name} is used but not declared")
            return self.variables.get(name)
        if token == "[":
            values = []
            while self.tokens[0] != "]":
                values.append(self.value())
            self.next()
            return values
        return json.loads(token) if token[0] == '"' or token.lstrip("-").isdigit() else token
