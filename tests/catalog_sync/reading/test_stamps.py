"""From when a file's numbers are."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog_sync.reading.stamps import as_of, read_stamp


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("20100510T1115-0400", datetime(2010, 5, 10, 15, 15, tzinfo=UTC)),
        ("20100510T111530Z", datetime(2010, 5, 10, 11, 15, 30, tzinfo=UTC)),
        ("2010-05-10T11:15:30.5+02:00", datetime(2010, 5, 10, 9, 15, 30, tzinfo=UTC)),
        ("20100510T1115", datetime(2010, 5, 10, 9, 15, tzinfo=UTC)),
        ("20100110", datetime(2010, 1, 9, 23, 0, tzinfo=UTC)),
        ("2010-05-10", datetime(2010, 5, 9, 22, 0, tzinfo=UTC)),
        ("Mon, 10 May 2010 11:15:00 +0200", datetime(2010, 5, 10, 9, 15, tzinfo=UTC)),
        ("Mon, 10 May 2010 11:15:00 GMT", datetime(2010, 5, 10, 11, 15, tzinfo=UTC)),
        ("20101310", None),
        ("gestern", None),
        ("", None),
    ],
)
def test_stamp_of_every_sender(text, stamp):
    assert read_stamp(text, "Europe/Paris") == stamp


RECEIVED = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stamp", "earlier"),
    [
        (RECEIVED - timedelta(hours=3), timedelta(hours=3, minutes=15)),
        (RECEIVED + timedelta(days=1), timedelta(minutes=15)),
        (None, timedelta(hours=48)),
    ],
    ids=["of the file", "of the future", "none"],
)
def test_as_of_is_the_earliest_moment(stamp, earlier):
    assert as_of(stamp, RECEIVED) == RECEIVED - earlier
