"""`pincite ask`, `serve` and `settings`: what they print and exit with."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

import pincite
from tests.conftest import POLICIES

GOLD = "What are the current refund terms for Gold tier users?"
THIRTY_DAYS = "when an item is returned within 30 days of delivery."


class Pincite:
    """The command line in this process: `run` gives its exit code, output and errors."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.folder = Path.cwd()

    def run(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["pincite", *arguments])
        with pytest.raises(SystemExit) as exit_:
            pincite.main()
        printed = self._capsys.readouterr()
        return int(exit_.value.code or 0), printed.out, printed.err


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Pincite:
    """In an empty working folder, without settings in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("PINCITE_CONFIG", "PINCITE_INDEX__PATH"):
        monkeypatch.delenv(name, raising=False)
    return Pincite(monkeypatch, capsys)


@pytest.fixture
def index(command: Pincite, example_store_path: Path) -> str:
    shutil.copytree(example_store_path, "index")
    return "index"


def test_ask_prints_the_answer_and_the_words_that_support_it(command: Pincite, index: str) -> None:
    code, out, err = command.run("--index", index, "ask", GOLD)

    assert (code, err) == (0, "")
    answer, *passages = out.split("\n\n")
    assert f"{THIRTY_DAYS} [1]" in answer
    assert passages[0].startswith("[1] refund-policy.md: Refund and Returns Policy > ")
    assert "4.3 Gold tier\n" in passages[0]
    assert THIRTY_DAYS in passages[0]


def test_ask_prints_json_for_programs(command: Pincite, index: str) -> None:
    code, out, err = command.run("--index", index, "ask", f" {GOLD} ", "--json")

    answer: dict[str, Any] = json.loads(out)
    assert (code, err) == (0, "")
    assert (answer["question"], answer["refused"]) == (GOLD, False)
    assert answer["sentences"][0]["citations"][0]["document"] == "refund-policy.md"


def test_ask_says_where_to_look_when_no_passage_answers(command: Pincite, index: str) -> None:
    code, out, err = command.run("--index", index, "ask", "What is the capital of Mongolia?")

    assert (code, err) == (0, "")
    assert out.startswith("No passage in the documents answers this question. The nearest ")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        (" ", "The question is empty"),
        ("refund \udcff", "The question has half a character"),
        ("refund " * 14_000, "The question has 97,999 characters; at most 4,000 are taken."),
    ],
    ids=["empty", "not UTF-8", "too long"],
)
def test_ask_refuses_what_is_no_question(command: Pincite, question: str, says: str) -> None:
    code, out, err = command.run("ask", question)

    assert (code, out) == (2, "")
    assert err.startswith(says)


def test_ask_without_an_index_says_how_to_make_one(command: Pincite) -> None:
    code, out, err = command.run("ask", GOLD)

    assert (code, out) == (3, "")
    assert err == "There is no index in .pincite. Make one with 'pincite ingest PATH…'.\n"
    assert not Path(".pincite").exists()


def test_ask_searches_with_what_built_the_index(command: Pincite, index: str) -> None:
    code, out, err = command.run(
        "--index", index, "--set", "encoder.model=not-there", "ask", GOLD, "--json"
    )

    assert (code, err) == (0, "")
    assert not json.loads(out)["refused"]


def test_ask_answers_from_what_applied_on_a_day(command: Pincite, index: str) -> None:
    code, out, err = command.run("--index", index, "ask", GOLD, "--as-of", "1999-12-31", "--json")

    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert all(
        passage["valid_from"] is None or passage["valid_from"] <= "1999-12-31"
        for passage in answer["passages"] + answer["nearest"]
    )
    assert "1999" in answer["text"]


def test_ask_answers_from_the_documents_that_are_named(command: Pincite, index: str) -> None:
    named = ("--document", "refund-policy.md", "--document", "Privacy Notice", "--language", "en")
    code, out, err = command.run("--index", index, "ask", GOLD, *named, "--json")

    answer: dict[str, Any] = json.loads(out)
    assert (code, err, answer["refused"]) == (0, "", False)
    documents = {passage["document"] for passage in answer["passages"]}
    assert "refund-policy.md" in documents <= {"refund-policy.md", "privacy-notice.html"}


def test_ask_takes_a_source_by_its_folder(
    command: Pincite, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(POLICIES.parent)
    index = str(Path(command.folder, index))

    code, out, err = command.run("--index", index, "ask", GOLD, "--source", "policies")

    assert (code, err) == (0, "")
    assert f"{THIRTY_DAYS} [1]" in out


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--document", "nothing.md"), "There is no document 'nothing.md' to search in"),
        (("--tag", "nothing"), "No document has the tag 'nothing'; there are none."),
        (("--language", "xx"), "No document is in the language 'xx'; there are: en."),
        (("--source", "nowhere"), "No document comes from a source 'nowhere'; 'pincite sources"),
    ],
)
def test_ask_says_what_of_its_filter_is_unknown(
    command: Pincite, index: str, option: tuple[str, str], says: str
) -> None:
    code, out, err = command.run("--index", index, "ask", GOLD, *option)

    assert (code, out) == (2, "")
    assert says in err


def test_ask_refuses_a_day_that_is_none(command: Pincite, index: str) -> None:
    code, out, err = command.run("--index", index, "ask", GOLD, "--as-of", "yesterday")

    assert (code, out) == (2, "")
    assert "'yesterday' does not match the format" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "  "], "The question is empty: write what you want to know.\n"),
        (
            ["serve", "--host", "0.0.0.0"],  # noqa: S104
            "service.host = 0.0.0.0 opens the service to the network",
        ),
        (["serve", "--port", "99999"], "flag: service.port = 99999: "),
        (["serve", "--host", "example.org"], "flag: service.host = 'example.org': "),
        (["--set", "retrieval.top_k", "settings"], "--set needs KEY=VALUE"),
        (["--set", "retrieval.topk=3", "settings"], "flag: unknown key retrieval.topk"),
        (["--config", "none.toml", "settings"], "There is no settings file none.toml."),
        (["eval", "run", "none.jsonl"], "The suite none.jsonl cannot be read"),
    ],
)
def test_wrong_use_exits_with_2(command: Pincite, arguments: list[str], says: str) -> None:
    code, out, err = command.run(*arguments)

    assert (code, out) == (2, "")
    assert err.startswith(says)


def test_serve_does_not_start_on_a_used_port(command: Pincite) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        code, out, err = command.run("serve", "--port", str(port))

    assert (code, out) == (3, "")
    assert err == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another port with --port.\n"
    )


def test_settings_show_every_value_and_its_source(
    command: Pincite, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pincite.toml").write_text("[retrieval]\ntop_k = 5\n")
    monkeypatch.setenv("PINCITE_ANSWER__NEAREST", "2")

    code, out, err = command.run("--index", "elsewhere", "settings")

    assert (code, err) == (0, "")
    rows = [tuple(cell.strip() for cell in line.split("│")[1:-1]) for line in out.splitlines()]
    assert {
        ("retrieval.top_k", "5", "pincite.toml"),
        ("answer.nearest", "2", "PINCITE_ANSWER__NEAREST"),
        ("index.path", "elsewhere", "flag"),
        ("service.port", "8420", "default"),
    } <= set(rows)
