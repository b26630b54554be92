from oscar.apps.customer.abstract_models import AbstractUser


class User(AbstractUser):
    """Anyone who signs in, by e-mail. Nothing else lives in this label: Oscar's migrations depend on it."""
