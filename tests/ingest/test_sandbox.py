"""Parsing in a child process: what it yields, and what happens to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from ingest.document import Document
from ingest.formats.errors import (
    CorruptDocument,
    EncryptedDocument,
    ParseError,
    ParserCrashed,
    ParsingTookTooLong,
    ParsingTookTooMuchMemory,
)
from ingest.parse import parse
from ingest.sandbox import LOOK_AHEAD_DOCUMENTS, ParserProcess, ParserUnavailable
from tests.ingest.files import encrypted_pdf, pdf

SHORT = b"# Leave\n\nRing us first.\n"
SLOW = b"# Leave\n\n" + b"- Ring *us* `first` [here](there)\n" * 100_000
"""Takes half a minute."""

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="macOS neither limits nor shows it")


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(max_s=60, max_memory_mb=1024) as started:
        yield started


def child_of(parser: ParserProcess) -> int:
    for _ in range(100):
        if process := parser.process_id:
            return process
        time.sleep(0.05)
    raise TimeoutError("no child is started")


def has_ended(process: int) -> bool:
    """Within five seconds; one that nobody has waited for has ended, too."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def wait_until_reading(child: int) -> None:
    """The memory is limited last of all before the first document is read."""
    limits = Path(f"/proc/{child}/limits")
    while "Max data size             unlimited" in limits.read_text():
        time.sleep(0.05)
    time.sleep(0.3)


def wait_until_running(future: Future[Document]) -> None:
    while not future.running():
        time.sleep(0.01)
    time.sleep(0.2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leave.md", SHORT),
        ("leave.html", b"<title>Leave</title><p>Ring us first.</p>"),
        ("leave.txt", b"Leave\n=====\n\nRing us first."),
        ("leave.pdf", pdf("Ring us before nine.", "Come back on Monday.")),
    ],
)
def test_a_document_is_the_same_as_without_the_process(
    parser: ParserProcess, name: str, content: bytes
) -> None:
    assert parser.parse(content, name=name) == parse(content, name=name)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.txt", b"caf\xe9 bar", CorruptDocument),
        ("a.pdf", encrypted_pdf(), EncryptedDocument),
    ],
)
def test_what_is_wrong_with_a_document_is_told_the_same_way(
    parser: ParserProcess, name: str, content: bytes, error: type[ParseError]
) -> None:
    with pytest.raises(error) as here:
        parse(content, name=name)
    with pytest.raises(error) as there:
        parser.parse(content, name=name)
    assert str(there.value) == str(here.value)


def test_many_are_parsed_in_order_and_an_error_stands_in_its_place(parser: ParserProcess) -> None:
    documents = [(number, b"Day %d." % number, "day.md") for number in range(80)]
    documents[40] = (40, b"\xff", "day.md")
    texts = {
        key: type(result) if isinstance(result, ParseError) else result.text
        for key, result in parser.map(documents)
    }
    assert list(texts) == list(range(80))
    assert texts == {n: f"Day {n}." for n in range(80)} | {40: CorruptDocument}


def test_many_are_read_ahead_of_the_consumer_but_not_all(parser: ParserProcess) -> None:
    taken: list[int] = []

    def documents() -> Iterator[tuple[int, bytes, str]]:
        for number in range(200):
            taken.append(number)
            yield number, SHORT, "leave.md"

    results = parser.map(documents())
    next(results)
    assert taken == list(range(LOOK_AHEAD_DOCUMENTS + 1))
    results.close()
    assert parser.parse(SHORT, name="leave.md").title == "Leave"


