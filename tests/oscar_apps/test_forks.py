"""Each fork resolves to our class, adds no model and no migration, and closes Oscar's own way of buying."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from oscar.apps.basket.models import Basket, Line
from oscar.apps.partner.models import StockRecord
from oscar.core.loading import get_class

OURS = {
    ("partner.strategy", "Selector"): "marketplace.oscar_apps.partner.strategy",
    ("partner.availability", "ShopStock"): "marketplace.oscar_apps.partner.availability",
    ("basket.views", "BasketView"): "marketplace.oscar_apps.basket.views",
    ("shipping.repository", "Repository"): "marketplace.oscar_apps.shipping.repository",
    ("checkout.views", "IndexView"): "marketplace.oscar_apps.checkout.views",
}


@pytest.mark.parametrize(("module", "name"), OURS)
def test_fork_resolves(module, name):
    assert get_class(module, name).__module__ == OURS[module, name]


def test_every_fork_in_settings_is_installed_and_tested():
    names = {label: apps.get_app_config(label).name for label in settings.OSCAR_FORKS}
    assert names == {label: f"marketplace.oscar_apps.{label}" for label in settings.OSCAR_FORKS}
    assert {module.split(".")[0] for module, _ in OURS} == set(settings.OSCAR_FORKS)


def test_models_stay_oscars():
    assert {model.__module__ for model in (Basket, Line)} == {"oscar.apps.basket.models"}
    assert StockRecord.__module__ == "oscar.apps.partner.models"


@pytest.mark.parametrize("name", ["basket:add", "checkout:payment-details", "checkout:preview", "checkout:thank-you"])
def test_oscars_own_way_of_buying_is_not_mounted(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)
