"""The rating pages in a browser: by keyboard alone, resumed after a reload, documents inert."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from eval.dataset import load_suite, write_samples
from eval.rating.app import drafts_app, rating_app
from eval.rating.deck import Answer, read_deck
from eval.rating.drafts import Drafts
from eval.rating.session import Ratings
from tests.eval.rating.runs import GOLD, HOSTILE, three_answers, write_run
from tests.eval.rating.test_drafts import QUOTE, draft, find, vain
from tests.service.live import listening
from tests.service.web.conftest import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"There is no {CHROMIUM}: 'apt-get install chromium'."
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # The first answer of a server takes its time on a busy machine.
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    expect.set_options(timeout=5_000)


@contextmanager
def page_of(
    browser: Browser, app: FastAPI, *, width: int = 1200, provoked: str | None = None
) -> Iterator[Page]:
    """The page of this server. Afterwards: nothing went wrong in it but what was provoked, and no
    request left the server."""
    problems: list[str] = []
    requests: list[str] = []
    with (
        listening(app) as url,
        browser.new_context(base_url=url, viewport={"width": width, "height": 800}) as context,
    ):
        context.set_default_timeout(15_000)
        context.on("request", lambda request: requests.append(request.url))
        context.on("weberror", lambda error: problems.append(str(error.error)))
        context.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        context.on("dialog", lambda dialog: problems.append(dialog.message))
        page = context.new_page()
        page.goto("/")
        yield page
        assert [each for each in problems if not provoked or provoked not in each] == []
        assert [each for each in requests if not each.startswith(f"{url}/")] == []


def press(page: Page, keys: str) -> None:
    for key in keys.split():
        page.keyboard.press(key)


def enter(page: Page, name: str) -> None:
    expect(page.get_by_label("Your name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.locator("#work")).to_be_visible()


def judge_all(page: Page, answer: Answer) -> None:
    """Every item by its key, as the focus comes to it."""
    expect(page.locator("#question")).to_have_text(answer.question)
    press(page, "4 5 3")
    press(page, " ".join("n" if n else "y" for n, _ in enumerate(answer.citations)))
    expect(page.locator("#left")).to_have_text("All judged")


def ratings_of(folder: Path) -> Ratings:
    return Ratings(read_deck([folder], "shown", None, 0), 0)


def test_three_answers_are_rated_by_keyboard_and_resumed_after_a_reload(
    browser: Browser, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", three_answers())
    ratings = ratings_of(run)
    order = [ratings.answer(key) for key, _ in ratings.order("Ada")]

    with page_of(browser, rating_app(ratings)) as page:
        enter(page, "Ada")
        expect(page.get_by_role("group", name="Correctness")).to_be_focused()
        judge_all(page, order[0])
        press(page, "Enter")
        expect(page.locator("#position")).to_have_text("Answer 2 of 3")
        with page.expect_response("**/api/marks"):
            press(page, "2")
        expect(page.get_by_role("group", name="Completeness")).to_be_focused()

        page.reload()

        expect(page.locator("#position")).to_have_text("Answer 2 of 3")
        correctness = page.get_by_role("group", name="Correctness")
        expect(correctness.get_by_role("button", name="2 of 5")).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(page.get_by_role("group", name="Completeness")).to_be_focused()
        press(page, "k")
        judge_all(page, order[1])
        press(page, "Enter")
        judge_all(page, order[2])
        press(page, "c")
        page.keyboard.type("Good, 1 or 2 words too many.")
        press(page, "Escape Enter")
        expect(page.get_by_role("heading", name="That was the last one")).to_be_focused()
        expect(page.locator("#everyone")).to_have_text("Adafinished")

    (progress,) = ratings_of(run).progress()
    assert (progress.rater, progress.done, progress.total) == ("Ada", 3, 3)
    kept = ratings_of(run).values("Ada", order[1].key)
    assert {item: kept[item] for item in ("correctness", "completeness", "tone")} == {
        "correctness": 4,
        "completeness": 5,
        "tone": 3,
    }
    assert [kept[item] for item in order[1].citations] == [
        n == 0 for n, _ in enumerate(order[1].citations)
    ]
    assert ratings_of(run).values("Ada", order[2].key)["comment"] == "Good, 1 or 2 words too many."


def test_undo_enter_and_cannot_judge(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", three_answers())

    with page_of(browser, rating_app(ratings_of(run))) as page:
        enter(page, "Ada")
        press(page, "3 0 y")
        tone = page.get_by_role("group", name="Tone")
        expect(page.get_by_role("status")).to_have_text("Tone is judged by 1 to 5.")
        expect(tone).to_be_focused()
        press(page, "u")
        completeness = page.get_by_role("group", name="Completeness")
        expect(completeness).to_be_focused()
        expect(completeness.locator("[aria-pressed=true]")).to_have_count(0)
        press(page, "j j Enter")
        expect(completeness).to_be_focused()
        expect(page.get_by_role("status")).to_contain_text("to judge on this answer")
        press(page, "?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        page.get_by_label("Use single keys").uncheck()
        press(page, "Escape 5")
        expect(completeness.locator("[aria-pressed=true]")).to_have_count(0)
        completeness.get_by_role("button", name="5 of 5").click()
        expect(completeness.locator("[aria-pressed=true]")).to_have_count(1)


def test_a_second_rater_sees_nothing_of_the_first(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", three_answers())

    with page_of(browser, rating_app(ratings_of(run))) as page:
        enter(page, "Ada")
        press(page, "3 3 3")
        page.get_by_role("button", name="Rating as Ada: change rater").click()
        expect(page.get_by_role("button", name="Ada")).to_contain_text("of 3")
        enter(page, "Bo")
        expect(page.locator("[aria-pressed=true]")).to_have_count(0)
        page.get_by_role("button", name="Rating as Bo: change rater").click()
        page.get_by_role("button", name="Ada").click()
        expect(page.locator("#work")).to_be_visible()


def test_what_documents_and_answers_say_is_inert(browser: Browser, tmp_path: Path) -> None:
    answers = {"hostile": three_answers()["hostile"]}
    run = write_run(tmp_path / "run", answers)

    with page_of(browser, rating_app(ratings_of(run))) as page:
        enter(page, HOSTILE[:50])
        expect(page.locator("#question")).to_have_text(HOSTILE)
        expect(page.locator("#judge mark")).to_have_text(HOSTILE)
        assert page.locator("main img, main script").count() == 0
        press(page, "4 4 4 y")
        expect(page.locator("#left")).to_have_text("All judged")


def test_what_could_not_be_kept_is_said_and_not_shown(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", three_answers())
    error = {"error": {"message": "The disk is full."}}

    with page_of(browser, rating_app(ratings_of(run)), provoked="status of 500") as page:
        enter(page, "Ada")
        page.route("**/api/marks", lambda route: route.fulfill(status=500, json=error))
        press(page, "4")
        expect(page.get_by_role("alert")).to_have_text("The disk is full.")
        expect(page.locator("[aria-pressed=true]")).to_have_count(0)
        page.unroute("**/api/marks")
        press(page, "k 5")
        expect(page.locator("[aria-pressed=true]")).to_have_count(1)
        expect(page.get_by_role("alert")).to_be_hidden()


def test_it_fits_a_narrow_screen(browser: Browser, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", three_answers())

    with page_of(browser, rating_app(ratings_of(run)), width=360) as page:
        enter(page, "Ada")
        for _ in range(3):
            assert page.evaluate("document.documentElement.scrollWidth") == 360
            press(page, "ArrowRight")


def test_drafts_are_accepted_changed_and_rejected_by_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    path, out = tmp_path / "questions.draft.jsonl", tmp_path / "questions.jsonl"
    write_samples(path, [draft("a"), draft("b"), vain("c"), draft("d")])

    with page_of(browser, drafts_app(Drafts(path, find), out)) as page:
        enter(page, "Ada")
        expect(page.locator("#contexts mark")).to_have_text(QUOTE)
        press(page, "a")
        expect(page.locator("#position")).to_have_text("Draft 2 of 4")
        press(page, "e")
        question = page.get_by_label("Question", exact=True)
        expect(question).to_be_focused()
        question.fill("When does it count as delivered?")
        page.get_by_label("vital").uncheck()
        press(page, "Control+Enter")
        expect(page.locator("#position")).to_have_text("Draft 3 of 4")
        expect(page.locator("#draft")).to_contain_text("Not to be answered")
        press(page, "r")
        expect(page.locator("#position")).to_have_text("Draft 4 of 4")

        page.reload()

        expect(page.locator("#position")).to_have_text("Draft 4 of 4")
        press(page, "a")
        expect(page.get_by_role("heading", name="Every draft is decided")).to_be_focused()
        expect(page.locator("#finished-text")).to_have_text("3 accepted, 1 rejected.")
        page.get_by_role("button", name="Write questions.jsonl").last.click()
        expect(page.locator("#finished-text")).to_contain_text("3 accepted questions are in")

    suite = load_suite(out)
    assert [(s.id, s.question) for s in suite.samples] == [
        ("a", "What does “a” mean?"),
        ("b", "When does it count as delivered?"),
        ("d", "What does “d” mean?"),
    ]
    assert [fact.vital for fact in suite.samples[1].key_facts] == [False]
    assert GOLD not in suite.samples[1].question
