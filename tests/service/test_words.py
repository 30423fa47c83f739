"""Which words say what a text is about."""

from service.words import content_words


def test_content_words_come_once_and_without_their_genitive() -> None:
    assert content_words("What is the manager's rule on the managers' RULE 7?") == [
        "manager",
        "rule",
        "managers",
        "7",
    ]
