"""The one settings file. Everything comes from the environment; a clone without any runs the embedded default
(SQLite, tantivy, in-process worker, fake Stripe, mail to files). `docs/operating.md` lists the variables."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403  (Oscar needs every one of its settings present)

# Nothing of what Django now imports is garbage, and looking through it takes a fifth of each program's start.
# MarketplaceConfig has Python look again once all models are there.
gc.disable()

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    """A text from the environment; NAME_FILE may name a file that holds it (container secrets)."""
    path = os.environ.get(f"{name}_FILE")
    return Path(path).read_text().strip() if path else os.environ.get(name, default)


def env_bool(name: str, default: bool) -> bool:
    value = env(name, str(default)).lower()
    if value not in {"1", "0", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} is {value!r}: say true or false.")
    return value in {"1", "true", "yes"}


def env_list(name: str) -> list[str]:
    return [part.strip() for part in env(name).split(",") if part.strip()]


DEBUG = env_bool("HALLES_DEBUG", True)
VAR_DIR = Path(env("HALLES_VAR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)
# The fixed key serves a clone only; `check --deploy` and marketplace.checks refuse it when DEBUG is off.
SECRET_KEY = env("HALLES_SECRET_KEY", "only-for-development-and-the-demo" if DEBUG else "")
# Encrypts stored secrets (foundation.secrets); separate, so that SECRET_KEY can be rotated by itself.
FIELD_KEY = env("HALLES_FIELD_KEY", SECRET_KEY)
SITE_URL = env("HALLES_SITE_URL", "http://127.0.0.1:8000")
ALLOWED_HOSTS = env_list("HALLES_HOSTS") or (["127.0.0.1", "localhost", "[::1]", "testserver"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []
# Shops' own entrances as <slug>.<domain> (marketplace.storefront.entrances); empty: by path alone, /at/<slug>/.
ENTRANCE_DOMAIN = env("HALLES_ENTRANCE_DOMAIN").lower().strip(".")
if ENTRANCE_DOMAIN:
    ALLOWED_HOSTS += [f".{ENTRANCE_DOMAIN}"]
    CSRF_TRUSTED_ORIGINS += [f"{SITE_URL.partition('://')[0]}://*.{ENTRANCE_DOMAIN}"]
TESTING = env_bool("HALLES_TESTING", False)

# Oscar's apps that we replace by a class-only fork (DESIGN: no field, no migration of ours).
OSCAR_FORKS = ["partner", "basket", "shipping", "checkout"]

INSTALLED_APPS = [
    "marketplace.apps.MarketplaceConfig",
    "marketplace.foundation.apps.FoundationConfig",
    "marketplace.catalogue.apps.TitlesConfig",
    "shops.apps.ShopsConfig",
    "search.apps.SearchConfig",
    "catalog_sync.apps.CatalogSyncConfig",
    "marketplace.payments.apps.PaymentsConfig",
    "marketplace.payments.fake_stripe.apps.FakeStripeConfig",
    "marketplace.checkout.apps.PlacingConfig",
    "marketplace.readers.apps.ReadersConfig",
    "marketplace.storefront.apps.StorefrontConfig",
    "marketplace.cms.apps.CmsConfig",
    "marketplace.agenda.apps.AgendaConfig",
    "marketplace.operations.apps.OperationsConfig",
    "marketplace.api.apps.ApiConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",  # Oscar's dashboard imports it; its middleware stays out, Wagtail owns pages
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "marketplace.oscar_apps.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "marketplace.oscar_apps.shipping.apps.ShippingConfig",
    "oscar.apps.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "marketplace.oscar_apps.partner.apps.PartnerConfig",
    "marketplace.oscar_apps.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "oscar.apps.order.apps.OrderConfig",
    "oscar.apps.customer.apps.CustomerConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "oscar.apps.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
    "widget_tweaks",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
]

# Oscar's checkout app has no models, hence no migrations.
MIGRATION_MODULES = {label: f"oscar.apps.{label}.migrations" for label in OSCAR_FORKS if label != "checkout"}

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "marketplace.foundation.walls.middleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.csp.ContentPolicyMiddleware",
    "marketplace.storefront.plain_text.PlainTextMiddleware",
    "marketplace.storefront.entrances.EntranceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.storefront.referral_middleware.ReferralMiddleware",
    "marketplace.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "marketplace.storefront.second_factor.SecondFactorMiddleware",
    "marketplace.operations.visiting.VisitMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
AUTH_USER_MODEL = "marketplace.User"
AUTHENTICATION_BACKENDS = ["marketplace.storefront.accounts.SignInBackend"]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.storefront.context.storefront",
            ]
        },
    }
]

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # a deferred transaction that writes later fails at once with "database is locked"
    "timeout": 30,
    # 128 MB of journal before it is folded in: a large list would wait for the disk after each slice otherwise
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;"
    " PRAGMA wal_autocheckpoint=32000",
}
DATABASES = {
    "default": dj_database_url.parse(
        env("DATABASE_URL", f"sqlite:///{VAR_DIR / 'halles.sqlite3'}"), conn_max_age=60, conn_health_checks=True
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
else:  # what an address says besides (sslmode, …) stays; only `foundation.prepared` prepares
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 3
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {"default": {"BACKEND": "marketplace.foundation.shared_cache.SharedTries"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SITE_ID = 1

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

EMAIL_BACKEND = env("HALLES_EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_HOST = env("HALLES_EMAIL_HOST", "localhost")
EMAIL_PORT = int(env("HALLES_EMAIL_PORT", "25"))
EMAIL_HOST_USER = env("HALLES_EMAIL_USER")
EMAIL_HOST_PASSWORD = env("HALLES_EMAIL_PASSWORD")
EMAIL_USE_TLS = env_bool("HALLES_EMAIL_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("HALLES_FROM_EMAIL", "bonjour@halles.example.org")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Where answers to mails of threads come: reply@halles.example.org, its mail server handing `reply+…@` to
# `manage.py take_mail`. Empty: they are answered on the page alone.
REPLY_ADDRESS = env("HALLES_REPLY_ADDRESS")

# Search: one engine behind search.engines.base.Engine; address and name are Elasticsearch's
# (search.engines.elasticsearch.ElasticsearchEngine), which keeps its locks below the path
SEARCH_ENGINE = env("HALLES_SEARCH_ENGINE", "search.engines.tantivy.TantivyEngine")
SEARCH_INDEX_PATH = Path(env("HALLES_INDEX", str(VAR_DIR / "index")))
SEARCH_ADDRESS = env("ELASTICSEARCH_URL", "http://127.0.0.1:9200")
SEARCH_INDEX_NAME = env("HALLES_INDEX_NAME", "halles")

# Stripe; the stateful stand-in unless a key is given
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRET = env("STRIPE_WEBHOOK_SECRET", "" if STRIPE_SECRET_KEY else "whsec_demo_only")
STRIPE_FAKE = env_bool("HALLES_FAKE_STRIPE", not STRIPE_SECRET_KEY)

# Feeds and shops may only be called on public addresses; tests against servers on the loopback switch it on.
HTTP_ALLOW_PRIVATE = False
# The bibliographic service that is asked about numbers nobody describes: an address with {isbn} in it; empty: none.
LOOKUP_URL = env("HALLES_LOOKUP_URL")
LOOKUP_FORMAT = env("HALLES_LOOKUP_FORMAT", "onix")

# Stock (DESIGN §5)
CLOCK_TOLERANCE_MINUTES = 15
DEFAULT_LATENESS_HOURS = 48
# A hosted payment session lives at least 30 minutes from when it is made, which may take a second try within five
# (`sessions.IN_FLIGHT`); the hold lives as long as the session.
CHECKOUT_MINUTES = 36

# Sign-in by allauth: e-mail, no user names
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "marketplace.storefront.accounts.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/account/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "marketplace.storefront.accounts.FactorAdapter"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_FORMS = {
    "add_webauthn": "marketplace.storefront.factor_forms.AddPasskeyForm",
    "edit_webauthn": "marketplace.storefront.factor_forms.RenamePasskeyForm",
}
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG  # http://localhost
MFA_TOTP_TOLERANCE = 1  # thirty seconds: clocks of phones
# A second factor of whoever works for a shop or the network (readers.second_factor). Off where DEBUG is on alone: there
# everybody knows the demo's password (marketplace.checks).
SECOND_FACTOR_REQUIRED = env_bool("HALLES_SECOND_FACTOR", not DEBUG)
SECOND_FACTOR_GRACE_DAYS = int(env("HALLES_SECOND_FACTOR_DAYS", "14"))
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Wagtail
WAGTAIL_SITE_NAME = "Halles"
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAIL_I18N_ENABLED = False
WAGTAILADMIN_LOGIN_URL = "/accounts/login/"
# One place for passwords and addresses: allauth's, where an address is confirmed
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_PASSWORD_RESET_ENABLED = WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
# No request to a third party: no portraits from elsewhere, no asking for news of Wagtail
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# Oscar
OSCAR_SHOP_NAME = "Halles"
OSCAR_DEFAULT_CURRENCY = env("HALLES_CURRENCY", "CAD")
OSCAR_HOMEPAGE = "/"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_ALLOW_ANON_REVIEWS = False
OSCAR_MODERATE_REVIEWS = True
OSCAR_SEND_REGISTRATION_EMAIL = False
OSCAR_EAGER_ALERTS = False
OSCAR_FROM_EMAIL = DEFAULT_FROM_EMAIL
OSCAR_INITIAL_ORDER_STATUS = "Placed"
OSCAR_INITIAL_LINE_STATUS = "Placed"
OSCAR_SLUG_ALLOW_UNICODE = False
# Only what marketplace.oscar_urls mounts
OSCAR_DASHBOARD_NAVIGATION = [
    {"label": _("Board"), "icon": "fas fa-list", "url_name": "dashboard:index"},
    {"label": _("Categories"), "icon": "fas fa-sitemap", "url_name": "dashboard:catalogue-category-list"},
    {"label": _("Reviews"), "icon": "fas fa-comments", "url_name": "dashboard:reviews-list"},
]
# get_class imports Oscar's haystack modules even where ours win; haystack itself is not installed.
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
THUMBNAIL_REDIS_DB = 0

# Security; DEBUG relaxes only what plain HTTP on the loopback needs
SECURE_SSL_REDIRECT = env_bool("HALLES_HTTPS", not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = OSCAR_BASKET_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT
BEHIND_PROXY = env_bool("HALLES_BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'", "https://checkout.stripe.com"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env("HALLES_LOG_LEVEL", "WARNING")},
}

if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
