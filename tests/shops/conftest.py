"""What tests of shops' channels share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shops.channels import receiver
from tests.shops.channels.receiver import Receiver


@pytest.fixture
def server(settings) -> Iterator[Receiver]:
    """A shop's system on the loopback, which takes its orders."""
    settings.HTTP_ALLOW_PRIVATE = True
    with receiver.running() as server:
        yield server
