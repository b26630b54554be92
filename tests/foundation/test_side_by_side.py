from __future__ import annotations

import threading

from marketplace.foundation import side_by_side
from marketplace.foundation.side_by_side import Lanes


def test_one_that_hangs_holds_only_itself():
    """Three are done beside it, by the one lane that is left."""
    lanes, go_on, done = Lanes("test", 2), threading.Event(), []
    others = threading.Semaphore(0)

    def work(name: str) -> bool:
        if name == "hangs":
            assert go_on.wait(30)
        done.append(name)
        others.release()
        return True

    with side_by_side.threads():
        assert lanes.each(work, ["hangs", "a"]) == 2
        assert others.acquire(timeout=30)
        assert lanes.each(work, ["b", "c"]) == 2
        assert others.acquire(timeout=30)
        assert others.acquire(timeout=30)
        assert done == ["a", "b", "c"]
        go_on.set()
    assert (done, lanes.room) == (["a", "b", "c", "hangs"], 2)


def test_room_is_what_is_not_at_work():
    lanes, go_on = Lanes("test", 3), threading.Event()
    with side_by_side.threads():
        lanes.each(lambda _: go_on.wait(30), [1, 2])
        assert lanes.room == 1
        go_on.set()
    assert lanes.room == 3


def test_what_raises_is_logged_and_its_lane_is_free_again(caplog):
    lanes = Lanes("test", 1)
    with side_by_side.threads():
        lanes.each(lambda number: bool(1 / number), [0])
    assert (lanes.room, "0 failed" in caplog.text) == (1, True)


def test_elsewhere_one_comes_after_the_other():
    assert Lanes("test", 2).each(lambda row: row > 1, [1, 2, 3]) == 2
