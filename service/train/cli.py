"""`pincite train`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import WrongUse
from service.train.verifier_command import verifier

if TYPE_CHECKING:
    from ingest.adapter import AdapterManifest, TrainingData
    from ingest.train.examples import Example
    from service.settings import Settings
    from service.train.questions import SearchedIndex
    from service.train.reranker import RerankerRecipe

app = typer.Typer(no_args_is_help=True)
app.command()(verifier)

_EXAMPLES = typer.Argument(
    metavar="EXAMPLES",
    help="JSON lines (.gz too): query, positives, negatives, group.",
    show_default=False,
)
Questions = Annotated[
    Path | None,
    typer.Option(
        help="Own questions about what is indexed, as 'pincite eval run' takes them.",
        show_default=False,
    ),
]
Exclude = Annotated[
    Path | None,
    typer.Option(help="Groups that must not be trained on, one a line.", show_default=False),
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Train on so many examples, drawn by chance.", show_default=False),
]
Epochs = Annotated[int, typer.Option(min=1)]
Repeat = Annotated[
    int, typer.Option(min=1, help="How often each own question stands among the examples.")
]
Out = Annotated[Path, typer.Option(help="Folder for the adapter.")]
Seed = Annotated[int, typer.Option()]


@app.callback()
def _group() -> None:
    """Train the parts of Pincite that learn."""


@app.command()
def reranker(
    context: typer.Context,
    examples: Annotated[Path | None, _EXAMPLES] = None,
    *,
    questions: Questions = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Adapter to train further; for own questions alone, that of the settings.",
            show_default=False,
        ),
    ] = None,
    out: Out = Path("reranker-adapter"),
    exclude: Exclude = None,
    limit: Limit = None,
    epochs: Epochs = 1,
    repeat: Repeat = 4,
    seed: Seed = 1,
) -> None:
    """Train a reranker's adapter, and measure it on documents that were held out."""
    if examples is None and questions is None:
        raise WrongUse("Name a file of EXAMPLES, own questions with --questions FILE, or both.")
    from ingest.embed import SentenceTransformerEncoder, encoder_adapter
    from ingest.train.examples import divide
    from ingest.train.lora import check_trainable
    from service.train.reranker import RerankerRecipe, read_start, train_reranker

    settings: Settings = context.obj().settings
    check_trainable(out)
    if questions is not None and examples is None:
        start = start or settings.reranker.adapter
    if start is not None:
        read_start(start)
    recipe = RerankerRecipe(seed=seed, epochs=epochs, limit=limit)
    general, data = _read_examples(examples, exclude)
    if questions is not None:
        own, own_data = _search_index(questions, settings)
        manifest = _train_on_questions(
            own, general, [*data, own_data], recipe, out, start, repeat, settings
        )
    else:
        encoder = SentenceTransformerEncoder(
            settings.encoder.model, encoder_adapter(settings.encoder.adapter)
        )
        division = divide(general, held_out_share=recipe.held_out_share, seed=seed)
        manifest = train_reranker(
            division, data, recipe, encoder, out, settings=settings, start=start, say=_say
        )
    _print_gains(manifest, out)
    _advise(
        manifest,
        f"Use it with --set reranker.model=bundled --set reranker.adapter={out}, or [reranker] model "
        "and adapter in pincite.toml.",
        "keep the ranking you have.",
    )


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

    settings: Settings = context.obj().settings
    questions = read_questions(suite)
    check_enough(questions)
    # A calibration that was made before, perhaps for another reranker, has no part in the new one.
    answer = settings.answer.model_copy(update={"calibration": None})
    service = assemble(settings.model_copy(update={"answer": answer}))
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


