"""The tables of the catalog, and how its database is opened."""

import sqlite3
from datetime import UTC
from pathlib import Path
from typing import Any

# llama_index imports it when a worker first divides a long text. While it is half imported, any query of
# another thread would fail: SQLAlchemy asks its hooks.
import sqlalchemy.orm  # noqa: F401
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    create_engine,
    event,
    insert,
    inspect,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from ingest.clock import utc
from ingest.errors import PinciteError

SCHEMA_VERSION = 4
"""Raised when a table changes. `_UPGRADES` then says how a catalog of the version before is changed."""


class CatalogUnreadable(PinciteError):
    """The catalog is damaged, or of another version of Pincite; the message says what to do."""


class Moment(TypeDecorator[Any]):
    """A time with its zone; SQLite keeps none, so what is stored is UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        # PostgreSQL would turn a time with a zone into one of the session's zone.
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return utc(value) if value is not None else None


# Paths are compared as bytes, as SQLite does: a language's order passes over the "/".
Bytewise = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

sources = Table(
    "sources",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("location", Text, nullable=False, unique=True),
    Column("added_by", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
    Column("synced_at", Moment),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("source_id", String(36), nullable=False, index=True),
    Column("path", Bytewise, nullable=False, unique=True),
    Column("name", Bytewise, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("signature", Text),
    Column("content_hash", String(64)),
    Column("failed_signature", Text),
    Column("error", Text),
    Column("warning", Text),
    Column("described", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("language", String(8)),
    Column("words", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    Column("superseded_by", String(36)),
    Column("same_as", String(36), index=True),
    Column("sketch", LargeBinary),
    Column("added_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

sketch_keys = Table(
    "sketch_keys",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("key", BigInteger, primary_key=True, index=True),
)

versions = Table(
    "versions",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("version", String(80), primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("parsing_version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("described", Text, nullable=False),
    Column("language", String(8)),
    Column("text", Text),
    Column("elements", Text),
    Column("indexed_at", Moment, nullable=False),
)

indexed = Table(
    "indexed",
    metadata,
    Column("generation", String(40), primary_key=True),
    Column("document_id", String(36), primary_key=True),
    Column("version", String(80), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("payload", Text, nullable=False),
)

generations = Table(
    "generations",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("manifest", Text, nullable=False),
    Column("check", Text),
    Column("created_at", Moment, nullable=False),
    Column("served_at", Moment),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("target", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("error", Text),
    Column("notes", Text, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("other_files", Integer, nullable=False),
    Column("cancel", Boolean, nullable=False),
    Column("worker", Text),
    Column("claimed_until", Moment),
    Column("asked_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(36), nullable=False, index=True),
    Column("document_id", String(36), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("action", String(16), nullable=False),
    Column("target", Text),
    Column("state", String(16), nullable=False, index=True),
    Column("error", Text),
    Column("chunks", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("not_before", Moment),
    Column("worker", Text),
    Column("claimed_until", Moment),
)
# Two workers never do the same document.
Index(
    "one_claim_per_document",
    tasks.c.document_id,
    unique=True,
    sqlite_where=text("worker IS NOT NULL AND state = 'open'"),
    postgresql_where=text("worker IS NOT NULL AND state = 'open'"),
)

deletions = Table(
    "deletions",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("path", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("deleted_at", Moment, nullable=False),
    Column("keep_out", Boolean, nullable=False),
)

leftovers = Table("leftovers", metadata, Column("document_id", String(36), primary_key=True))

index_changes = Table(
    "index_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)
"""One row, whose number rises with whatever changes what a search can find."""


def note_index_change(connection: Connection) -> None:
    """Have every process drop what it remembers of searches, once this transaction is committed."""
    raised = update(index_changes).values(count=index_changes.c.count + 1)
    if not connection.execute(raised).rowcount:
        connection.execute(insert(index_changes).values(id=1, count=1))


def open_engine(url: str) -> Engine:
    """The catalog's database, its tables made where there are none.

    Raises `CatalogUnreadable` where it is damaged, out of reach or of another version of Pincite.
    """
    engine = _engine(url)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            _check_version(connection, engine.url)
            metadata.create_all(connection)
    except DatabaseError as error:
        engine.dispose()
        raise CatalogUnreadable(_unreadable(engine, error)) from error
    except CatalogUnreadable:
        engine.dispose()
        raise
    return engine


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True)
    except ArgumentError as error:
        raise CatalogUnreadable(f"index.catalog_url is no database's address: {error}.") from error
    except ModuleNotFoundError as error:
        raise CatalogUnreadable(
            f"The catalog's database needs the Python package {error.name}: install it, for PostgreSQL "
            "with pip install 'psycopg[binary]'."
        ) from error
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine)
    elif engine.dialect.name == "postgresql":
        _set_up_postgresql(engine)
    else:
        raise CatalogUnreadable(
            f"A catalog cannot be kept in {engine.dialect.name}: index.catalog_url begins with "
            "postgresql+psycopg:// or sqlite:///."
        )
    return engine


def _unreadable(engine: Engine, error: DatabaseError) -> str:
    # Written out without its password.
    catalog = f"The catalog {engine.url}"
    if engine.dialect.name == "postgresql" and isinstance(error, OperationalError):
        return (
            f"{catalog} cannot be reached ({str(error.orig).strip()}). Check that the database runs, "
            "and that index.catalog_url names its address, user and password."
        )
    return (
        f"{catalog} cannot be read ({error.orig}). Restore it from a backup, or delete it together "
        "with the index beside it and run 'pincite ingest' on your folders again."
    )


def _set_up_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        # Writers take turns as in SQLite. Without, a deletion beside a commit would leave what the
        # commit wrote, and two workers could claim one task: each sees only what was committed before.
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


_WRITERS = 8420
"""Key of the advisory lock, which is one of the database."""


def _set_up_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: Any) -> None:
        # The driver's own BEGIN comes too late for a transaction that reads before it writes.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={_BUSY_S * 1000}")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        # What a deleted document said must not stay in the file's free pages.
        connection.execute("PRAGMA secure_delete=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # Beside one that writes in the older mode, a change of mode is refused at once, not after the
    # timeout: so it is between two processes that make the same catalog.
    for attempt in Retrying(
        retry=retry_if_exception(_is_busy),
        wait=wait_random(0.01, 0.05),
        stop=stop_after_delay(_BUSY_S),
        reraise=True,
    ):
        with attempt:
            connection.execute("PRAGMA journal_mode=WAL")


def _is_busy(error: BaseException) -> bool:
    return (
        isinstance(error, sqlite3.OperationalError)
        and error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    )


_BUSY_S = 30
"""Seconds to wait for another process's transaction."""

