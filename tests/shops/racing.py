"""Threads that start together, each with a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection


def at_once(work: Callable[[int], object], times: int) -> list[object]:
    """`work(0)`, `work(1)`, … at the same time; their results, exceptions among them."""
    barrier, results = threading.Barrier(times), [None] * times

    def run(number: int) -> None:
        try:
            barrier.wait(30)
            results[number] = work(number)
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