@app.command()
def encoder(
    context: typer.Context,
    examples: Annotated[Path, _EXAMPLES],
    *,
    questions: Questions = None,
    out: Out = Path("encoder-adapter"),
    exclude: Exclude = None,
    limit: Limit = None,
    epochs: Epochs = 1,
    repeat: Repeat = 4,
    learning_rate: Annotated[float, typer.Option(min=1e-6, max=1)] = 2e-4,
    seed: Seed = 1,
) -> None:
    """Train an adapter of the bundled encoder, and measure it on documents that were held out."""
    from ingest.train.encoder import EncoderRecipe
    from ingest.train.examples import divide
    from ingest.train.lora import check_trainable
    from service.train.encoder import train_measured_encoder

    settings: Settings = context.obj().settings
    check_trainable(out)
    recipe = EncoderRecipe(seed=seed, epochs=epochs, limit=limit, learning_rate=learning_rate)
    general, data = _read_examples(examples, exclude)
    own = None
    if questions is not None:
        own, own_data = _search_index(questions, settings, with_points=True)
        data = [*data, own_data]
    manifest = train_measured_encoder(
        divide(general, held_out_share=recipe.held_out_share, seed=seed),
        own,
        data,
        recipe,
        out,
        repeat=repeat,
        settings=settings,
        say=_say,
    )
    _print_gains(manifest, out)
    _advise(
        manifest,
        f"Use it with 'pincite index rebuild --encoder-adapter {out}', and [encoder] adapter in "
        "pincite.toml.",
        "keep the encoder you have.",
    )


def _read_examples(
    path: Path | None, exclude: Path | None
) -> "tuple[tuple[Example, ...], list[TrainingData]]":
    """The examples without those of excluded groups, and what a manifest says of them."""
    from ingest.train.examples import described, read_examples, read_groups, without_groups

    if path is None:
        return (), []
    kept = without_groups(read_examples(path), read_groups(exclude) if exclude else ())
    return kept, [described(path, [example.licence for example in kept])]


def _search_index(
    path: Path, settings: "Settings", *, with_points: bool = False
) -> "tuple[SearchedIndex, TrainingData]":
    """The own questions with what the index has for them, and what a manifest says of them."""
    from ingest.train.examples import described
    from service.train.questions import read_questions, search_index

    asked = read_questions(path)
    _say(f"Searching the index for {len(asked)} questions.")
    own = search_index(asked, settings, with_points=with_points)
    for line in own.stale:
        _say(f"passed over  {line}")
    return own, described(path, ["own"] * len(own.questions))


def _train_on_questions(
    own: "SearchedIndex",
    general: "tuple[Example, ...]",
    data: "list[TrainingData]",
    recipe: "RerankerRecipe",
    out: Path,
    start: Path | None,
    repeat: int,
    settings: "Settings",
) -> "AdapterManifest":
    from ingest.embed import BUNDLED, SentenceTransformerEncoder
    from service.rerank import build_reranker
    from service.train.own import OwnTraining, train_on_questions
    from service.train.questions import check_enough
    from service.train.reranker import chosen_with_negatives

    check_enough(own.questions)
    if general:
        _say(f"Looking among the passages of {len(general)} examples for others.")
        general = chosen_with_negatives(general, recipe, SentenceTransformerEncoder(BUNDLED))
    return train_on_questions(
        own.questions,
        OwnTraining(general, start, repeat),
        data,
        recipe,
        out,
        settings=settings.reranker,
        current=build_reranker(settings.reranker),
        say=_say,
    )


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _gains(manifest: "AdapterManifest") -> Iterator[tuple[str, float, float, float, float]]:
    """What was measured: name, before, after, and the interval of the gain. The last one decides."""
    for name, before in manifest.metrics.items():
        if name.endswith(" before"):
            stem = name.removesuffix(" before")
            after, low, high = (
                manifest.metrics[f"{stem} {end}"] for end in ("after", "gain low", "gain high")
            )
            yield stem, before, after, low, high


def _print_gains(manifest: "AdapterManifest", out: Path) -> None:
    counts = [
        f"{count:.0f} {name}"
        for name, count in manifest.metrics.items()
        if name.endswith("held out")
    ]
    typer.echo(f"{manifest.name} in {out}, measured on {' and '.join(counts)}:")
    for name, before, after, low, high in _gains(manifest):
        typer.echo(
            f"  {name}: {before:.3f} -> {after:.3f} (95% interval of the gain {low:+.3f} to {high:+.3f})"
        )


def _advise(manifest: "AdapterManifest", use: str, keep: str) -> None:
    *_, (_, _, _, low, _) = _gains(manifest)
    typer.echo(use if low > 0 else f"The gain is not certain: {keep}")
