"""A follow-up question is understood by what was asked before; every other question stays as it is."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.embed import SentenceTransformerEncoder
from service.conversation import (
    LONGEST_REWRITE_CHARS,
    UNANSWERED,
    Conversations,
    Rewrite,
    RewriteFailed,
    Turn,
    kept_turns,
    standalone_question,
)
from service.settings import ConversationSettings

GOLD = "What are the refund terms for Gold tier users?"
SILVER = "What are the refund terms for Silver tier users?"
ANSWER = Turn("assistant", "30 days. [1]")
REFUSAL = Turn("assistant", f"No {UNANSWERED} The nearest passages are in: Refunds.")


def answered(*questions: str) -> list[Turn]:
    return [turn for question in questions for turn in (Turn("user", question), ANSWER)]


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


# ---- Another case in place of the one that was named ---------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "question", "standalone"),
    [
        (GOLD, "And for Silver?", SILVER),
        (GOLD, "Silver?", SILVER),
        (GOLD, "OK, and Silver?", SILVER),
        (GOLD, "Is it the same for Silver?", SILVER),
        (GOLD.lower(), "and for silver?", SILVER.lower()),
        ("Can I park in Leeds?", "what about in Hull?", "Can I park in Hull?"),
        ("How fast is a P1 fault mended?", "And P4?", "How fast is a P4 fault mended?"),
        ("Who signs for £200?", "and for £9,000?", "Who signs for £9,000?"),
        ("What do I get after 2 weeks?", "And after 6?", "What do I get after 6 weeks?"),
        ("What do I get after 2 weeks?", "over 6?", "What do I get over 6 weeks?"),
        (
            "How long is the guarantee on lamps?",
            "and chairs?",
            "How long is the guarantee on chairs?",
        ),
        ("What is the fine for a lost key?", "And a badge?", "What is the fine for a badge?"),
        ("How long are the notes kept?", "And in Hull?", "How long are the notes kept in Hull?"),
    ],
)
def test_the_other_case_takes_the_place_of_the_one_named(
    earlier: str, question: str, standalone: str
) -> None:
    assert standalone_question(question, answered(earlier)) == standalone


def test_where_the_place_is_not_certain_nothing_is_replaced() -> None:
    conversation = answered("Can I keep a bottle of wine from a supplier?")

    assert standalone_question("And cash?", conversation) == (
        "Can I keep a bottle of wine from a supplier? And cash?"
    )


# ---- References and further questions ------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "question", "standalone"),
    [
        ("How do I renew a badge?", "Does it expire?", "Does a badge expire?"),
        ("Can I rent a boat?", "Can my son steer it?", "Can my son steer a boat?"),
        ("Do vouchers expire?", "Can I sell them?", "Can I sell vouchers?"),
        ("Where is a permit shown?", "What's its price?", "What's a permit’s price?"),
        ("What is the hotel limit in Rome?", "What about dinner there?", None),
        ("How do I get a badge?", "How long does that take?", None),
        ("How long are the notes kept?", "Why so long?", None),
        ("Can I keep a gift?", "Even if it is from a friend?", None),
        ("Can I cancel a booking?", "Until when?", None),
        ("Can I cancel a booking?", "Less than 2 days before?", None),
        ("Can I cancel a booking?", "And if I'm ill?", None),
        ("Can I cancel a booking?", "Is there a fee?", None),
    ],
)
def test_what_refers_back_is_named_or_stands_behind_the_earlier_question(
    earlier: str, question: str, standalone: str | None
) -> None:
    expected = standalone or f"{earlier} {question}"

    assert standalone_question(question, answered(earlier)) == expected


def test_a_place_is_carried_over() -> None:
    conversation = answered("What is the hotel limit in Rome?")

    said = standalone_question("How much may I spend on dinner there?", conversation)

    assert said == "How much may I spend on dinner in Rome?"


def test_a_chain_of_follow_ups_keeps_its_subject() -> None:
    cases = answered(GOLD, "And for Silver?", "And Standard?")
    things = answered("Can I rent a boat?", "What's the deposit on it?", "Why so much?")

    assert standalone_question("And Gold?", cases) == GOLD
    assert (
        standalone_question("How long?", cases) == f"{GOLD.replace('Gold', 'Standard')} How long?"
    )
    assert standalone_question("Can I sail it abroad?", things) == "Can I sail a boat abroad?"


def test_of_further_questions_only_the_last_is_carried_along() -> None:
    conversation = answered("Can I cancel a booking?", "Until when?", "And if I'm ill?")

    assert standalone_question("Why?", conversation) == "Can I cancel a booking? Why?"


# ---- What depends on nothing ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "How do I report a lost laptop?",
        "And how do I cancel my paid membership?",
        "My parcel was wet when it came, who pays for it?",
        "A colleague stole something. Who can I tell about this?",
        "How long does it take to get a copy of my data?",
        "Is it OK to wear headphones in the hall?",
        "When is the deposit on a rented tent given back?",
        "If I lose my laptop, who do I call?",
        "What is the form that I fill in for an accident called?",
        "minimum length of a passphrase",
        "parental leave",
        "Who approves travel?",
    ],
)
def test_a_question_that_stands_alone_is_not_touched(question: str) -> None:
    assert standalone_question(question, answered(GOLD)) == question


@pytest.mark.parametrize("question", ["?", "…", "And?", "Thanks!", "🦓", "  ?  "])
def test_what_asks_nothing_is_not_touched(question: str) -> None:
    assert standalone_question(question, answered(GOLD)) == question


@pytest.mark.parametrize(
    ("earlier", "question"),
    [
        ("Wie lange kann ich ein Zelt zurückgeben?", "Und für Silber?"),
        ("Was kostet der Versand nach Norwegen?", "Irland?"),
        ("¿Cuánto tiempo dura la garantía?", "¿Y para Silver?"),
        ("Combien coûte la livraison ?", "Et en Norvège ?"),
        ("Qual é o prazo do reembolso?", "Gold?"),
        ("退款政策是什么？", "那银卡呢？"),
        ("ما هي سياسة الاسترداد؟", "والفضي؟"),
        (GOLD, "Et pour Silver ?"),
        (GOLD, "¿Y para Silver?"),
    ],
)
def test_other_languages_are_left_as_they_are(earlier: str, question: str) -> None:
    assert standalone_question(question, answered(earlier)) == question


# ---- What may lend its subject -------------------------------------------------------------------


def test_a_refused_question_lends_nothing_where_another_was_answered() -> None:
    conversation = [*answered(GOLD), Turn("user", "Do you sell cars in Hull?"), REFUSAL]

    assert standalone_question("And for Silver?", conversation) == SILVER


def test_a_refused_question_lends_its_subject_where_there_is_no_other() -> None:
    assert standalone_question("And for Silver?", [Turn("user", GOLD), REFUSAL]) == SILVER


def test_courtesies_lend_nothing() -> None:
    conversation = [*answered(GOLD), Turn("user", "Thanks!"), Turn("assistant", "Welcome.")]

    assert standalone_question("And for Silver?", conversation) == SILVER


def test_questions_that_were_not_answered_lend_their_subject() -> None:
    conversation = [Turn("user", "Can I rent a boat?"), Turn("user", GOLD)]

    assert standalone_question("And for Silver?", conversation) == SILVER


@pytest.mark.parametrize("conversation", [[], [ANSWER], [ANSWER, ANSWER, REFUSAL]])
def test_without_an_earlier_question_nothing_is_carried_over(conversation: Sequence[Turn]) -> None:
    assert standalone_question("And for Silver?", conversation) == "And for Silver?"


def test_of_a_long_question_the_last_sentences_are_carried_over() -> None:
    long = "I bought many things. " * 40 + GOLD
    endless = "I bought things and " * 40

    assert standalone_question("Why?", answered(long)).endswith(f"{GOLD} Why?")
    assert len(standalone_question("Why?", answered(long)).split()) <= 61
    assert standalone_question("Why?", answered(endless)) == "Why?"


def test_a_long_follow_up_is_not_shortened() -> None:
    question = f"Can I repair it? {'It fell into the sea. ' * 30}"

    said = standalone_question(question, answered("Can I rent a boat?"))

    assert said == question.replace("it?", "a boat?").strip()


def test_markup_is_text_and_lines_are_joined() -> None:
    conversation = answered("How do I clean\na <b>badge</b>?\u2028Today?")

    assert standalone_question("Why?", conversation) == "How do I clean a <b>badge</b>? Today? Why?"


# ---- Cutting -------------------------------------------------------------------------------------


def test_the_newest_turns_are_kept_whole() -> None:
    turns = [Turn("user", "one two"), Turn("assistant", "three"), Turn("user", "four five six")]

    assert kept_turns(turns, 6, count_words) == tuple(turns)
    assert kept_turns(turns, 5, count_words) == (turns[2],)
    assert kept_turns(turns, 3, count_words) == (turns[2],)
    assert kept_turns(turns, 2, count_words) == ()
    assert kept_turns(turns, 0, count_words) == ()


def test_a_turn_longer_than_the_budget_is_left_out_whole() -> None:
    turns = [Turn("user", "one two"), Turn("assistant", "word " * 100), Turn("user", "three")]

    assert kept_turns(turns, 10, count_words) == (turns[0], turns[2])


def test_an_answer_is_not_kept_without_its_question() -> None:
    turns = [Turn("user", "word " * 9), Turn("assistant", "two"), Turn("user", "three")]

    assert kept_turns(turns, 9, count_words) == (turns[2],)


def test_half_a_character_is_replaced() -> None:
    assert kept_turns([Turn("user", "a\ud800b")], 9, count_words) == (Turn("user", "a?b"),)


def test_a_conversation_is_cut_by_the_encoders_tokens(encoder: SentenceTransformerEncoder) -> None:
    (tokens,) = encoder.count_tokens([GOLD])
    turns = [Turn("user", "Can I rent a boat?"), Turn("user", GOLD)]
    enough = Conversations(ConversationSettings(max_tokens=tokens), encoder.count_tokens)
    too_little = Conversations(ConversationSettings(max_tokens=tokens - 1), encoder.count_tokens)

    assert enough.standalone("And for Silver?", turns) == SILVER
    assert too_little.standalone("Can I sail it?", turns) == "Can I sail a boat?"


def test_long_conversations_and_long_turns_take_no_time(
    encoder: SentenceTransformerEncoder,
) -> None:
    conversations = Conversations(ConversationSettings(), encoder.count_tokens)
    many = answered(GOLD, *["And for Silver?", "Why?", "Does it expire?", "And Gold?"] * 50)
    long = [*answered(GOLD), Turn("user", "badge " * 17_000), ANSWER]
    started = time.perf_counter()

    assert conversations.standalone("And for Silver?", many).startswith(SILVER)
    assert conversations.standalone("And for Silver?", long) == SILVER
    assert time.perf_counter() - started < 5


# ---- Through a model -----------------------------------------------------------------------------


def conversations(rewrite: Rewrite) -> Conversations:
    return Conversations(ConversationSettings(), count_words, rewrite)


def test_a_model_says_a_dependent_question_anew() -> None:
    asked: list[tuple[str, Sequence[Turn]]] = []

    def rewrite(question: str, turns: Sequence[Turn]) -> str:
        asked.append((question, turns))
        return " What do Silver users get back? "

    turns = answered(GOLD)
    said = conversations(rewrite).standalone("And for Silver?", turns)

    assert said == "What do Silver users get back?"
    assert asked == [("And for Silver?", tuple(turns))]


def test_a_model_is_not_asked_where_a_question_stands_alone_or_nothing_was_said() -> None:
    def rewrite(question: str, turns: Sequence[Turn]) -> str:
        raise AssertionError("asked")

    both = conversations(rewrite)

    assert both.standalone(GOLD, answered("Can I rent a boat?")) == GOLD
    assert both.standalone("And for Silver?", []) == "And for Silver?"
    assert both.standalone("And for Silver?", [ANSWER]) == "And for Silver?"


@pytest.mark.parametrize("said", ["", " \n", "Two\nlines", "x" * (LONGEST_REWRITE_CHARS + 1), None])
def test_where_a_model_fails_or_says_nothing_usable_the_rules_are_used(said: str | None) -> None:
    def rewrite(question: str, turns: Sequence[Turn]) -> str:
        if said is None:
            raise RewriteFailed("The model does not answer.")
        return said

    assert conversations(rewrite).standalone("And for Silver?", answered(GOLD)) == SILVER


# ---- Whatever comes ------------------------------------------------------------------------------

WORDS = st.sampled_from(
    """
    and for Silver Gold it they that there what why if when how long much one the a same about ? , .
    tent tents 3 £5 S1 in Berlin than less your is does can I 's <b> thanks ok über 银 \u2028
    """.split()
)
TEXT = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=80)
TURNS = st.lists(
    st.builds(Turn, st.sampled_from(["user", "assistant"]), TEXT | st.just(REFUSAL.text)),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(question=TEXT.filter(str.strip), conversation=TURNS)
def test_every_question_has_a_standalone_form(question: str, conversation: list[Turn]) -> None:
    made = Conversations(ConversationSettings(max_tokens=50), count_words)

    assert made.standalone(question, conversation).strip()
    assert made.standalone(question, ()) == question
    assert standalone_question(question, conversation).strip()