_VERSION = Table("pincite", metadata, Column("schema_version", Integer, primary_key=True))

_OLDEST_UPGRADED = 2
_UPGRADES = {
    3: (
        "ALTER TABLE documents ADD COLUMN warning TEXT",
        "ALTER TABLE tasks ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0",
    ),
    # A new table, which is made anyway. The earlier version would not count its changes in it.
    4: (),
}
"""By version, what makes a catalog of the version before one of it."""


def _check_version(connection: Connection, url: URL) -> None:
    """Write the schema's version into a new catalog, upgrade an older one, refuse a newer one."""
    tables = set(inspect(connection).get_table_names())
    _VERSION.create(connection, checkfirst=True)
    found = connection.execute(_VERSION.select()).scalar_one_or_none()
    if found is None and "documents" not in tables:
        connection.execute(_VERSION.insert().values(schema_version=SCHEMA_VERSION))
    elif found is None or found < _OLDEST_UPGRADED:
        raise CatalogUnreadable(
            f"The catalog {url} was made by Pincite 0.1. Delete it together with the index beside "
            "it, and run 'pincite ingest' on your folders again."
        )
    elif found > SCHEMA_VERSION:
        raise CatalogUnreadable(
            f"The catalog {url} was made by a newer Pincite (its version {found}, this one reads "
            f"{SCHEMA_VERSION}): upgrade Pincite, or name another folder with --index."
        )
    else:
        _upgrade(connection, found)


def _upgrade(connection: Connection, found: int) -> None:
    for version in range(found + 1, SCHEMA_VERSION + 1):
        for statement in _UPGRADES[version]:
            connection.exec_driver_sql(statement)
    connection.execute(_VERSION.update().values(schema_version=SCHEMA_VERSION))
