"""The conformance class finds what it is there to find: adapters broken on purpose fail it, each in its own test."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from catalog_sync.adapters.spreadsheet import Spreadsheet
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.records import Chunk
from tests.catalog_sync.feeds import FIXTURES


class ZeroForUnknown(Spreadsheet):
    """What a careless adapter does with a blank cell."""

    def read(self, *arguments) -> Iterator[Chunk]:
        for chunk in super().read(*arguments):
            yield chunk._replace(records=[record._replace(quantity=record.quantity or 0) for record in chunk.records])


class OurClock(Spreadsheet):
    """Takes the time of the reading plus a little for the age of the numbers."""

    def read(self, *arguments) -> Iterator[Chunk]:
        for chunk in super().read(*arguments):
            yield chunk._replace(as_of=datetime.now(UTC) + timedelta(hours=1))


class AlwaysComplete(Spreadsheet):
    """Believes every end of a file."""

    def read(self, *arguments) -> Iterator[Chunk]:
        for chunk in super().read(*arguments):
            yield chunk._replace(complete=True)


class Careless(Spreadsheet):
    """Fails on bad input with whatever comes."""

    def fetch(self, *arguments) -> Iterator[Chunk]:
        with open(self.feed.location, encoding="utf-8") as stream:
            assert stream.readlines()[0]
        yield from super().fetch(*arguments)


class HoldsEverything(Spreadsheet):
    """Reads the whole feed before it hands over the first chunk, and keeps it."""

    def read(self, *arguments) -> Iterator[Chunk]:
        self.kept = []
        for chunk in super().read(*arguments):
            self.kept.append(chunk)
            yield chunk


# Not called Test…: collected only through the table below.
class Conformance(AdapterConformance):
    kind = "csv"
    fixture = FIXTURES / "list_bom.csv"
    expected = {"9780439023481": {"price": 1099}}
    unknown_quantities = ("9780804429573",)
    ends_may_be_open = True
    long_feed = ("ISBN,SKU,Title,Price,Stock\n", ",S-NUMBER,Title NUMBER,10.00,1\n", "")
    adapter_class = Spreadsheet

    def adapter(self, path):
        return self.adapter_class(FeedUnderTest(self.kind, str(path), options=self.options))


def run(adapter_class, name: str, tmp_path) -> None:
    case = Conformance()
    case.adapter_class = adapter_class
    test = getattr(case, name)
    file = tmp_path / Conformance.fixture.name
    file.write_bytes(Conformance.fixture.read_bytes())
    available = {
        "tmp_path": tmp_path,
        "file": file,
        "reading": case.read(file) if adapter_class is not Careless else None,
    }
    if name == "test_empty_file_is_a_feed_error":
        available["content"] = b""
    wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
    test(**{argument: available[argument] for argument in wanted})


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        (ZeroForUnknown, "test_unknown_quantity_is_none_and_never_zero"),
        (OurClock, "test_as_of_is_never_after_receipt"),
        (AlwaysComplete, "test_delta_is_never_complete"),
        (Careless, "test_empty_file_is_a_feed_error"),
        (HoldsEverything, "test_long_feed_keeps_nothing"),
    ],
)
def test_broken_adapter_fails_where_the_sound_one_passes(broken, name, tmp_path):
    run(Spreadsheet, name, tmp_path)
    with pytest.raises((AssertionError, IndexError)):
        run(broken, name, tmp_path)
