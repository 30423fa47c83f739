"""`pincite eval run`, `score`, `compare` and `gate`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from eval.rating.cli import app as rating_commands

if TYPE_CHECKING:
    from eval.compare import Comparison
    from eval.folder import RunFolder
    from eval.metrics.cost import Price
    from eval.run import Asking
    from service.assemble import Assembled
    from service.settings import LoadedSettings, Settings

app = typer.Typer(no_args_is_help=True)
app.registered_commands += rating_commands.registered_commands

WhichLabels = Literal["some", "all", "none"]

Prices = Annotated[
    Path | None,
    typer.Option(
        help="Price table (TOML): a section for each generator, of prompt_per_million and "
        "completion_per_million."
    ),
]
JudgeLabels = Annotated[
    WhichLabels,
    typer.Option(help="On how many human labels of large sets the judge is measured."),
]


@app.callback()
def _group() -> None:
    """Measure answers and their citations."""


@app.command()
def run(
    context: typer.Context,
    suite_path: Annotated[
        Path, typer.Argument(metavar="SUITE", help="Questions as JSONL.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder for answers, scores and report.")] = Path(
        "eval-report"
    ),
    fresh: Annotated[
        bool, typer.Option(help="Replace what the folder holds; else a run goes on there.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option(help="Ask again what failed when the run was begun.")
    ] = False,
    repeats: Annotated[
        int, typer.Option(min=0, help="How often each question is asked again, for stability.")
    ] = 0,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Questions that are asked at a time.")
    ] = 1,
    timeout: Annotated[
        float, typer.Option(min=0.001, help="Seconds that one answer may take.")
    ] = 300.0,
    cost_limit: Annotated[
        float | None,
        typer.Option(min=0, help="Price from which nothing more is asked; needs --prices."),
    ] = None,
    prices: Prices = None,
    against: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Compare with this run.")
    ] = None,
    judge_labels: JudgeLabels = "some",
) -> None:
    """Ask every question of a suite, and score citations, support, answers and refusals.

    Ended by Ctrl-C or worse, the same command goes on where it was.
    """
    from pydantic import RootModel

    from eval.asked import run_info
    from eval.dataset import load_suite
    from eval.folder import COMPARISON, RunFolder
    from eval.judge import served_by
    from eval.run import ask_suite
    from eval.show import progress

    loaded: LoadedSettings = context.obj()
    suite = load_suite(suite_path)
    table = _prices(prices)
    asking = _asking(
        loaded.settings, table, repeats, concurrency, timeout, cost_limit, retry_failed
    )
    folder = RunFolder(out)
    with _assembled(loaded.settings) as service:
        verifier, _ = served_by(service)
        info = run_info(suite, loaded.settings, service.store, verifier.name, repeats=repeats)
        with progress("Asking") as on_progress:
            already = ask_suite(
                suite,
                lambda question, turns, reader: service.pipeline.answer(
                    question, turns, reader, draft_always=True
                ),
                folder,
                info,
                asking,
                fresh=fresh,
                on_progress=on_progress,
            )
        if already:
            typer.echo(f"{already} of {len(suite.samples)} samples were in {out} already.")
        _score(folder, service, loaded.settings, table, judge_labels)
    if against is not None:
        folder.write(COMPARISON, RootModel(_compare([against, out])))
    _report(folder)


@app.command()
def score(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a run.", show_default=False)
    ],
    *,
    prices: Prices = None,
    judge_labels: JudgeLabels = "some",
) -> None:
    """Score a run again without asking anything, for instance with another judge."""
    from eval.folder import RunFolder

    loaded: LoadedSettings = context.obj()
    folder = RunFolder(path)
    folder.info()
    with _assembled(loaded.settings) as service:
        _score(folder, service, loaded.settings, _prices(prices), judge_labels)
    _report(folder)


@app.command()
def compare(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN…", help="Folders of runs, the baseline first.", show_default=False
        ),
    ],
    *,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write everything there.")
    ] = None,
) -> None:
    """Say by how much runs differ from the first of them, how sure that is, and on which questions."""
    from pydantic import TypeAdapter

    from eval.compare import Comparison
    from ingest.errors import WrongUse

    if len(paths) < 2:
        raise WrongUse("A comparison needs two runs or more: 'pincite eval compare RUN RUN…'.")
    comparisons = _compare(paths)
    if json_path is not None:
        content = TypeAdapter(list[Comparison]).dump_json(comparisons, indent=2)
        json_path.write_bytes(content + b"\n")
        typer.echo(f"Written to {json_path}.")


@app.command()
def gate(
    path: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of the new run.", show_default=False)
    ],
    *,
    baseline: Annotated[
        Path, typer.Option(metavar="RUN", help="Folder of the run to replace.", show_default=False)
    ],
    rules: Annotated[
        list[str] | None, typer.Option("--rule", help="What the run has to keep; repeatable.")
    ] = None,
) -> None:
    """Exit with 1 where a run breaks a rule, for CI.

    A rule is "[TABLE.]METRIC OPERATOR NUMBER", as in "support >= -0.01" or "shown.refusal_f1 >= 0": the
    number is what the run has more than the baseline, over the samples that both have scored. With
    "absolute" behind it, as in "support >= 0.9 absolute", it is the run's own score. TABLE is draft
    (where none is given), shown or retrieval; OPERATOR is >=, >, <= or <.

    The share of unscored samples may not rise by more than 0.02, unless there is a rule on "unscored".
    """
    from rich.console import Console

    from eval.compare import read_scored
    from eval.folder import RunFolder
    from eval.gate import check, judge_by_rules, parse_rule
    from eval.show import show_rulings

    parsed = [parse_rule(text) for text in rules or []]
    run, before = (read_scored(RunFolder(each)) for each in (path, baseline))
    rulings = judge_by_rules(run, before, parsed)
    show_rulings(rulings, Console())
    check(rulings)


@contextmanager
def _assembled(settings: "Settings") -> Iterator["Assembled"]:
    from service.assemble import assemble

    service = assemble(settings)
    try:
        yield service
    finally:
        service.store.close()


def _prices(path: Path | None) -> "dict[str, Price]":
    from eval.settings import read_prices

    return read_prices(path) if path else {}


def _asking(
    settings: "Settings",
    prices: "dict[str, Price]",
    repeats: int,
    concurrency: int,
    timeout_s: float,
    cost_limit: float | None,
    retry_failed: bool,
) -> "Asking":
    from eval.metrics.cost import Spent, price
    from eval.record import AnswerRecord
    from eval.run import Asking
    from ingest.errors import WrongUse

    if cost_limit is not None and settings.generator.name not in prices:
        raise WrongUse(
            f"--cost-limit needs the price of {settings.generator.name}: give --prices a file with a "
            f'section ["{settings.generator.name}"].'
        )

    def price_of(answer: AnswerRecord) -> float:
        spent = Spent(answer.prompt_tokens, answer.completion_tokens)
        return price(spent, prices, settings.generator.name) or 0.0

    return Asking(repeats, concurrency, timeout_s, cost_limit, price_of, retry_failed)


def _score(
    folder: "RunFolder",
    service: "Assembled",
    settings: "Settings",
    prices: "dict[str, Price]",
    labels: WhichLabels,
) -> None:
    from rich.console import Console

    from eval.gold import find_document_in
    from eval.judge import build_judges
    from eval.scored import score_folder
    from eval.show import progress, show_scores

    with progress("Scoring") as on_progress:
        scores, timings = score_folder(
            folder,
            find_document_in(service.store.catalog),
            build_judges(settings, service, labels),
            prices,
            on_progress=on_progress,
        )
    show_scores(scores, timings, Console())


def _compare(paths: Sequence[Path]) -> "list[Comparison]":
    from rich.console import Console

    from eval.compare import compare_runs, read_scored
    from eval.folder import RunFolder
    from eval.show import show_comparison

    baseline, *others = (read_scored(RunFolder(path)) for path in paths)
    comparisons = compare_runs(baseline, others)
    for comparison in comparisons:
        show_comparison(comparison, Console())
    return comparisons


def _report(folder: "RunFolder") -> None:
    from eval.report import write_report

    report = write_report(folder.path)
    typer.echo(f"Written to {folder.path}; look at {report}.")
