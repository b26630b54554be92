import pytest
from django.contrib.auth import authenticate

from demo.accounts import PASSWORD
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    person = factories.user("demo@example.org")
    person.set_password(PASSWORD)
    person.save()
    return person


def test_demo_password_is_refused_without_debug(person, settings, rf):
    settings.DEBUG = False
    assert authenticate(rf.post("/"), email=person.email, password=PASSWORD) is None


def test_demo_password_opens_the_demo(person, settings, rf):
    settings.DEBUG = True
    assert authenticate(rf.post("/"), email=person.email, password=PASSWORD) == person
