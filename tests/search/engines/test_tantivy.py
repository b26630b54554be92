import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from search.conformance import EngineConformance
from search.documents import TitleDocument
from search.engines.base import Engine, Query, SearchError
from search.engines.tantivy import TantivyEngine

JARDIN = TitleDocument(product_id=1, title="Jardin")


class TestTantivy(EngineConformance):
    @classmethod
    def opener(cls, place: Path) -> Callable[[], Engine]:
        return partial(TantivyEngine, place)


def test_an_index_of_another_version_is_refused_until_rebuilt(tmp_path: Path) -> None:
    engine = TantivyEngine(tmp_path)
    engine.write([JARDIN])
    live = (tmp_path / "current").read_text()
    (tmp_path / live).rename(tmp_path / "00000000-abc")
    (tmp_path / "current").write_text("00000000-abc")
    for refused in (lambda: engine.search(Query()), lambda: engine.write([JARDIN]), lambda: engine.remove([1])):
        with pytest.raises(SearchError, match="built by another version: run manage"):
            refused()
    assert not engine.status().healthy
    assert engine.rebuild([JARDIN]) == 1
    assert engine.search(Query()).ids == (1,)
    assert not (tmp_path / "00000000-abc").exists()


def test_a_writer_waits_for_another_and_then_gives_up(tmp_path: Path) -> None:
    engine, hasty = TantivyEngine(tmp_path), TantivyEngine(tmp_path, patience_seconds=0.05)
    engine.write([JARDIN])
    with engine._writing("write"):
        with pytest.raises(SearchError, match="busy"):
            hasty.write([JARDIN])
        waiting = threading.Thread(
            target=TantivyEngine(tmp_path).write, args=([TitleDocument(product_id=2, title="B")],)
        )
        waiting.start()
        assert engine.search(Query()).total == 1
    waiting.join()
    assert engine.search(Query()).total == 2


@pytest.mark.parametrize("damage", ["meta.json", "*.term", "*.fast"])
def test_a_damaged_index_says_so_and_is_healed_by_a_rebuild(tmp_path: Path, damage: str) -> None:
    TantivyEngine(tmp_path).write([JARDIN])
    for file in tmp_path.glob(f"*/{damage}"):
        os.truncate(file, 3)
    engine = TantivyEngine(tmp_path, patience_seconds=0.05)
    with pytest.raises(SearchError):
        engine.search(Query(text="jardin", facets=("shop",)))
    assert not engine.status().healthy
    assert engine.rebuild([JARDIN]) == 1
    assert engine.search(Query(text="jardin")).ids == (1,)


def test_leftovers_of_killed_rebuilds_are_removed_by_the_next(tmp_path: Path) -> None:
    engine = TantivyEngine(tmp_path)
    engine.write([JARDIN])
    (tmp_path / "00000000-left").mkdir()
    (tmp_path / "journal").write_text("{half a line")
    engine.write([TitleDocument(product_id=2, title="Ombre")])
    assert not (tmp_path / "journal").exists()
    engine.rebuild([JARDIN])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [(tmp_path / "current").read_text(), "current", "rebuild.lock"]
    )
