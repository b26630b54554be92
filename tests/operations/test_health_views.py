"""/healthz: quick, for anyone, without secrets."""

from __future__ import annotations

import os
import time

import pytest
from django.db import DatabaseError, connection

from marketplace import worker
from marketplace.operations.health import WORKER_SILENT_SECONDS


@pytest.fixture
def beat(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    path = worker.beat_path()
    path.touch()
    return path


@pytest.mark.django_db
def test_health_is_ok_while_database_and_worker_live(client, beat):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"database": "ok", "worker": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_health_asks_one_query(client, beat, django_assert_num_queries):
    with django_assert_num_queries(1):
        client.get("/healthz")


@pytest.mark.django_db
def test_silent_worker_is_unavailable(client, beat):
    long_ago = time.time() - WORKER_SILENT_SECONDS - 1
    os.utime(beat, (long_ago, long_ago))
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "ok", "worker": "error"})


@pytest.mark.django_db
def test_worker_that_never_ran_is_unavailable(client, beat):
    beat.unlink()
    assert client.get("/healthz").status_code == 503


@pytest.mark.django_db
def test_lost_database_is_unavailable_and_says_no_secret(client, beat):
    def lost(execute, sql, params, many, context):
        raise DatabaseError("password for halles@db.internal is wrong")

    with connection.execute_wrapper(lost):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (503, {"database": "error", "worker": "ok"})


@pytest.mark.django_db
def test_health_takes_no_post(client):
    assert client.post("/healthz").status_code == 405
