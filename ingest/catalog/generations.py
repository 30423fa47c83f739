"""The generations of the index: which one answers, which are built or kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update

from ingest.catalog.schema import generations, indexed, note_index_change, versions
from ingest.clock import now
from ingest.index import Manifest


class GenerationState(StrEnum):
    BUILDING = "building"
    SERVING = "serving"
    RETAINED = "retained"
    """Served before; kept for a rollback."""
    REJECTED = "rejected"
    """Built, and answered its probe questions worse than the serving one."""
    DROPPED = "dropped"
    """Its index is being deleted; it counts as gone."""


@dataclass(frozen=True, slots=True)
class GenerationRecord:
    """`check` says how it did before it was put to service, None where nothing was there to compare."""

    name: str
    state: GenerationState
    manifest: Manifest
    check: dict[str, Any] | None
    created_at: datetime
    served_at: datetime | None


class GenerationTable:
    """The generations of a catalog."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def all(self) -> list[GenerationRecord]:
        query = (
            select(generations)
            .where(generations.c.state != GenerationState.DROPPED)
            .order_by(generations.c.created_at, generations.c.name)
        )
        with self._engine.connect() as connection:
            return [
                GenerationRecord(
                    row["name"],
                    GenerationState(row["state"]),
                    Manifest(**json.loads(row["manifest"])),
                    json.loads(row["check"]) if row["check"] else None,
                    row["created_at"],
                    row["served_at"],
                )
                for row in connection.execute(query).mappings()
            ]

    def serving(self) -> str | None:
        """The name of the generation that answers; None where there is none yet."""
        query = select(generations.c.name).where(generations.c.state == GenerationState.SERVING)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def add(
        self, manifest: Manifest, make: Callable[[str], None], *, only_first: bool = False
    ) -> tuple[str, GenerationState] | None:
        """Have `make` build a new, empty generation under the name it is given, and note it: as serving
        where none does, else as being built. With `only_first` none is made where one serves already.

        Other processes wait meanwhile, so that two never begin the first one or take the same name.
        """
        with self._writing.begin() as connection:
            rows = connection.execute(select(generations.c.name, generations.c.state))
            states = {row.name: row.state for row in rows}
            serves = GenerationState.SERVING in states.values()
            if serves and only_first:
                return None
            name = f"g{max((int(each[1:]) for each in states), default=0) + 1:04d}"
            make(name)
            note_index_change(connection)
            state = GenerationState.BUILDING if serves else GenerationState.SERVING
            connection.execute(
                insert(generations).values(
                    name=name,
                    state=state,
                    manifest=json.dumps(manifest.to_json()),
                    created_at=now(),
                    served_at=None if serves else now(),
                )
            )
        return name, state

    def serve(self, name: str) -> None:
        """Make this the serving generation; the one before is retained."""
        with self._writing.begin() as connection:
            connection.execute(
                update(generations)
                .where(generations.c.state == GenerationState.SERVING)
                .values(state=GenerationState.RETAINED)
            )
            put = connection.execute(
                update(generations)
                .where(generations.c.name == name)
                .values(state=GenerationState.SERVING, served_at=now())
            )
            if put.rowcount != 1:
                raise LookupError(f"there is no generation {name}")
            note_index_change(connection)

    def mark(
        self, name: str, state: GenerationState | None = None, check: dict[str, Any] | None = None
    ) -> None:
        values: dict[str, Any] = {}
        if state is not None:
            values["state"] = state
        if check is not None:
            values["check"] = json.dumps(check)
        with self._writing.begin() as connection:
            connection.execute(
                update(generations).where(generations.c.name == name).values(**values)
            )

    def drop(self, name: str) -> None:
        """Nothing of this generation counts from here on, and texts that only it held are forgotten;
        `remove` follows when its index is gone."""
        with self._writing.begin() as connection:
            connection.execute(delete(indexed).where(indexed.c.generation == name))
            note_index_change(connection)
            held = select(indexed.c.version).where(indexed.c.document_id == versions.c.document_id)
            connection.execute(
                update(versions)
                .where(versions.c.text.is_not(None), versions.c.version.not_in(held))
                .values(text=None, elements=None)
            )
            connection.execute(
                update(generations)
                .where(generations.c.name == name)
                .values(state=GenerationState.DROPPED)
            )

    def dropped(self) -> list[str]:
        """Generations whose index may not be gone yet."""
        query = select(generations.c.name).where(generations.c.state == GenerationState.DROPPED)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))

    def remove(self, name: str) -> None:
        with self._writing.begin() as connection:
            connection.execute(delete(generations).where(generations.c.name == name))
