import pytest

from marketplace.catalogue import changes
from marketplace.catalogue.models import TitleChange


def test_marks_each_product_once(db):
    assert changes.mark([3, 1, 3, 2]) == 3
    assert list(TitleChange.objects.order_by("pk").values_list("product_id", flat=True)) == [1, 2, 3]
    assert all(change.marked_at is not None for change in TitleChange.objects.all())


def test_marking_nothing_writes_nothing(db):
    assert changes.mark(set()) == 0
    assert not TitleChange.objects.exists()


@pytest.mark.parametrize("count", [1, 25_000])
def test_marks_many(db, count):
    assert changes.mark(range(1, count + 1)) == count
    assert TitleChange.objects.count() == count
