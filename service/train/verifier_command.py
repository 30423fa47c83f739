"""`pincite train verifier`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.adapter import TrainingData
    from ingest.chunk import Chunk
    from service.settings import Settings
    from service.train.pairs import Pair, PairDivision
    from service.train.verifier import VerifierRecipe

HELD_OUT_TIMES = 5
"""As many sentences of a document held out: they cost no training, and the weights need them."""

_PAIRS = typer.Argument(
    metavar="PAIRS",
    help="JSON lines (.gz too): claim, evidence, label (supported, contradicted, neutral, "
    "not_supported), source, licence, group.",
    show_default=False,
)


def verifier(
    context: typer.Context,
    pairs: Annotated[Path, _PAIRS],
    *,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Take the pairs of this source; may be repeated.", show_default=False),
    ] = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of documents whose sentences, changed and unchanged, make more pairs; may be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    per_document: Annotated[int, typer.Option(min=1, help="Sentences of a document.")] = 2,
    licence: Annotated[str, typer.Option(help="Of the documents.")] = "own",
    out: Annotated[Path, typer.Option(help="A new folder for the adapter.")] = Path(
        "verifier-adapter"
    ),
    limit: Annotated[
        int | None, typer.Option(min=1, help="Of PAIRS, drawn by chance.", show_default=False)
    ] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 1,
    learning_rate: Annotated[float, typer.Option(min=1e-6, max=1)] = 4e-4,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Train what judges whether evidence supports a claim, and measure it on pairs held out."""
    from ingest.train.lora import check_trainable
    from service.train.support import fit_support
    from service.train.verifier import VerifierRecipe, fit_verifier

    check_trainable(out)
    recipe = VerifierRecipe(seed=seed, epochs=epochs, limit=limit, learning_rate=learning_rate)
    read, data = _read(pairs, source or [], recipe)
    folders = {folder: _passages(folder, context) for folder in documents or []}
    passages = [each for found in folders.values() for each in found]
    sources = [data, *(_described(*each, licence) for each in folders.items())]
    division = _division(read, passages, recipe, per_document, licence)
    _say(f"Training on {len(division.training)} pairs, {len(division.held_out)} are held out.")
    fit_verifier(division, sources, recipe, out, say=_say)
    _say("Fitting the weights of its features on the pairs held out.")
    manifest, calibration = fit_support(division.held_out, out, seed=seed)
    typer.echo(f"{manifest.name} in {out}, measured on {calibration.pairs} pairs held out:")
    for name, value in calibration.metrics.items():
        typer.echo(f"  {name}: {value:.3f}")
    typer.echo(f"Use it with --set verifier.adapter={out}.")


def _read(
    path: Path, sources: "Sequence[str]", recipe: "VerifierRecipe"
) -> "tuple[tuple[Pair, ...], TrainingData]":
    """The pairs to use, and what a manifest says of them."""
    import random

    from ingest.train.examples import described
    from service.train.pairs import read_pairs, thinned

    read = thinned(read_pairs(path, sources), neutral_share=recipe.neutral_share, seed=recipe.seed)
    if recipe.limit is not None and recipe.limit < len(read):
        read = tuple(random.Random(recipe.seed).sample(read, recipe.limit))  # noqa: S311 - no secret
    return read, described(path, [pair.licence for pair in read])


def _passages(folder: Path, context: typer.Context) -> "list[tuple[str, list[Chunk]]]":
    from ingest.embed import BUNDLED, SentenceTransformerEncoder
    from service.train.documents import read_passages

    settings: Settings = context.obj().settings
    return list(
        read_passages(
            folder, SentenceTransformerEncoder(BUNDLED), settings.chunking, passed_over=_say
        )
    )


def _described(
    folder: Path, passages: "Sequence[tuple[str, list[Chunk]]]", licence: str
) -> "TrainingData":
    """What a manifest says of the documents: how many they are, and a hash of their passages."""
    import hashlib

    from ingest.adapter import TrainingData

    digest = hashlib.sha256()
    for name, chunks in passages:
        digest.update("\n".join([name, *(chunk.text for chunk in chunks)]).encode())
    return TrainingData(
        name=f"sentences of {folder.name}",
        sha256=digest.hexdigest(),
        rows=len(passages),
        licences={licence: len(passages)},
    )


def _division(
    read: "Sequence[Pair]",
    passages: "Sequence[tuple[str, list[Chunk]]]",
    recipe: "VerifierRecipe",
    per_document: int,
    licence: str,
) -> "PairDivision":
    """Pairs and documents divided; of documents held out come more pairs."""
    from service.train.pairs import PairDivision, divide_pairs, falls, own_pairs

    divided = divide_pairs(read, held_out_share=recipe.held_out_share, seed=recipe.seed)
    held = [each for each in passages if falls(each[0], recipe.seed) < recipe.held_out_share]
    others = [each for each in passages if each not in held]
    return PairDivision(
        (
            *divided.training,
            *own_pairs(others, per_document=per_document, licence=licence, seed=recipe.seed),
        ),
        (
            *divided.held_out,
            *own_pairs(
                held,
                per_document=HELD_OUT_TIMES * per_document,
                licence=licence,
                seed=recipe.seed,
            ),
        ),
    )


def _say(line: str) -> None:
    typer.echo(line, err=True)
