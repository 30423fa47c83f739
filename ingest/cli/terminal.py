"""What the commands show: progress, tables, JSON."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ingest.catalog.jobs import Job

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


def plain(text: object) -> str:
    """The text on one line, with control characters made visible."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in str(text)
    )


def print_json(value: object) -> None:
    """The value, dataclasses and dates included, as one JSON document."""
    from pydantic import TypeAdapter

    # Names of refused files may hold what no encoding can print.
    typer.echo(TypeAdapter(Any).dump_json(value, indent=2, ensure_ascii=True).decode())


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their columns; None shows as nothing."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        table.add_row(*(escape(_cell(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


_WHOLE = ("id", "kind", "state", "done", "generation", "asked at", "last read", "indexed at")
_WIDE = 200
"""Columns where the output goes to a file or a program."""


def _cell(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone():%Y-%m-%d %H:%M}"
    return "" if cell is None else plain(cell)


@contextmanager
def progress_bar(*, shown: bool) -> "Iterator[Callable[[Job], None]]":
    """A line that follows a job, on a terminal only."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, disable=not (shown and console.is_terminal), transient=True
    ) as bar:
        task = bar.add_task("Reading", total=None, rate="")

        def on_progress(job: "Job") -> None:
            bar.update(
                task,
                description=plain(job.current[0])[-40:] if job.current else "Indexing",
                completed=job.done + job.failed,
                total=job.total or None,
                rate=f"{job.rate:.0f} chunks/s" if job.rate else "",
            )

        yield on_progress


@contextmanager
def progress_line(*, shown: bool) -> Iterator[Callable[[int], None]]:
    """A line that counts, on a terminal only."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("") as status:

        def on_progress(count: int) -> None:
            if shown and console.is_terminal:
                status.update(f"{count} passages")

        yield on_progress
