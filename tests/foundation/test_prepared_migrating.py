"""A statement that PostgreSQL has planned, and a migration under a running server."""

import pytest
from django.db import NotSupportedError, close_old_connections, connection, transaction

from marketplace.foundation.models import MailMessage
from marketplace.foundation.prepared import Prepared, insert
from tests.shops.racing import at_once


@pytest.mark.postgres_only
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans each time.")
def test_a_column_that_another_changes_stops_a_statement_once(committed_db):
    """A migration under a running server: what is in no transaction goes on, what is in one goes on with the next."""
    prepared = Prepared(lambda key: MailMessage.objects.filter(dedupe_key=key).values_list("kind", "about"))
    insert([MailMessage(dedupe_key="a", to="a@example.org", language="fr", kind="x", about="1")])
    assert [prepared.rows("a") for _ in range(5)] == 5 * [[("x", "1")]]

    def widen(length):
        connection.cursor().execute(f"ALTER TABLE foundation_mailmessage ALTER COLUMN about TYPE varchar({length})")

    assert [at_once(lambda _: widen(500), 1), prepared.rows("a"), connection.close_at] == [[None], [("x", "1")], 0.0]
    with pytest.raises(NotSupportedError), transaction.atomic():
        prepared.rows("a")
    close_old_connections()
    assert (prepared.rows("a"), connection.close_at == 0.0) == ([("x", "1")], False)
