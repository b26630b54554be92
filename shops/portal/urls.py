"""The shop's workspace."""

from django.urls import URLPattern

app_name = "portal"
urlpatterns: list[URLPattern] = []
