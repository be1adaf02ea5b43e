"""What the two engines spell differently: reading a JSON list that is one parameter.

One JSON parameter instead of a parameter per row keeps the number of statements, and the work of
the event loop, the same however long the list is.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, String, cast, column, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session


def is_sqlite(session: Session) -> bool:
    """Return whether this session talks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


def stamp(at: datetime) -> str:
    """Return `at` as SQLite stores it; PostgreSQL's sessions are in UTC and read it too."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def values_in(session: Session, values: Iterable[int | str], *, number: bool = False) -> Select[Any]:
    """Return a subquery of the values, for `column.in_(…)`; they travel as one parameter."""
    packed = json.dumps(list(values))
    if is_sqlite(session):
        return select(literal_column("value")).select_from(func.json_each(packed).table_valued("value"))
    rows = func.jsonb_array_elements_text(cast(literal(packed, String), JSONB)).table_valued(
        column("value", String)
    )
    value: Any = literal_column("value::bigint" if number else "value")
    return select(value).select_from(rows)


def bulk(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one insert for many rows whose values are already as the database stores them.

    Datetimes come as `stamp`, dates as ISO text, JSON as text: so nothing is left to be converted row
    by row inside the transaction (half of the time of an executemany through SQLAlchemy's types).
    """
    if not rows:
        return
    dialect = session.get_bind().dialect
    compiled = statement.compile(dialect=dialect, column_keys=list(rows[0]))
    if compiled.positional:
        names = compiled.positiontup
        session.connection().exec_driver_sql(
            compiled.string, [tuple(row[name] for name in names) for row in rows]
        )
    else:
        session.connection().exec_driver_sql(compiled.string, [dict(row) for row in rows])
