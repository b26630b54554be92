"""Where the fixtures and the real feeds are."""

from pathlib import Path

from django.conf import settings

FIXTURES = Path(__file__).parent.parent / "fixtures" / "feeds"
REAL = Path(settings.BASE_DIR).parent / "shared" / "feeds"
