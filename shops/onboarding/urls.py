"""Asking to join; the second part of an applicant's addresses is the key that their mail carries."""

from django.urls import path

from shops.onboarding import views

app_name = "joining"
urlpatterns = [
    path("", views.join, name="join"),
    path("sent/", views.sent, name="sent"),
    path("<int:pk>/<str:key>/", views.application, name="application"),
    path("<int:pk>/<str:key>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/<str:key>/say/", views.say, name="say"),
    path("<int:pk>/<str:key>/attach/", views.attach, name="attach"),
    path("<int:pk>/<str:key>/remove/<int:document_id>/", views.remove_paper, name="remove-paper"),
    path("<int:pk>/<str:key>/withdraw/", views.withdraw, name="withdraw"),
]
