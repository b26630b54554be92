from oscar.apps.basket.models import *  # noqa: F403  (class-only fork: no field of ours)
