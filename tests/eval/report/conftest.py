"""Chromium, and the report of a run over the example policies."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from eval.report import write_report
from tests.eval.report.runs import example_run
from tests.service.web.conftest import ARGUMENTS, CHROMIUM


@pytest.fixture(scope="session")
def example_report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with its report; not to be written to."""
    folder = example_run(tmp_path_factory.mktemp("report") / "run")
    write_report(folder)
    return folder


@pytest.fixture
def run_folder(example_report_folder: Path, tmp_path: Path) -> Path:
    """A copy of the same, to be changed."""
    return shutil.copytree(example_report_folder, tmp_path / "run")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"There is no {CHROMIUM}; after 'apt-get install chromium' these tests run.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Opened:
    """A page, what went wrong in it, and every address it asked for."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def open_report(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a report. In the end: no error in it, and nothing fetched but the file itself."""
    opened: list[Opened] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.set_default_timeout(10_000)

    def open_file(path: Path, fragment: str = "") -> Page:
        each = Opened(context.new_page())
        opened.append(each)
        page = each.page
        page.on("console", lambda message: each.problems.append(message.text))
        page.on("pageerror", lambda error: each.problems.append(str(error)))
        page.on("dialog", lambda dialog: dismiss(dialog, each))
        page.on("request", lambda request: each.requests.append(request.url.split("#")[0]))
        page.goto(f"{path.as_uri()}{fragment}")
        return page

    yield open_file
    for each in opened:
        assert each.problems == []
        assert set(each.requests) == {each.page.url.split("#")[0]}
    context.close()


def dismiss(dialog: Dialog, opened: Opened) -> None:
    opened.problems.append(dialog.message)
    dialog.dismiss()
