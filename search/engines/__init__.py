"""Search engines behind one contract: one file each, chosen by the setting ``SEARCH_ENGINE``."""
