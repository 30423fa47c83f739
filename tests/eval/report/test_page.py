"""The report as a file: what stands on top, what it says of the judge, and that it fetches nothing."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html

from eval.compare import Change, Comparison, Difference, Said
from eval.folder import NoRun, RunUnreadable
from eval.record import Judge
from eval.report import write_report
from eval.report.page import embedded
from tests.eval.report.runs import QUALITY, record, samples, sections, write_run


def page(folder: Path) -> html.HtmlElement:
    return html.document_fromstring((folder / "report.html").read_text("utf-8"))


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def small_run(folder: Path, **options: object) -> Path:
    asked, parts = samples(4), sections()
    records = [record(sample, index, parts) for index, sample in enumerate(asked)]
    write_run(folder, asked, records, **options)  # type: ignore[arg-type]
    return folder


def comparison() -> Comparison:
    difference = Difference(
        table="draft",
        metric="support",
        samples=40,
        baseline=0.5,
        run=0.7,
        difference=0.2,
        low=0.1,
        high=0.3,
        wins=12,
        losses=2,
        ties=26,
        p_value=0.013,
        p_holm=0.026,
    )
    worse = difference.model_copy(update={"metric": "fabricated", "difference": 0.1})
    unclear = difference.model_copy(update={"metric": "token_f1", "p_holm": 0.4})
    won = Change(
        sample_id="q001",
        question="How long is the <b>return</b> window?",
        better={"draft.support": 0.5},
        worse={},
        baseline=Said(draft="Ten days.", shown="The documents do not say."),
        run=Said(draft="30 days [1].", shown="30 days [1]."),
    )
    lost = won.model_copy(
        update={"sample_id": "q002", "better": {}, "worse": {"shown.refusal": -1.0}}
    )
    return Comparison(
        baseline="runs/before",
        run="runs/after",
        baseline_generator="extractive",
        generator="gemma@4",
        samples=40,
        left_out=2,
        other_judge=False,
        differences=(unclear, difference, worse),
        changes=(won, lost),
    )


def test_the_unscored_share_comes_first(example_report_folder: Path) -> None:
    first = page(example_report_folder).find_class("card")[0]

    assert text(first) == "Unscored 10.0 % 6 of 60 samples, in no score"
    assert "alert" in first.classes


def test_false_refusals_and_other_failures_are_listed_with_links(
    example_report_folder: Path,
) -> None:
    rows = {
        text(row.find("th")): [link.get("href") for link in row.iter("a")]
        for row in page(example_report_folder).get_element_by_id("summary").iter("tr")
        if row.find("th") is not None
    }

    assert rows["Refused: falsely"] == [
        "#sample-q005",
        "#sample-q014",
        "#sample-q023",
        "#sample-q085",
    ]
    assert rows["Unscored: stale gold"] == ["#sample-q004"]
    assert rows["Answered"] == []


def test_drafts_and_what_was_shown_are_tables_with_intervals(example_report_folder: Path) -> None:
    tables = page(example_report_folder).find_class("scores")
    captions = [text(table.find("caption")) for table in tables]
    fabricated = next(row for row in tables[0].iter("tr") if "Fabricated" in text(row))

    assert captions == [
        "What the generator wrote: citations uncorrected, nothing refused before.",
        "What the reader saw, after verification and refusal.",
        "What was found, before anything was written.",
    ]
    assert [text(cell) for cell in fabricated.iter("th", "td")] == [
        "Fabricated citations lower is better share of cited numbers that no passage had",
        "0.077",
        "0.009 – 0.145",
        "",
        "54",
    ]


def test_the_judges_quality_stands_beside_every_score_it_gave(example_report_folder: Path) -> None:
    rows = [
        text(row)
        for table in page(example_report_folder).find_class("scores")
        for row in table.iter("tr")
    ]
    judged = [row for row in rows if "judged" in row]

    assert [row.split()[0] for row in judged] == ["Support", "Support", "Contradiction"] * 2
    for row in judged:
        assert (
            "Judge on contractnli: balanced accuracy 0.691 (0.65 – 0.74), AUROC 0.762 (0.71 – 0.81)"
        ) in row
        assert "Judge on pincite sample: balanced accuracy 0.850" in row


def test_a_judge_that_served_the_answers_is_warned_of(tmp_path: Path) -> None:
    run = small_run(tmp_path, judge=Judge(name="bundled 1", is_verifier=True, quality=QUALITY))
    write_report(run)

    notices = [text(each) for each in page(run).find_class("notice")]
    assert notices[0].startswith("The judge marks its own work. bundled 1 judged these answers")


def test_a_judge_that_nobody_measured_is_warned_of(tmp_path: Path) -> None:
    run = small_run(tmp_path, judge=Judge(name="hosted", is_verifier=False, quality=()))
    write_report(run)

    notices = [text(each) for each in page(run).find_class("notice")]
    assert notices[0].startswith("Nobody judged the judge. hosted was not measured")


def test_the_page_may_run_one_script_and_fetch_nothing(example_report_folder: Path) -> None:
    document = page(example_report_folder)
    policy = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    script = document.xpath("//script[not(@type)]")[0].text

    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy.split("; ")[0] == "default-src 'none'"
    assert f"script-src 'sha256-{digest}'" in policy
    assert document.xpath("//@src | //link/@href") == []
    targets = document.xpath("//a/@href | //*[local-name()='use']/@*[local-name()='href']")
    assert {target[0] for target in targets} == {"#"}


def test_no_id_stands_twice(example_report_folder: Path) -> None:
    ids = page(example_report_folder).xpath("//@id")

    assert len(ids) == len(set(ids))


def test_headings_skip_no_level(example_report_folder: Path) -> None:
    levels = [
        int(heading.tag[1])
        for heading in page(example_report_folder).iter("h1", "h2", "h3", "h4", "h5")
    ]

    assert levels[0] == 1
    steps = [after - before for before, after in pairwise(levels)]
    assert max(steps) == 1


@pytest.mark.parametrize("hostile", ["</script>", "<!--", "\u2028", "&amp;"])
def test_embedded_data_cannot_end_its_element(hostile: str) -> None:
    data = embedded({"text": hostile})

    assert hostile not in data
    assert json.loads(data) == {"text": hostile}


def test_the_same_run_gives_the_same_bytes(run_folder: Path) -> None:
    before = [(run_folder / name).read_bytes() for name in ("report.html", "samples.csv")]

    write_report(run_folder)

    after = [(run_folder / name).read_bytes() for name in ("report.html", "samples.csv")]
    assert after == before


def test_a_comparison_says_what_is_better_and_shows_both_answers(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    (run / "comparison.json").write_text(f"[{comparison().model_dump_json()}]", "utf-8")

    write_report(run)

    section = page(run).get_element_by_id("comparison")
    rulings = {text(row.find("th")): text(row[-1]) for row in section.xpath(".//tbody/tr")}
    assert rulings == {
        "Fabricated citations lower is better": "worse",
        "Support": "better",
        "Token F1": "no clear difference",
    }
    won, lost = (text(each) for each in section.find_class("change"))
    assert won == (
        "q001 How long is the <b>return</b> window? Support, draft +0.50 Baseline: draft Ten days. "
        "Baseline: shown The documents do not say. This run: draft 30 days [1]."
    )
    assert "Refusal, shown -1.00" in lost
    assert [text(each) for each in section.iter("h4")] == ["Wins (1)", "Losses (1)"]


def test_every_figure_has_a_title_and_those_without_a_table_their_numbers(
    example_report_folder: Path,
) -> None:
    figures = page(example_report_folder).findall(".//figure")

    titles = [text(figure.find(".//figcaption/strong")) for figure in figures]
    assert titles == [
        "Metrics with intervals",
        "Precision against coverage of refusal",
        "Calibration of verifier and judge",
        "Latency",
    ]
    assert [len(figure.findall(".//table")) for figure in figures] == [0, 1, 1, 1]


def test_a_run_that_was_not_scored_says_how_to(tmp_path: Path) -> None:
    run = small_run(tmp_path)
    (run / "scores.json").unlink()

    with pytest.raises(NoRun, match=re.escape("There is no scores.json in")):
        write_report(run)


@pytest.mark.parametrize("name", ["comparison.json", "calibration.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    run = small_run(tmp_path)
    (run / name).write_text("{", "utf-8")

    with pytest.raises(RunUnreadable, match=name):
        write_report(run)


def test_a_run_in_which_everything_failed_has_a_report(tmp_path: Path) -> None:
    asked = samples(2)
    failed = [record(asked[0], 7, sections()).model_copy(update={"sample_id": s.id}) for s in asked]
    write_run(tmp_path, asked, failed, calibrated=False)

    write_report(tmp_path)

    assert (
        text(page(tmp_path).find_class("card")[0]) == "Unscored 100 % 2 of 2 samples, in no score"
    )
