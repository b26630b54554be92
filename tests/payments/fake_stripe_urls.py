"""The stand-in's pages alone."""

from django.urls import include, path

from marketplace.payments.fake_stripe.hosted_urls import PREFIX

urlpatterns = [path(PREFIX.removeprefix("/"), include("marketplace.payments.fake_stripe.urls"))]
