"""Chromium, and `pincite serve` over the example policies and one hostile document."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    sync_playwright,
)

from ingest.embed import Encoders
from tests.stores import indexed

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
START_TIMEOUT_S = 60

HOSTILE_NAME = "zebra <img src=x onerror=alert(1)>.md"
HOSTILE_TEXT = """\
# Zebra permits 🦓 &lt;script&gt;alert("title")&lt;/script&gt;

🦓🦓 Permits cost nothing.

## Deadlines &lt;b&gt;

Zebra permits are issued within 12 days &lt;img src=x onerror="alert('sentence')"&gt; of the request 🦓.

```
<script>alert("block")</script>
<img src=x onerror=alert("block")>
```
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip before any fixture is made: the index and the service take a while."""
    if CHROMIUM.exists():
        return
    reason = f"There is no {CHROMIUM}; after 'apt-get install chromium' the browser tests run."
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason))


@dataclass(slots=True)
class Visit:
    """A page with what happened in it and in every page opened from it."""

    page: Page
    problems: list[str] = field(default_factory=list)
    """Console errors (a broken Content-Security-Policy is one), uncaught exceptions and dialogs."""
    requests: list[str] = field(default_factory=list)

    def expect_problem(self, pattern: str) -> None:
        """Exactly these problems were provoked; others still fail the test."""
        assert self.problems
        self.problems[:] = [text for text in self.problems if not re.search(pattern, text)]


@pytest.fixture(scope="package")
def server(
    example_store_path: Path,
    encoders: Encoders,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a running service."""
    folder = tmp_path_factory.mktemp("web")
    index = folder / "pincite"
    shutil.copytree(example_store_path, index)
    _add_hostile_document(index, folder / "hostile", encoders)
    port = _free_port()
    program = Path(sys.executable).with_name("pincite")
    command: list[str | Path] = [program, "--index", index, "serve", "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PINCITE_")}
    log = folder / "serve.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """A fresh page. Afterwards: nothing went wrong in it, and no request left the service."""
    with browser.new_context(base_url=server, viewport={"width": 1200, "height": 800}) as context:
        context.set_default_timeout(15_000)
        visit = Visit(context.new_page())
        _watch(context, visit)
        yield visit
        assert visit.problems == []
        assert [url for url in visit.requests if not url.startswith(f"{server}/")] == []


def _watch(context: BrowserContext, visit: Visit) -> None:
    context.on("request", lambda request: visit.requests.append(request.url))
    context.on("weberror", lambda error: visit.problems.append(str(error.error)))
    context.on("console", lambda message: _note_error(message, visit))
    context.on("dialog", lambda dialog: _dismiss(dialog, visit))


def _note_error(message: ConsoleMessage, visit: Visit) -> None:
    if message.type == "error":
        visit.problems.append(message.text)


def _dismiss(dialog: Dialog, visit: Visit) -> None:
    visit.problems.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _add_hostile_document(index: Path, folder: Path, encoders: Encoders) -> None:
    folder.mkdir()
    (folder / HOSTILE_NAME).write_text(HOSTILE_TEXT, "utf-8")
    assert indexed(index, folder, encoders).failed == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/readyz", timeout=5):  # noqa: S310
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail(f"pincite serve did not become ready:\n{log.read_text()}")
