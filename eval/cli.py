"""`pincite eval run`."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.run import FindDocument, Report
    from ingest.catalog import Catalog
    from ingest.document import Document
    from ingest.store import Store
    from service.settings import LoadedSettings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Measure answers and their citations."""


@app.command()
def run(
    context: typer.Context,
    suite_path: Annotated[
        Path, typer.Argument(metavar="SUITE", help="Questions as JSONL.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for scores.json and timings.json.")] = Path(
        "eval-report"
    ),
) -> None:
    """Ask every question of a suite and score passages, citations, refusals and answers."""
    from eval.dataset import load_suite
    from eval.report import write_report
    from eval.run import evaluate
    from generator.prompt import load_template
    from service.access import LOCAL_READER
    from service.assemble import assemble

    loaded: LoadedSettings = context.obj()
    suite = load_suite(suite_path)
    service = assemble(loaded.settings)
    try:
        with _progress_bar() as on_progress:
            report = evaluate(
                suite,
                lambda question, turns: service.pipeline.answer(question, turns, LOCAL_READER),
                _find_document(service.store.catalog),
                on_progress=on_progress,
            )
        settings = loaded.settings.model_dump(mode="json", exclude={"index", "service"})
        versions = {
            "suite_sha256": hashlib.sha256(suite_path.read_bytes()).hexdigest(),
            "prompt": load_template().version,
            "manifest": _manifest(service.store),
            "settings": settings,
        }
    finally:
        service.store.close()
    write_report(report, out, versions=versions)
    _print(report, out)


def _manifest(store: "Store") -> dict[str, object]:
    """What built the generation that was asked."""
    with store.generations.serving() as generation:
        return generation.index.manifest.to_json()


def _find_document(catalog: "Catalog") -> "FindDocument":
    ids = {record.name: record.id for record in catalog.documents.find()}

    def find(name: str) -> "tuple[str, Document] | None":
        document = catalog.documents.document(ids[name]) if name in ids else None
        return (ids[name], document) if document else None

    return find


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Asking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print(report: "Report", out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "metric", "value", "over samples", title=f"{report.suite}: {report.samples} questions"
    )
    for name, value in report.metrics.items():
        shown = "unscored" if value is None else f"{value:.3f}"
        if name == "fabricated_citations":
            shown = f"{value:.0f}"
        table.add_row(name, shown, str(report.scored[name]))
    console = Console()
    console.print(table)
    console.print(f"Answer time: median {report.timings_s['answer_p50'] * 1000:.0f} ms.")
    for result in report.results:
        if result.stale:
            console.print(f"stale  {result.id}: {result.stale}", markup=False)
    console.print(f"Written to {out / 'scores.json'} and {out / 'timings.json'}.", markup=False)
