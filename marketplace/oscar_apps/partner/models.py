from oscar.apps.partner.models import *  # noqa: F403  (class-only fork: no field of ours)
