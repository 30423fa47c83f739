"""The console entry: mounts the commands of every package and decides the exit code."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eval.cli import app as eval_commands
from ingest.cli import app as ingest_commands
from ingest.errors import PinciteError, WrongUse
from service.cli import app as service_commands
from service.train.cli import app as train_commands

if TYPE_CHECKING:
    from service.settings import LoadedSettings

app = typer.Typer(
    help="Answers from your policy documents, every sentence pinned to the passage that supports it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.registered_commands += ingest_commands.registered_commands
app.registered_groups += ingest_commands.registered_groups
app.registered_commands += service_commands.registered_commands
app.add_typer(train_commands, name="train", help="Train the parts that learn.")
app.add_typer(eval_commands, name="eval", help="Measure answers and their citations.")


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Settings file. Default: pincite.toml if there is one.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="Folder of the index. Sets index.path.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any setting, as in retrieval.top_k=5."),
    ] = None,
) -> None:
    flags = dict(_setting(text) for text in settings or [])
    if index is not None:
        flags["index.path"] = str(index)

    def load(**command_flags: object) -> "LoadedSettings":
        from service.settings import load_settings

        dotted = {name.replace("__", "."): value for name, value in command_flags.items()}
        return load_settings(environment=os.environ, flags=flags | dotted, config=config)

    context.obj = load


def _setting(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise WrongUse(f"--set needs KEY=VALUE, as in retrieval.top_k=5; it got '{text}'.")
    return key.strip(), value.strip()


def main() -> None:
    try:
        app()
    except PinciteError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
