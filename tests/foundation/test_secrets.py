import pytest

from marketplace.foundation import secrets


def test_seal_opens_for_its_row():
    assert secrets.open_sealed(secrets.seal("clé", row="shop:1"), row="shop:1") == "clé"


def test_sealed_for_another_row_does_not_open():
    with pytest.raises(secrets.SecretError, match="another row"):
        secrets.open_sealed(secrets.seal("clé", row="shop:1"), row="shop:2")


def test_sealed_with_another_key_does_not_open(settings):
    sealed = secrets.seal("clé", row="shop:1")
    settings.FIELD_KEY = "another"
    with pytest.raises(secrets.SecretError, match="key changed"):
        secrets.open_sealed(sealed, row="shop:1")


def test_a_secret_in_the_clear_is_refused():
    with pytest.raises(secrets.SecretError, match="known form"):
        secrets.open_sealed("plain", row="shop:1")
