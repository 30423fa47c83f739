"""`pincite ingest` and `pincite status`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import WrongUse

if TYPE_CHECKING:
    from ingest.embed import Encoder
    from ingest.settings import Sections
    from ingest.source import Listing
    from ingest.store import Store
    from ingest.worker import IngestReport
    from ingest.worker import Progress as IngestProgress

app = typer.Typer()

EXIT_SOME_FAILED = 1
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object for programs.")]


@app.command()
def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Folders or files of documents.", show_default=False)
    ] = None,
    *,
    rebuild: Annotated[
        bool, typer.Option(help="Delete the index, and build it anew from all known folders.")
    ] = False,
    allow_empty: Annotated[
        bool, typer.Option(help="Remove the documents of a folder that is empty now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Index documents: new and changed ones are read, vanished ones are removed."""
    from ingest.store import drop_index, known_roots, open_or_create_store
    from ingest.worker import Worker

    settings: Sections = context.obj().settings
    load_encoder = _load_once(settings)
    chosen = list(paths or [])
    if rebuild:
        chosen = list(dict.fromkeys([*known_roots(settings.index.path), *chosen]))
    if not chosen:
        raise WrongUse("Name at least one folder or file to index.")
    listings = _list_all(chosen, allow_missing=allow_empty)
    if rebuild:
        drop_index(settings.index.path)
    store = open_or_create_store(
        settings.index.path, settings.encoder, settings.chunking, load_encoder
    )
    try:
        worker = Worker(
            store.catalog, store.index, load_encoder, settings.chunking, settings.ingest
        )
        with _progress_bar(shown=not as_json) as on_progress:
            report = worker.run(listings, on_progress=on_progress, allow_empty=allow_empty)
        if as_json:
            # Names of refused files may hold what no encoding can print.
            typer.echo(json.dumps(asdict(report), indent=2))
        else:
            _print_report(report, store)
    finally:
        store.close()
    if report.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """What is indexed, with what, and how large it is."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ingest.store import open_store

    settings: Sections = context.obj().settings
    path = settings.index.path
    store = open_store(path, settings.encoder, settings.chunking)
    try:
        records = store.catalog.records()
        failed = {record.name: record.error for record in records if record.error}
        summary = {
            "path": str(path),
            "documents": {
                str(state): n for state, n in sorted(store.catalog.count_by_state().items())
            },
            "chunks": store.index.count(),
            "words": sum(record.words for record in records),
            "size_mb": round(_size_bytes(path) / 1e6, 1),
            "manifest": store.index.manifest.to_json(),
            "roots": store.catalog.roots(),
            "failed": failed,
        }
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps(summary, indent=2, ensure_ascii=False))
        return
    table = Table("what", "value", show_header=False, box=None)
    for name, value in summary.items():
        shown = (
            "\n".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else value
        )
        lines = shown if isinstance(shown, list) else str(shown).split("\n")
        table.add_row(name, escape("\n".join(_plain(line) for line in lines)))
    Console().print(table)


def _load_once(settings: "Sections") -> "Callable[[], Encoder]":
    loaded: list[Encoder] = []

    def load() -> "Encoder":
        from ingest.embed import SentenceTransformerEncoder

        if not loaded:
            loaded.append(SentenceTransformerEncoder(settings.encoder.model))
        return loaded[0]

    return load


def _list_all(paths: list[Path], *, allow_missing: bool) -> "list[Listing]":
    """The listings of all paths; those of missing ones are empty with `allow_missing`.

    Raises `WrongUse` naming every path where there is nothing.
    """
    from ingest.source import Listing, list_files

    listings, missing = [], []
    for path in paths:
        try:
            listings.append(list_files(path))
        except FileNotFoundError:
            listings.append(Listing(path.absolute()))
            missing.append(str(path))
    if missing and not allow_missing:
        raise WrongUse(
            f"There is no file or folder {', '.join(missing)}. Nothing was changed. If it is gone for "
            "good, --allow-empty removes what was indexed from it."
        )
    return listings


@contextmanager
def _progress_bar(*, shown: bool) -> "Iterator[Callable[[IngestProgress], None]]":
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

        def on_progress(progress: "IngestProgress") -> None:
            elapsed_s = bar.tasks[0].elapsed or 0.0
            rate = f"{progress.chunks / elapsed_s:.0f} chunks/s" if elapsed_s else ""
            bar.update(
                task,
                description=_plain(progress.current)[-40:] or "Indexing",
                completed=progress.done,
                total=progress.total,
                rate=rate,
            )

        yield on_progress


def _print_report(report: "IngestReport", store: "Store") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(soft_wrap=True)
    table = Table("documents", "number", box=None, show_header=False)
    for name in ("added", "changed", "unchanged", "removed", "failed"):
        table.add_row(name, str(len(getattr(report, name))))
    console.print(table)
    for document, reason in report.failed.items():
        console.print(f"[red]failed[/red]  {escape(_plain(document))} {escape(_plain(reason))}")
    if report.other_files:
        console.print(f"{report.other_files} files of other kinds were passed over.")
    total = len(store.catalog.records())
    console.print(f"The index holds {total} documents in {store.index.count()} passages.")


def _plain(text: str) -> str:
    """The text on one line, with control characters made visible."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in text
    )


def _size_bytes(path: Path) -> int:
    """What the folder takes on the disk; Qdrant's files are sparse."""
    return sum(file.stat().st_blocks * 512 for file in path.rglob("*") if file.is_file())
