import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from search.conformance import EngineConformance
from search.engines.base import Engine
from search.engines.elasticsearch import ElasticsearchEngine


class TestElasticsearch(EngineConformance):
    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        import hashlib

        name = "test-" + hashlib.blake2b(str(place).encode(), digest_size=6).hexdigest()
        return partial(ElasticsearchEngine, os.environ["ELASTICSEARCH_URL"], name, place)
