"""A question that names a document is told from one that talks about its subject."""

import json
from pathlib import Path

import pytest

from service.titles import Titles

TITLES = {
    "policies/travel-policy-v3.pdf": "Travel and Expenses Policy",
    "refund-policy.md": "Refund Policy",
    "security/infosec.html": "Information Security Handbook",
    "code-of-conduct.docx": "Code of Conduct",
    "hr/remote.md": "Remote Work",
    "Parental Leave Guidelines 2024.docx": "Parental Leave Guidelines",
    "terms.pdf": "Terms of Service",
    "gift cards.md": "Gift Cards and Price Promise",
    "halden-it.md": "Halden Outfitters Acceptable Use Policy",
    "notice.md": "Notice Period",
    "data-a.md": "Data Protection Policy (2023)",
    "data-b.md": "Data Protection Policy (2025)",
    "handbook.md": "Handbook",
    "gold.md": "Gold Tier",
}
TRAVEL, REFUND, SECURITY = list(TITLES)[:3]
CONDUCT, REMOTE, PARENTAL, TERMS, GIFTS, HALDEN = list(TITLES)[3:9]
DATA = {"data-a.md", "data-b.md"}


@pytest.fixture(scope="module")
def titles() -> Titles:
    known = Titles()
    for name, title in TITLES.items():
        known.add(name, title, name)
    return known


def everything(_: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("In the travel policy, what is the limit for hotels?", {TRAVEL}),
        ("in the travel policy what is the limit for hotels", {TRAVEL}),
        ("What is the hotel limit in the Travel and Expenses Policy?", {TRAVEL}),
        ("What is the hotel limit in our current travel & expenses policy?", {TRAVEL}),
        ("According to the Refund Policy, who pays for postage?", {REFUND}),
        ("According to our refund policy who pays for postage", {REFUND}),
        ("Who pays for postage according to the refund policy?", {REFUND}),
        ("In accordance with the refund policy, who pays?", {REFUND}),
        ("Under the refund policy, may I return a tent?", {REFUND}),
        ("May I return a tent under the company's refund policy?", {REFUND}),
        ("As per the refund policy, who pays?", {REFUND}),
        ("Per our refund policy: who pays?", {REFUND}),
        ("Within the refund policy, what counts as used?", {REFUND}),
        ("Based on the refund policy, can I return a tent?", {REFUND}),
        ("From the refund policy: who pays?", {REFUND}),
        ("Refund Policy: who pays for postage?", {REFUND}),
        ("Refund policy - who pays for postage?", {REFUND}),
        ("The refund policy, section 3: who pays?", {REFUND}),
        ("What does section 4.2 of the refund policy require?", {REFUND}),
        ("Explain clause 7 of the Refund Policy.", {REFUND}),
        ("What does the refund policy say about postage?", {REFUND}),
        ("Does the refund policy allow returns of used tents?", {REFUND}),
        ("Does the refund policy currently cover tents?", {REFUND}),
        ("What does the information-security handbook say about passwords?", {SECURITY}),
        ("What does the Information Security Handbook say about passwords?", {SECURITY}),
        ("In the information security handbook, how long is a password?", {SECURITY}),
        ("How long is a password, according to infosec.html?", {SECURITY}),
        ("infosec.html password length", {SECURITY}),
        ("Search the refund policy for postage", {REFUND}),
        ("What does travel-policy-v3.pdf say on hotels?", {TRAVEL}),
        ("What is a gift in the code of conduct?", {CONDUCT}),
        ("What is a gift in the Code of Conduct?", {CONDUCT}),
        ("What does the code of conduct say about gifts?", {CONDUCT}),
        ("According to the code of conduct, may I take gifts?", {CONDUCT}),
        ("In the remote work policy, who decides?", {REMOTE}),
        ("What does the remote work guide say about chairs?", {REMOTE}),
        ("What is the length under the parental leave guidelines?", {PARENTAL}),
        ("In the Terms of Service, who may open an account?", {TERMS}),
        ('Who may open an account under "Terms of Service"?', {TERMS}),
        ("In “Gift Cards and Price Promise”, when do cards expire?", {GIFTS}),
        ("In Gift Cards and Price Promise, when do cards expire?", {GIFTS}),
        ("In gift cards.md, when do cards expire?", {GIFTS}),
        ("In the acceptable use policy, may I play games?", {HALDEN}),
        ("In the data protection policy, who is the controller?", DATA),
        ("In the handbook, who decides?", {"handbook.md"}),
        (
            "In the travel policy and the refund policy, which deadlines are there?",
            {TRAVEL, REFUND},
        ),
        ("How does leave in the travel policy differ from the refund policy?", {TRAVEL, REFUND}),
        ("Who may use the Data Protection Policy?", DATA),
    ],
)
def test_a_question_that_introduces_a_title_names_its_document(
    titles: Titles, question: str, named: set[str]
) -> None:
    assert titles.named(question, everything) == named


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?!",
        "How much notice do I have to give?",
        "What happens in the notice period?",
        "Who approves the travel policy?",
        "Where can I find the refund policy?",
        "Is there a refund policy?",
        "In a refund policy, what is usual?",
        "Who signs changes to the refund policy?",
        "When was the refund policy last reviewed?",
        "Apart from the travel policy, which limits are there?",
        "Which limits are not in the travel policy?",
        "What does Gold tier require?",
        "In gold tier, what do I get?",
        "What is included in gold tier?",
        "Can I do remote work from abroad?",
        "In remote work, who decides on hours?",
        "When do gift cards expire?",
        "What are usual terms of service for a shop?",
        "What is our policy on refunds?",
        "In the policy, who decides?",
        "In the leave policy, how many days are there?",
        "In the travel, who pays?",
        "What does the law say about refunds?",
        "Who reads the handbook?",
        "Is smoking allowed in the office?",
    ],
)
def test_a_question_about_a_subject_names_nothing(titles: Titles, question: str) -> None:
    assert titles.named(question, everything) == set()


def test_what_does_not_count_makes_no_difference(titles: Titles) -> None:
    question = "In the data protection policy, who is the controller?"

    assert titles.named(question, lambda id: id == "data-b.md") == {"data-b.md"}
    assert titles.named(question, lambda id: id == REFUND) == set()


def test_the_end_of_a_title_counts_while_it_is_that_of_one_title_only(titles: Titles) -> None:
    question = "In the use policy, may I play games?"
    known = Titles()
    known.add("it", "Acceptable Use Policy", "it.md")
    assert known.named(question, everything) == {"it"}

    known.add("land", "Land Use Policy", "land.md")

    assert known.named(question, everything) == set()
    assert known.named(question, lambda id: id == "land") == {"land"}


def test_a_document_that_is_removed_is_not_named_any_more() -> None:
    known = Titles()
    known.add("one", "Refund Policy", "refunds.md")
    known.add("two", "Refund Policy", "returns.md")
    known.remove("one")
    assert known.named("In the refund policy, who pays?", everything) == {"two"}

    known.remove("two")

    assert known.named("In the refund policy, who pays?", everything) == set()


def test_no_question_of_the_examples_is_narrowed_wrongly() -> None:
    examples = Path("examples")
    known = Titles()
    for path in (examples / "policies").iterdir():
        known.add(path.name, path.stem.replace("-", " ").title(), path.name)
    lines = (examples / "questions.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]

    named = {row["question"]: known.named(row["question"], everything) for row in rows}
    fired = {question: ids for question, ids in named.items() if ids}

    assert fired == {
        "Can former employees and contractors use the Speaking Up Policy?": {
            "speaking-up-policy.pdf"
        }
    }
