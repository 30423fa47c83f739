"""`pincite eval rate` and `pincite eval make`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import WrongUse

if TYPE_CHECKING:
    from eval.rating.session import Ratings
    from service.settings import LoadedSettings, Settings

app = typer.Typer()


@app.command()
def rate(
    context: typer.Context,
    targets: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN…|DRAFTS",
            help="Folders of runs to rate, or one file of drafted questions to decide on.",
            show_default=False,
        ),
    ],
    *,
    rater: Annotated[
        str | None, typer.Option(help="Who rates; otherwise the page asks.", show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port on this machine. Default: 8090.")
    ] = None,
    share: Annotated[
        int | None,
        typer.Option(min=1, help="Rate the answers to so many questions, the same for all raters."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the share and the order.")] = 0,
    draft: Annotated[
        bool,
        typer.Option("--draft", help="Rate what the generators wrote, not what readers saw."),
    ] = False,
    agreement: Annotated[
        bool, typer.Option("--agreement", help="Print how far raters and judge agree.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Suite for accepted drafts. Default: the file's name without '.draft'."),
    ] = None,
) -> None:
    """Rate answers without seeing who wrote them, or decide on drafted questions."""
    loaded: LoadedSettings = context.obj()
    files = [target for target in targets if target.is_file()]
    if files:
        if len(targets) > 1 or agreement or draft or share:
            raise WrongUse(
                f"{files[0]} is a file of drafts, and is decided on alone: give it without other "
                "runs, --agreement, --draft or --share. Runs are folders."
            )
        _decide(loaded.settings, files[0], out, rater, port)
        return
    if out is not None:
        raise WrongUse("--out is for a file of drafts; ratings stay in the folders of their runs.")

    from eval.rating.deck import read_deck
    from eval.rating.session import Ratings

    answers = read_deck(list(dict.fromkeys(targets)), "draft" if draft else "shown", share, seed)
    ratings = Ratings(answers, seed)
    if agreement:
        _print_agreement(ratings, targets)
    else:
        _rate(ratings, rater, port)


@app.command()
def make(
    context: typer.Context,
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Where to write. Default: questions.draft.jsonl, or questions.jsonl."),
    ] = None,
    per_document: Annotated[int, typer.Option(min=1, help="Drafts per document at most.")] = 12,
    seed: Annotated[int, typer.Option(help="Draws which are kept where there are more.")] = 0,
    accept: Annotated[
        Path | None,
        typer.Option(
            metavar="DRAFTS",
            help="Draft nothing: write those of this file that were accepted as a suite.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draft questions from the indexed documents; none counts until a person accepts it."""
    if accept is not None:
        _write_accepted(accept, out)
        return

    from eval.dataset import write_samples
    from eval.make import draft_samples, readable_documents
    from ingest.store import open_store

    out = out or Path("questions.draft.jsonl")
    if out.exists():
        raise WrongUse(f"{out} is there already: name another with --out, or remove it first.")
    loaded: LoadedSettings = context.obj()
    store = open_store(loaded.settings.index)
    try:
        documents, passed_over = readable_documents(store.catalog)
    finally:
        store.close()
    drafts = draft_samples(documents, per_document=per_document, seed=seed)
    if not drafts:
        raise WrongUse(
            f"Nothing in the {len(documents)} documents has a form that questions are drafted from: "
            "headings that ask, definitions, tables, limits. Write questions by hand."
        )
    write_samples(out, drafts)
    kinds = ", ".join(
        f"{sum(draft.kind == kind for draft in drafts)} {kind}"
        for kind in dict.fromkeys(draft.kind for draft in drafts)
    )
    typer.echo(f"{len(drafts)} drafts from {len(documents)} documents in {out}: {kinds}.")
    for name, why in passed_over.items():
        typer.echo(f"passed over  {name}: {why}")
    typer.echo(f"None counts until it is accepted: 'pincite eval rate {out}'.")


def _write_accepted(path: Path, out: Path | None) -> None:
    from eval.rating.drafts import Drafts, suite_path, write_suite

    drafts = Drafts(path)
    out = out or suite_path(path)
    accepted = write_suite(drafts, out)
    waiting = len(drafts.samples) - len(drafts.decisions().keys() & drafts.samples.keys())
    typer.echo(f"{accepted} accepted questions are in {out}; {waiting} drafts are not decided.")


def _decide(
    settings: "Settings", path: Path, out: Path | None, rater: str | None, port: int | None
) -> None:
    from eval.gold import find_document_in
    from eval.rating.app import drafts_app
    from eval.rating.drafts import Drafts, suite_path
    from eval.rating.serve import address, listening, serve
    from ingest.store import open_store

    store = open_store(settings.index)
    try:
        # All passages are read now, and the index is free for others while the person decides.
        drafts = Drafts(path, find_document_in(store.catalog))
    finally:
        store.close()
    opened = listening(port)
    typer.echo(f"{len(drafts.samples)} drafts, {len(drafts.decisions())} decided.")
    typer.echo(f"Open {address(opened, rater)} - stop with Ctrl-C; every decision is kept at once.")
    serve(drafts_app(drafts, out or suite_path(path)), opened)


def _rate(ratings: "Ratings", rater: str | None, port: int | None) -> None:
    from eval.rating.app import rating_app
    from eval.rating.serve import address, listening, serve

    opened = listening(port)
    for progress in ratings.progress():
        typer.echo(f"{progress.rater}: {progress.done} of {progress.total} answers.")
    typer.echo(f"{len(ratings.answers)} answers to rate.")
    typer.echo(
        f"Open {address(opened, rater)} - stop with Ctrl-C; every judgement is kept at once."
    )
    serve(rating_app(ratings), opened)


def _print_agreement(ratings: "Ratings", runs: Sequence[Path]) -> None:
    from rich.console import Console

    from eval.rating.agreement import item_agreement, run_means
    from eval.rating.show import agreement_table, runs_table

    if not ratings.progress():
        raise WrongUse(
            f"Nobody has rated these answers yet: 'pincite eval rate {runs[0]}' serves the page."
        )
    console = Console()
    console.print(agreement_table(item_agreement(ratings)))
    if len(set(runs)) > 1:
        console.print(runs_table(run_means(ratings)))
    outdated = ratings.outdated()
    if outdated:
        console.print(f"{outdated} rated answers read otherwise now, or are not asked for here.")
    for run in dict.fromkeys(runs):
        for line in _of_judge(ratings, run):
            console.print(line, markup=False, highlight=False)


def _of_judge(ratings: "Ratings", run: Path) -> list[str]:
    """The judge's agreement with people; or why it cannot be told, which leaves the rest to stand."""
    from eval.folder import NoRun
    from eval.rating.judge import NotJudged, judge_with_people
    from eval.rating.show import judge_lines

    try:
        return list(judge_lines(run, judge_with_people(ratings, run)))
    except (NoRun, NotJudged) as error:
        return [f"{run}: the judge cannot be compared with people. {error}"]
