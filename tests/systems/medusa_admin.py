"""Medusa's Admin API in a few lines, for its seed and for the tests that act as the shop."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

OWNER = {"email": "owner@shop.example", "password": "owner"}


class Admin:
    """Signed in as the shop's owner."""

    def __init__(self, address: str) -> None:
        self.address, self.token = address, ""
        self.token = self.post("/auth/user/emailpass", OWNER)["token"]

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, body or {})

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        sent = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.address}{path}", sent, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from None
