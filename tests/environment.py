"""Loaded by pytest before Django's settings are: every process tests in a folder of its own."""

import atexit
import os
import shutil
import tempfile

os.environ["HALLES_TESTING"] = "1"
os.environ["HALLES_DEBUG"] = "1"
os.environ["HALLES_VAR"] = tempfile.mkdtemp(prefix="halles-test-")
os.environ["HALLES_SITE_URL"] = "http://testserver"
os.environ["HALLES_FAKE_STRIPE"] = "1"
os.mkdir(os.path.join(os.environ["HALLES_VAR"], "static"))
atexit.register(shutil.rmtree, os.environ["HALLES_VAR"], ignore_errors=True)
