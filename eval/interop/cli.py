"""`pincite eval export`, `pincite eval import` and `pincite eval log`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from service.settings import LoadedSettings

app = typer.Typer(no_args_is_help=True)

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)
]


@app.command("export")
def export_run(
    path: RunArgument,
    *,
    kind: Annotated[
        Literal["ragas", "deepeval", "csv"],
        typer.Option("--format", help="Whose data it becomes.", show_default=False),
    ],
    out: Annotated[
        Path | None, typer.Option(help="File to write. Default: beside the answers.")
    ] = None,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="What the generator wrote, not what was shown.")
    ] = False,
) -> None:
    """Give the answers of a run to ragas (JSONL), deepeval (JSON) or a spreadsheet (CSV).

    Samples that failed have no answer and are left out, except from CSV.
    """
    from eval.dataset import Suite
    from eval.folder import RunFolder
    from eval.interop.export import to_deepeval, to_ragas
    from eval.report.run import read_run
    from eval.report.samples_csv import write_samples_csv

    if kind == "csv":
        target = out or path / "samples.csv"
        write_samples_csv(read_run(path), target)
        typer.echo(f"Written to {target}.")
        return
    folder = RunFolder(path)
    suite = Suite(folder.info().suite, tuple(folder.samples()))
    made = to_ragas if kind == "ragas" else to_deepeval
    rows = made(folder.records(), suite, drafts=drafts)
    if kind == "ragas":
        target = out or path / "ragas.jsonl"
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    else:
        target = out or path / "deepeval.json"
        text = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    target.write_text(text, "utf-8")
    left_out = len(suite.samples) - len(rows)
    typer.echo(f"{len(rows)} answers written to {target}; {left_out} samples have none.")


@app.command("import")
def import_questions(
    context: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="LlamaIndex's data set as JSON.", show_default=False),
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Suite to write. Default: FILE with the ending .jsonl.")
    ] = None,
) -> None:
    """Make samples of LlamaIndex's LabelledRagDataset or EmbeddingQAFinetuneDataset.

    Their reference texts are looked up in the index, and rows that it does not have are named. Nothing
    counts until a person accepts it with 'pincite eval rate'.
    """
    from eval.dataset import write_samples
    from eval.interop.llama_index import read_llama_index
    from ingest.errors import WrongUse
    from ingest.store import open_store

    loaded: LoadedSettings = context.obj()
    target = out or path.with_suffix(".jsonl")
    if target.exists():
        raise WrongUse(f"{target} exists. Name another file with --out, or remove it.")
    store = open_store(loaded.settings.index)
    try:
        found = store.catalog.documents
        read = ((record.name, found.document(record.id)) for record in found.find())
        imported = read_llama_index(path, {name: each for name, each in read if each})
    finally:
        store.close()
    for fault in imported.faults:
        typer.echo(fault, err=True)
    if not imported.samples:
        raise WrongUse(f"None of the {len(imported.faults)} rows of {path} can be a sample.")
    write_samples(target, imported.samples)
    typer.echo(
        f"{len(imported.samples)} samples written to {target}, {len(imported.faults)} rows left out. "
        f"Accept them with 'pincite eval rate {target}'."
    )


@app.command("log")
def log_to_mlflow(
    path: RunArgument,
    *,
    uri: Annotated[
        str | None, typer.Option(help="MLflow's tracking URI. Default: that of its environment.")
    ] = None,
    experiment: Annotated[str, typer.Option(help="MLflow's experiment.")] = "pincite",
) -> None:
    """Log a run's settings, scores and files to MLflow."""
    from eval.tracking import log_run

    run_id = log_run(path, tracking_uri=uri, experiment=experiment)
    typer.echo(f"Logged as run {run_id} of the experiment {experiment}.")
