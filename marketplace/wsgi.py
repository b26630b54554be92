import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
application = get_wsgi_application()

from marketplace.checks import refuse_unsafe  # noqa: E402  (needs the apps)

refuse_unsafe()
