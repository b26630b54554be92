"""Mounted at `hosted_urls.PREFIX`, only where STRIPE_FAKE."""

from django.urls import path

from marketplace.payments.fake_stripe import views

app_name = "fake_stripe"

urlpatterns = [
    path("pay/<str:session_id>/", views.pay, name="pay"),
    path("onboarding/<str:token>/", views.onboarding, name="onboarding"),
]
