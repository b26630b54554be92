from collections.abc import Callable
from functools import partial
from pathlib import Path

from search.conformance import EngineConformance
from search.engines.base import Engine
from search.engines.tantivy import TantivyEngine


class TestTantivy(EngineConformance):
    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        return partial(TantivyEngine, place)
