import gc
from datetime import UTC, datetime, timedelta

from marketplace.foundation import bulk

AT = datetime(2026, 3, 2, 12, 0, 0, 5, tzinfo=UTC)
TYPES = ("text", "integer", "bigint", "boolean", "moment", "date", "json")


def test_rows_of_every_type_come_back(db):
    bulk.create_temporary("bulk_test", {kind: kind if kind != "json" else "text" for kind in TYPES} | {"n": "integer"})
    row = ("tab\tline\nback\\slash é", 1, 2**62, True, bulk.moment(AT), "2026-03-02", '{"a": "\\n"}', None)
    names = [f'"{kind}"' for kind in TYPES] + ["n"]
    bulk.load("bulk_test", names, [row])
    ((text, number, big, flag, moment, day, json, none),) = bulk.rows("SELECT * FROM bulk_test")
    assert (text, number, big, bool(flag), str(day), json, none) == (*row[:3], True, "2026-03-02", row[6], None)
    assert bulk.read_moment(moment) == AT
    bulk.drop_temporary("bulk_test")


def test_creating_again_starts_empty(db):
    for _ in range(2):
        bulk.create_temporary("bulk_test", {"a": "integer"}, key="a")
        assert bulk.rows("SELECT count(*) FROM bulk_test") == [(0,)]
        bulk.load("bulk_test", ["a"], [(1,), (2,)])
    assert bulk.execute("DELETE FROM bulk_test WHERE a > %s", [1]) == 1
    bulk.drop_temporary("bulk_test")


def test_times_compare_as_stored(db):
    bulk.create_temporary("bulk_test", {"at": "moment"})
    bulk.load("bulk_test", ["at"], [(bulk.moment(AT),), (bulk.moment(AT.replace(microsecond=0)),)])
    later = bulk.moment(AT + timedelta(microseconds=1))
    assert bulk.rows("SELECT count(*) FROM bulk_test WHERE at < %s", [later]) == [(2,)]
    assert bulk.rows("SELECT count(*) FROM bulk_test WHERE at < %s", [bulk.moment(AT)]) == [(1,)]
    bulk.drop_temporary("bulk_test")


def test_collecting_is_as_usual_afterwards():
    usual = gc.get_threshold()
    with bulk.rarely_collecting():
        assert gc.get_threshold() != usual
    assert gc.get_threshold() == usual
