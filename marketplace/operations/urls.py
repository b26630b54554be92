"""The operator's board and the health address."""

from django.urls import URLPattern

app_name = "operations"
urlpatterns: list[URLPattern] = []
