"""The report in a browser: its samples are found, opened and linked to, and what they say stays text."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from eval.dataset import GoldPassage, Sample
from eval.record import Judge, Record
from eval.report import write_report
from tests.eval.report.runs import QUALITY, record, samples, sections, write_run

OpenReport = Callable[..., Page]

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)><!--"


pytestmark = pytest.mark.slow


def report(folder: Path) -> Path:
    return folder / "report.html"


def rows(page: Page) -> list[str]:
    """The ids of the samples that are listed."""
    return page.locator("#list .sample .id").all_text_contents()


def test_every_sample_is_listed_in_the_order_of_the_suite(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder))

    assert rows(page) == [sample.id for sample in samples(60)]
    expect(page.locator("#count")).to_have_text("60 of 60 samples")


def test_the_search_finds_all_words_in_question_answer_or_gold(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder))

    page.get_by_label("Search").fill("TENT slept")

    assert rows(page) == ["q002"]
    expect(page.locator("#count")).to_have_text("1 of 60 samples")
    page.get_by_label("Search").fill("no such words")
    expect(page.locator("#list")).to_have_text("No sample is like that.")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#count")).to_have_text("60 of 60 samples")


def test_samples_are_filtered_by_outcome_verdict_slice_and_failed_metric(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder))

    page.get_by_label("Outcome").select_option("unscored")
    assert rows(page)[:2] == ["q004", "q008"]
    page.get_by_label("Outcome").select_option("unscored: stale gold")
    assert rows(page) == ["q004"]
    page.get_by_label("Outcome").select_option("answered")
    page.get_by_label("Verdict").select_option("fabricated")
    assert rows(page) == ["q003", "q010", "q017", "q024", "q033"]
    page.get_by_label("Slice", exact=True).select_option("tag:yes-no")
    assert rows(page) == ["q003", "q010", "q024"]
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Failed metric").select_option("draft.fabricated")
    expect(page.locator("#count")).to_contain_text("samples, worst first")
    assert set(rows(page)[:2]) < {"q003", "q010", "q017", "q024", "q033", "q096", "q103"}


def test_a_link_opens_its_sample_whatever_is_filtered(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder), "#sample-q003")

    sample = page.locator("#sample-q003")
    expect(sample.get_by_text("Answer shown")).to_be_in_viewport()
    page.get_by_label("Search").fill("tent slept")
    expect(sample).not_to_be_attached()
    page.evaluate("location.hash = '#sample-q010'")
    expect(page.locator("#sample-q010").get_by_text("Draft and verdicts")).to_be_in_viewport()
    expect(page.get_by_label("Search")).to_have_value("")


def test_a_sample_says_its_verdicts_in_words_and_marks_the_cited_quote(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder), "#sample-q003")
    sample = page.locator("#sample-q003")

    first, second = sample.locator(".sentence").all()
    expect(first).to_contain_text("supported")
    expect(first).to_contain_text("corrected: cited passage 1, which does not say it")
    expect(second).to_contain_text("fabricated")
    expect(second).to_contain_text("cites [2] [99]")
    expect(second).to_contain_text("not shown")
    mark = sample.locator(".passage[open] mark")
    expect(mark).to_have_text(
        "Moving up a tier afterwards does not change the terms of an order you have already placed, "
        "and nor does moving down.sentence 1, gold"
    )
    expect(sample.locator(".gold-item")).to_contain_text("shown as [2]")
    expect(sample.get_by_role("row", name="Fabricated citations")).to_contain_text("0.500")


def test_a_failed_and_a_stale_sample_say_why(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder), "#sample-q008")
    expect(page.locator("#sample-q008 .notice")).to_have_text(
        "AnswerTimeout: no answer within 300 s."
    )

    page = open_report(report(example_report_folder), "#sample-q004")
    expect(page.locator("#sample-q004 .notice")).to_have_text("refund-policy.md does not say: x")


def test_it_works_by_keyboard_alone(example_report_folder: Path, open_report: OpenReport) -> None:
    page = open_report(report(example_report_folder))

    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("tent slept")
    page.locator("#sample-q002 > summary").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#sample-q002").get_by_text("Answer shown")).to_be_visible()
    page.get_by_role("button", name="Close all shown").press("Enter")
    expect(page.locator("#sample-q002").get_by_text("Answer shown")).not_to_be_visible()


def test_hostile_words_are_shown_and_do_nothing(tmp_path: Path, open_report: OpenReport) -> None:
    sample = Sample(
        id=f"x {HOSTILE}",
        question=HOSTILE,
        gold=(GoldPassage(document=HOSTILE, heading=HOSTILE, quote=HOSTILE),),
        reference_answer=HOSTILE,
        tags=(HOSTILE,),
        schema=1,
    )
    given = record(samples(1)[0], 2, sections()).answer
    assert given is not None
    sentence = given.verified[0].model_copy(update={"text": HOSTILE, "correction": HOSTILE})
    passage = given.passages[0].model_copy(update={"title": HOSTILE, "text": HOSTILE})
    answer = given.model_copy(
        update={
            "question": HOSTILE,
            "text": HOSTILE,
            "draft": HOSTILE,
            "verified": (sentence, *given.verified[1:]),
            "passages": (passage, *given.passages[1:]),
        }
    )
    folder = write_run(
        tmp_path / "run",
        [sample],
        [Record(sample_id=sample.id, answer=answer)],
        judge=Judge(name=HOSTILE, is_verifier=True, quality=QUALITY),
    )

    page = open_report(write_report(folder))
    page.locator(".sample > summary").click()
    page.locator(".passage > summary").first.click()

    expect(page.locator(".asked")).to_have_text(HOSTILE)
    expect(page.locator(".answer")).to_have_text(HOSTILE)
    expect(page.locator(".sentence .words").first).to_have_text(HOSTILE)
    expect(page.locator(".passage .text").first).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_it_is_drawn_as_well_in_the_dark(
    example_report_folder: Path, open_report: OpenReport
) -> None:
    page = open_report(report(example_report_folder))
    label = page.locator("figure svg text").first
    ink = "element => getComputedStyle(element).fill"
    page.emulate_media(color_scheme="light")
    light = label.evaluate(ink)

    page.emulate_media(color_scheme="dark")

    assert (light, label.evaluate(ink)) == ("rgb(90, 99, 107)", "rgb(162, 171, 179)")
