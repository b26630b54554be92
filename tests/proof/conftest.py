from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Callable[[Mapping[str, object]], None]:
    """Print what a proof counted, on the terminal also while pytest captures output."""

    def say(counts: Mapping[str, object]) -> None:
        with capsys.disabled():
            print(f"\n{request.node.name}: " + ", ".join(f"{name} {value}" for name, value in counts.items()))

    return say
