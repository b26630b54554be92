"""What happens in the shops."""

from django.urls import path, re_path

from marketplace.storefront import event_views

urlpatterns = [
    path("events/", event_views.events, name="events"),
    path("events/calendar.ics", event_views.events_calendar, name="events-calendar"),
    re_path(r"^events/(?P<pk>\d{1,18})/$", event_views.event, name="event"),
    re_path(r"^events/(?P<pk>\d{1,18})\.ics$", event_views.one_calendar, name="event-file"),
    path("shops/<slug:slug>/calendar.ics", event_views.shop_calendar, name="shop-calendar"),
]
