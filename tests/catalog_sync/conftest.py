import pytest

from tests.catalog_sync import memory


@pytest.fixture
def _memory(monkeypatch):
    memory.register(monkeypatch)
