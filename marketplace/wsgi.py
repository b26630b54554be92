import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
application = get_wsgi_application()

from django.urls import get_resolver  # noqa: E402  (these need the apps)

from marketplace.checks import refuse_unsafe  # noqa: E402

refuse_unsafe()
# Read every view now: otherwise the first reader waits for it.
get_resolver().url_patterns  # noqa: B018
