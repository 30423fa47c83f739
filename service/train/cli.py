"""`pincite train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingest.adapter import AdapterManifest
    from service.settings import LoadedSettings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Train the parts of Pincite that learn."""


@app.command()
def reranker(
    context: typer.Context,
    examples: Annotated[
        Path,
        typer.Argument(
            metavar="EXAMPLES",
            help="JSON lines (.gz too): query, positives, negatives, group.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the adapter.")] = Path("reranker-adapter"),
    exclude: Annotated[
        Path | None,
        typer.Option(help="Groups that must not be trained on, one a line.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Train on so many, drawn by chance.", show_default=False),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 1,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train a reranker's adapter, and measure it on documents that were held out."""
    from ingest.embed import SentenceTransformerEncoder
    from service.train.examples import described, divide, read_examples, read_groups, without_groups
    from service.train.reranker import RerankerRecipe, train_reranker

    loaded: LoadedSettings = context.obj()
    recipe = RerankerRecipe(seed=seed, epochs=epochs, limit=limit)
    found = read_examples(examples)
    kept = without_groups(found, read_groups(exclude) if exclude else ())
    division = divide(kept, held_out_share=recipe.held_out_share, seed=seed)
    data = [described(examples, kept)]
    encoder = SentenceTransformerEncoder(loaded.settings.encoder.model)
    _print_gain(train_reranker(division, data, recipe, encoder, out), out)


@app.command()
def answerability(
    context: typer.Context,
    suite: Annotated[
        Path,
        typer.Argument(
            metavar="SUITE",
            help="Your questions as for 'pincite eval run', some of them unanswerable.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the calibration.")] = Path("answerability"),
) -> None:
    """Calibrate on your own questions when to answer, and see what each wanted precision gives."""
    from service.assemble import assemble
    from service.train.answerability import (
        CALIBRATION_FILE,
        check_enough,
        read_questions,
        recalibrated,
    )

    loaded: LoadedSettings = context.obj()
    questions = read_questions(suite)
    check_enough(questions)
    # A calibration that was made before, perhaps for another reranker, has no part in the new one.
    answer = loaded.settings.answer.model_copy(update={"calibration": None})
    service = assemble(loaded.settings.model_copy(update={"answer": answer}))
    try:
        calibration, outcomes = recalibrated(questions, service)
    finally:
        service.store.close()
    out.mkdir(parents=True, exist_ok=True)
    path = out / CALIBRATION_FILE
    path.write_text(calibration.model_dump_json(indent=1) + "\n", "utf-8")
    typer.echo(
        f"{calibration.questions} questions, {calibration.answerable:.0%} of them answerable. "
        "answer.wanted_precision gives:"
    )
    for each in outcomes:
        precision = "-" if each.precision is None else f"{each.precision:.0%}"
        typer.echo(
            f"{each.wanted:.2f}: {each.answered:.0%} are answered, of these {precision} answerable "
            f"(score from {each.threshold:.3f})."
        )
    typer.echo(f"Use it with --set answer.calibration={path}.")


def _print_gain(manifest: "AdapterManifest", out: Path) -> None:
    measured = manifest.metrics
    low, high = measured["mrr@10 gain low"], measured["mrr@10 gain high"]
    typer.echo(
        f"{manifest.name} in {out}: MRR@10 on {measured['queries held out']:.0f} queries of documents "
        f"held out {measured['mrr@10 before']:.3f} -> {measured['mrr@10 after']:.3f} "
        f"(95% interval of the gain {low:+.3f} to {high:+.3f})."
    )
    advice = (
        f"Use it with --set reranker.model=bundled --set reranker.adapter={out}."
        if low > 0
        else "The gain is not certain: keep the reranker you have."
    )
    typer.echo(advice)
