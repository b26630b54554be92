"""Tables whose rows the database itself neither changes nor deletes, on SQLite and on PostgreSQL: a constraint of the
model, so that the migration that makes the table makes its triggers too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

_SQLITE = """CREATE TRIGGER {name}_{deed} BEFORE {deed} ON %(table)s {when}
BEGIN SELECT RAISE(ABORT, '{name}: rows are neither changed nor deleted'); END"""
_POSTGRES = """CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN IF {allowed} THEN RETURN NEW; END IF; END IF;
  RAISE EXCEPTION '{name}: rows are neither changed nor deleted';
END $$;
CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON %(table)s FOR EACH ROW EXECUTE FUNCTION {name}_refuse();
CREATE TRIGGER {name}_all BEFORE TRUNCATE ON %(table)s FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"""


class AppendOnly(models.BaseConstraint):
    """`erased`: columns that may be overwritten with this one value each (JSON as its text), and with nothing else."""

    def __init__(self, *, name: str, erased: Mapping[str, str] | None = None) -> None:
        super().__init__(name=name)
        self.erased = dict(erased or {})

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, arguments, named = super().deconstruct()
        return path, tuple(arguments), {**named, "erased": self.erased} if self.erased else named

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AppendOnly) and (self.name, self.erased) == (other.name, other.erased)

    __hash__ = None  # type: ignore[assignment]  # as of the other constraints

    def constraint_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> None:
        """Nothing inside CREATE TABLE: the triggers follow it."""
        schema_editor.deferred_sql += self._statements(model, schema_editor)

    def create_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        """For a table that is there already; SQLite makes such a table anew instead."""
        (statement,) = self._statements(model, schema_editor)
        return statement

    def remove_sql(  # type: ignore[override]
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        return _statement(f"DROP FUNCTION {self.name}_refuse() CASCADE", model, schema_editor)

    def validate(self, *arguments: object, **named: object) -> None:
        """Says nothing of a row's values."""

    def _statements(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> list[Statement]:
        if schema_editor.connection.vendor == "postgresql":
            written = [_POSTGRES.format(name=self.name, allowed=self._allowed(model, "IS NOT DISTINCT FROM"))]
        else:
            when = f"WHEN NOT ({self._allowed(model, 'IS')})" if self.erased else ""
            written = [
                _SQLITE.format(name=self.name, deed="UPDATE", when=when),
                _SQLITE.format(name=self.name, deed="DELETE", when=""),
            ]
        return [_statement(text, model, schema_editor) for text in written]

    def _allowed(self, model: type[models.Model], same: str) -> str:
        """Whether an UPDATE does nothing but erase."""
        if not self.erased:
            return "FALSE"
        texts = []
        for field in model._meta.concrete_fields:
            unchanged = f'NEW."{field.column}" {same} OLD."{field.column}"'
            erased = self.erased.get(str(field.column))
            texts.append(unchanged if erased is None else f"({unchanged} OR NEW.\"{field.column}\" = '{erased}')")
        return " AND ".join(texts)


def _statement(text: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
    """With a name of the table that follows a renaming."""
    return Statement(text, table=Table(model._meta.db_table, schema_editor.quote_name))