def test_large_documents_are_read_ahead_by_their_size(
    parser: ParserProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sandbox.LOOK_AHEAD_BYTES", 3 * len(SHORT))
    taken: list[int] = []

    def documents() -> Iterator[tuple[int, bytes, str]]:
        for number in range(10):
            taken.append(number)
            yield number, SHORT, "leave.md"

    results = parser.map(documents())
    next(results)
    assert taken == [0, 1, 2, 3]
    assert [key for key, _ in results] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_starting_does_not_wait_for_the_child() -> None:
    parser = ParserProcess(max_s=60, max_memory_mb=1024)
    started = time.monotonic()
    parser.start()
    assert time.monotonic() - started < 0.5
    parser.close()


def test_a_document_over_the_time_is_given_up_and_the_next_one_is_read() -> None:
    with ParserProcess(max_s=0.5, max_memory_mb=1024) as parser:
        with pytest.raises(
            ParsingTookTooLong,
            match=r"^takes longer than 0\.5 s to read: divide it, or raise \[ingest\] max_parse_s$",
        ):
            parser.parse(SLOW, name="slow.md")
        assert parser.parse(SHORT, name="leave.md").title == "Leave"


@on_linux
def test_a_document_over_the_memory_is_given_up_and_the_next_one_is_read() -> None:
    with ParserProcess(max_s=60, max_memory_mb=48) as parser:
        with pytest.raises(
            ParsingTookTooMuchMemory,
            match=r"^takes more than 48 MB of memory to read: divide it, or raise \[ingest\] max_par",
        ):
            parser.parse(SLOW, name="slow.md")
        assert parser.parse(SHORT, name="leave.md").title == "Leave"


def test_a_damaged_document_is_told_from_a_large_one_where_the_parent_is_large() -> None:
    ballast = b"a" * (512 * 2**20)
    with ParserProcess(max_s=60, max_memory_mb=256) as parser:
        del ballast
        with pytest.raises(CorruptDocument, match="is not valid UTF-8"):
            parser.parse(b"caf\xe9 bar", name="a.txt")


@on_linux
def test_a_child_that_dies_takes_its_document_along_and_no_other() -> None:
    with ParserProcess(max_s=60, max_memory_mb=1024) as parser:
        slow = parser.submit(SLOW, name="slow.md")
        following = parser.submit(SHORT, name="leave.md")
        child = child_of(parser)
        wait_until_reading(child)
        os.kill(child, signal.SIGSEGV)
        with pytest.raises(
            ParserCrashed,
            match=r"^makes the parser crash \(SIGSEGV\): save it anew, or report this document$",
        ):
            slow.result()
        assert following.result().title == "Leave"


@on_linux
def test_a_child_that_has_read_other_documents_may_die_of_them() -> None:
    with ParserProcess(max_s=60, max_memory_mb=1024) as parser:
        parser.parse(SHORT, name="leave.md")
        slow = parser.submit(SLOW[:60_000], name="slow.md")
        wait_until_running(slow)
        os.kill(child_of(parser), signal.SIGSEGV)
        assert slow.result().title == "Leave"


@on_linux
def test_a_child_killed_between_documents_costs_none() -> None:
    with ParserProcess(max_s=60, max_memory_mb=1024) as parser:
        parser.parse(SHORT, name="leave.md")
        os.kill(child_of(parser), signal.SIGKILL)
        assert parser.parse(SHORT, name="leave.md").title == "Leave"


@on_linux
def test_closing_ends_the_child_in_the_middle_of_a_document() -> None:
    parser = ParserProcess(max_s=60, max_memory_mb=1024)
    slow = parser.submit(SLOW, name="slow.md")
    waiting = parser.submit(SHORT, name="leave.md")
    wait_until_running(slow)
    child = child_of(parser)
    started = time.monotonic()
    parser.close()
    assert time.monotonic() - started < 3
    assert has_ended(child)
    for future in (slow, waiting):
        with pytest.raises(CancelledError):
            future.result()


def test_without_a_child_the_fault_is_not_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with (
        ParserProcess(max_s=60, max_memory_mb=1024) as parser,
        pytest.raises(ParserUnavailable, match=r"could not be started \(exit status 1\)"),
    ):
        parser.parse(SHORT, name="leave.md")


@on_linux
def test_the_child_has_neither_secrets_nor_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_API_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    with ParserProcess(max_s=60, max_memory_mb=1024) as parser:
        parser.parse(SHORT, name="leave.md")
        process = Path(f"/proc/{child_of(parser)}")
        assert b"secret" not in (process / "environ").read_bytes()
        assert "torch" not in (process / "maps").read_text()


def test_the_child_opens_no_connection() -> None:
    attempt = (
        "import sys, socket, ingest.sandbox_child as child\n"
        "sys.addaudithook(child._refuse_network)\n"
        "socket.create_connection(('127.0.0.1', 9))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", attempt], capture_output=True, text=True, check=False
    )
    assert "PermissionError: a document's parser has no network" in ended.stderr


# A script without `if __name__ == "__main__"`: the child must not run it again.
SCRIPT = """
import signal
import sys
from ingest.sandbox import ParserProcess
# A shell has what it runs in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
with ParserProcess(max_s=60, max_memory_mb=1024) as parser:
    parser.parse(b"# Leave", name="leave.md")
    print(parser.process_id, flush=True)
    parser.parse(sys.stdin.buffer.read(), name="slow.md")
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@on_linux
def test_a_child_does_not_outlive_its_parent(end: signal.Signals, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.stdin.write(SLOW)
        parent.stdin.close()
        time.sleep(0.5)
        os.killpg(parent.pid, end)
        assert parent.wait(10) == -end
        assert parent.stdout.read() == b""
    assert has_ended(child)
