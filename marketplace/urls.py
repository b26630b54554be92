"""Mount order matters: ours before Oscar (the title page keeps Oscar's path), Wagtail's home before Oscar's redirect
of "/", and Wagtail's pages last, since they match anything."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from wagtail import urls as wagtail_urls
from wagtail import views as wagtail_views
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from marketplace.api.hooks import receive_hook
from marketplace.payments.views import receive_event

# One door for all: sign-in by allauth, which asks the second factor of whoever has one.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
to_sign_in = RedirectView.as_view(pattern_name="account_login", query_string=True)

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("cms/login/", to_sign_in),
    path("_util/login/", to_sign_in),  # Wagtail's for pages behind a password, which knows no second factor
    path("cms/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("admin/", admin.site.urls),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="storefront:sign-ins")),
    path("accounts/", include("allauth.urls")),
    path("api/", include("marketplace.api.urls")),
    path("hooks/<str:slug>/", receive_hook, name="hook"),
    path("portal/", include("shops.portal.urls")),
    path("join/", include("shops.onboarding.urls")),
    path("stripe/events/", receive_event, name="stripe-events"),
    path("", include("marketplace.operations.urls")),
    path("", include("marketplace.storefront.urls")),
    path("", wagtail_views.serve, {"path": ""}, name="home"),
    path("", include("marketplace.oscar_urls")),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
    path("", include(wagtail_urls)),
]

if settings.STRIPE_FAKE:
    urlpatterns.insert(0, path("fake-stripe/", include("marketplace.payments.fake_stripe.urls")))
