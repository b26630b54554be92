"""A child that reads what strangers sent: its messages come through, its excesses end it and nothing else."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection

from marketplace.foundation import confinement
from marketplace.foundation.confinement import ConfinedError, End, Limits, confined

MB = 1024**2


def limits(**others: float) -> Limits:
    return Limits(
        **{"memory_bytes": 256 * MB, "processor_seconds": 60, "waiting_seconds": 60, "silence_seconds": 60} | others
    )


def end_of(work: Callable[[], Iterable[bytes]], **others: float) -> End:
    with pytest.raises(ConfinedError) as caught:
        list(confined(work, limits(**others)))
    return caught.value.end


def test_messages_come_through_whole_and_in_order():
    sent = [b"", b"one", os.urandom(3 * MB), b"last"]
    assert list(confined(lambda: sent, limits())) == sent


def test_too_much_memory_ends_the_child():
    def greedy() -> Iterable[bytes]:
        return [bytes(len(bytearray(100 * MB)) // MB)]

    assert end_of(greedy, memory_bytes=64 * MB) is End.MEMORY
    assert list(confined(greedy, limits())) == [bytes(100)], "without the limit it has it"


def test_child_that_the_system_kills_for_memory_is_told_as_such():
    assert end_of(lambda: os.kill(os.getpid(), signal.SIGKILL) or ()) is End.MEMORY


def test_too_much_processor_time_ends_the_child():
    def endless() -> Iterable[bytes]:
        while True:
            pass

    assert end_of(endless, processor_seconds=1) is End.PROCESSOR


@pytest.mark.parametrize("which", ["silence_seconds", "waiting_seconds"])
def test_silence_ends_the_child(which):
    assert end_of(lambda: signal.pause() or (), **{which: 0.05}) is End.TIME


def test_time_that_the_parent_takes_does_not_count(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(confinement, "time", SimpleNamespace(monotonic=lambda: now[0]))
    taken = 0
    for _ in confined(lambda: [b"x" * MB * 2] * 3, limits()):
        now[0] += 1000
        taken += 1
    assert taken == 3


def test_time_that_the_child_takes_adds_up(monkeypatch):
    moments = iter(range(0, 100_000, 20))
    monkeypatch.setattr(confinement, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    assert end_of(lambda: [b"x"] * 1000, waiting_seconds=50) is End.TIME


def test_crash_and_error_are_told():
    assert end_of(lambda: os.kill(os.getpid(), signal.SIGTERM) or ()) is End.CRASH
    with pytest.raises(ConfinedError, match="ZeroDivisionError"):
        list(confined(lambda: [b"x" * (1 // 0)], limits()))


@pytest.mark.django_db
def test_child_reaches_neither_database_nor_open_files(tmp_path):
    connection.ensure_connection()
    with (tmp_path / "open").open("wb", buffering=0) as file:

        def reaching() -> Iterable[bytes]:
            os.write(file.fileno(), b"from the child")
            connection.cursor().execute("SELECT 1")
            return ()

        with pytest.raises(ConfinedError, match="has no database"):
            list(confined(reaching, limits()))
    assert (tmp_path / "open").read_bytes() == b""
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT 1") is not None


def test_child_and_its_files_end_with_the_iterator():
    def endless() -> Iterable[bytes]:
        folder = tempfile.mkdtemp()
        while True:
            yield f"{os.getpid()} {folder}".encode()

    with closing(confined(endless, limits())) as messages:
        child, folder = next(messages).decode().split()
        assert Path(folder).is_dir()
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)
