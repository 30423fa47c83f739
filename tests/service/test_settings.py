"""Settings come from the file, the environment and flags, and every fault is named at once."""

from pathlib import Path

import pytest

from service.settings import LoadedSettings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, without a settings file."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(
    environment: dict[str, str] | None = None, flags: dict[str, object] | None = None
) -> LoadedSettings:
    return load_settings(environment=environment or {}, flags=flags or {})


def faults(
    environment: dict[str, str] | None = None, flags: dict[str, object] | None = None
) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(environment, flags)
    return str(raised.value).splitlines()


def test_without_anything_the_defaults_hold() -> None:
    loaded = load()

    assert loaded.sources == {}
    assert loaded.settings.service.host == "127.0.0.1"
    assert loaded.settings.answer.unsupported == "remove"
    assert {source for _, _, source in loaded.rows()} == {"default"}


def test_flags_win_over_the_environment_and_that_over_the_file(folder: Path) -> None:
    (folder / "pincite.toml").write_text(
        "[retrieval]\ntop_k = 1\ncandidates = 11\nbm25_weight = 0.1\n"
    )

    loaded = load(
        {"PINCITE_RETRIEVAL__CANDIDATES": "22", "PINCITE_RETRIEVAL__BM25_WEIGHT": "0.2"},
        {"retrieval.bm25_weight": "0.3", "service.port": None},
    )

    assert [row for row in loaded.rows() if row[0].startswith(("retrieval", "service.port"))] == [
        ("retrieval.top_k", 1, "pincite.toml"),
        ("retrieval.candidates", 22, "PINCITE_RETRIEVAL__CANDIDATES"),
        ("retrieval.bm25_weight", 0.3, "flag"),
        ("retrieval.neighbour_weight", 0.2, "default"),
        ("retrieval.passage_tokens", 300, "default"),
        ("retrieval.narrow", True, "default"),
        ("retrieval.cached_questions", 256, "default"),
        ("service.port", 8420, "default"),
    ]


def test_the_file_is_the_named_one_else_the_variables_else_pincite_toml(folder: Path) -> None:
    for name, port in (("pincite.toml", 1001), ("variable.toml", 1002), ("named.toml", 1003)):
        (folder / name).write_text(f"[service]\nport = {port}\n")
    environment = {"PINCITE_CONFIG": "variable.toml"}

    named = load_settings(environment=environment, flags={}, config=Path("named.toml"))

    assert named.settings.service.port == 1003
    assert named.sources == {"service.port": "named.toml"}
    assert load(environment).settings.service.port == 1002
    assert load().settings.service.port == 1001


def test_a_nested_section_is_reached_by_dots_and_double_underscores() -> None:
    loaded = load(
        {"PINCITE_GENERATOR__EXTRACTIVE__MARGIN": "0.5"},
        {"generator.extractive.max_sentences": "2"},
    )

    assert loaded.settings.generator.extractive.margin == 0.5
    assert loaded.settings.generator.extractive.max_sentences == 2


def test_faults_of_all_three_places_are_reported_at_once(folder: Path) -> None:
    (folder / "pincite.toml").write_text(
        'color = "red"\n[retrieval]\ntop_k = 99\ntop_n = 3\n[answer]\nunsupported = "hide"\n'
    )

    found = faults(
        {"PINCITE_SERVICE__PORT": "many", "PINCITE_SERVICE__PROT": "80", "PINCITE_SER__X": "1"},
        {"service.host": "example.org", "encoder.modle": "bge"},
    )

    sections = (
        "answer, chunking, conversation, encoder, generator, index, ingest, judge, reranker, "
        "retrieval, service, verifier"
    )
    assert set(found) == {
        f"pincite.toml: unknown key color; known here: {sections}.",
        "pincite.toml: retrieval.top_k = 99: Input should be less than or equal to 50.",
        "pincite.toml: unknown key retrieval.top_n; known here: bm25_weight, cached_questions, "
        "candidates, narrow, neighbour_weight, passage_tokens, top_k.",
        "pincite.toml: answer.unsupported = 'hide': Input should be 'remove', 'mark' or 'refuse'.",
        "PINCITE_SERVICE__PORT: service.port = 'many': "
        "Input should be a valid integer, unable to parse string as an integer.",
        "PINCITE_SERVICE__PROT: unknown key service.prot; "
        "known here: behind_published_port, host, max_question_chars, max_upload_files, "
        "max_upload_mb, port.",
        f"PINCITE_SER__X: unknown key ser; known here: {sections}.",
        "flag: service.host = 'example.org': "
        "Input should be '127.0.0.1', 'localhost', '::1' or '0.0.0.0'.",
        "flag: unknown key encoder.modle; known here: adapter, model.",
    }


def test_values_that_do_not_fit_each_other_are_a_fault() -> None:
    (fault,) = faults(flags={"chunking.target_tokens": "300"})

    assert fault.startswith("flag: chunking = ")
    assert fault.endswith("target_tokens (300) must not exceed max_tokens (256).")


@pytest.mark.parametrize("value", ["5", "[]", "{", '{"top_k": 5}', ""])
def test_a_value_for_a_whole_section_is_taken_or_named(value: str) -> None:
    environment = {"PINCITE_RETRIEVAL": value}

    if value == '{"top_k": 5}':
        assert load(environment).settings.retrieval.top_k == 5
    else:
        (fault,) = faults(environment)
        assert fault.startswith("PINCITE_RETRIEVAL: retrieval = ")


def test_variables_that_are_no_settings_are_passed_over() -> None:
    loaded = load({"PINCITE_SHARED": "x", "PINCITE_TEST_ANY": "y", "PATH": "z", "PINCITES": "w"})

    assert loaded.sources == {}


def test_an_unknown_variable_is_a_fault() -> None:
    (fault,) = faults({"PINCITE_PORT": "80"})

    assert fault.startswith("PINCITE_PORT: unknown key port; known here: answer,")


def test_a_file_that_is_no_toml_is_named_with_the_place(folder: Path) -> None:
    (folder / "pincite.toml").write_text("[service\nport = 1\n")

    (fault,) = faults()

    assert fault.startswith("pincite.toml is not valid TOML: ")
    assert "line 1" in fault


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "pincite.toml").write_bytes(b"\xff\xfe")

    assert faults()[0].startswith("pincite.toml is not valid TOML: ")


def test_a_named_file_must_be_there(folder: Path) -> None:
    assert faults({"PINCITE_CONFIG": "none.toml"}) == ["There is no settings file none.toml."]


def test_a_named_folder_is_no_file(folder: Path) -> None:
    assert faults({"PINCITE_CONFIG": str(folder)}) == [
        f"The settings file {folder} cannot be read: Is a directory."
    ]


# Verifier and judge

HOSTED = """
[judge]
model = "hosted"
[judge.hosted]
llm = "llama_index.llms.openai_like.OpenAILike"
arguments = { model = "m", api_key = "k1" }
"""


def test_verifier_and_judge_have_the_same_keys_and_each_its_own_values(folder: Path) -> None:
    (folder / "pincite.toml").write_text(HOSTED + '[verifier]\nmodel = "overlap"\n')

    loaded = load({"PINCITE_JUDGE__HOSTED__TIMEOUT_S": "5"})

    assert loaded.settings.verifier.model == "overlap"
    assert loaded.settings.judge.hosted.arguments == {"model": "m", "api_key": "k1"}
    rows = {key: value for key, value, _ in loaded.rows() if key.startswith("judge")}
    assert rows == {
        "judge.model": "hosted",
        "judge.adapter": None,
        "judge.min_support": None,
        "judge.hosted.llm": "llama_index.llms.openai_like.OpenAILike",
        "judge.hosted.arguments.model": "m",
        "judge.hosted.arguments.api_key": "**********",
        "judge.hosted.cache": ".pincite/judged.sqlite",
        "judge.hosted.timeout_s": 5.0,
        "judge.hosted.concurrency": 4,
    }


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        ({"judge.model": "hosted"}, "the model 'hosted' needs hosted.llm"),
        ({"verifier.model": "x", "verifier.adapter": "y"}, "adapter is for the model 'bundled'"),
        ({"verifier.min_support": "2"}, "verifier.min_support = '2': Input should be less than"),
        (
            {"verifier.hosted.llms": "a.B"},
            "unknown key verifier.hosted.llms; known here: arguments",
        ),
        (
            {"verifier.min_support": "0.5", "answer.min_support": "0.5"},
            "answer.min_support is the same as verifier.min_support",
        ),
    ],
)
def test_a_verifier_that_cannot_be_is_a_fault(flags: dict[str, object], fault: str) -> None:
    (found,) = faults(flags=flags)

    assert fault in found


# Readers

WIKI = """
[ingest.readers.wiki]
reader = "llama_index.core.readers.SimpleDirectoryReader"
options = { input_dir = "/srv/wiki", recursive = true, "a.b" = { C = [1, { password = "p1" }] } }
load = { show_progress = false, api_key = "k2", access_token = "" }
"""


def reader_rows(loaded: LoadedSettings) -> dict[str, tuple[object, str]]:
    return {
        key.removeprefix("ingest.readers"): (value, source)
        for key, value, source in loaded.rows()
        if key.startswith("ingest.readers")
    }


def test_a_reader_is_a_table_with_arguments_of_any_names(folder: Path) -> None:
    (folder / "pincite.toml").write_text(WIKI)

    loaded = load()

    wiki = loaded.settings.ingest.readers["wiki"]
    assert wiki.reader == "llama_index.core.readers.SimpleDirectoryReader"
    assert wiki.options == {
        "input_dir": "/srv/wiki",
        "recursive": True,
        "a.b": {"C": [1, {"password": "p1"}]},
    }
    assert wiki.load == {"show_progress": False, "api_key": "k2", "access_token": ""}


def test_secrets_of_readers_are_not_shown(folder: Path) -> None:
    (folder / "pincite.toml").write_text(WIKI)

    loaded = load()

    assert reader_rows(loaded) == {
        ".wiki.reader": ("llama_index.core.readers.SimpleDirectoryReader", "pincite.toml"),
        ".wiki.options.input_dir": ("/srv/wiki", "pincite.toml"),
        ".wiki.options.recursive": (True, "pincite.toml"),
        ".wiki.options.a.b.C": ([1, {"password": "**********"}], "pincite.toml"),
        ".wiki.load.show_progress": (False, "pincite.toml"),
        ".wiki.load.api_key": ("**********", "pincite.toml"),
        ".wiki.load.access_token": ("", "pincite.toml"),
    }
    assert not any(secret in repr(loaded.settings) for secret in ("p1", "k2"))


@pytest.mark.parametrize(
    "environment",
    [
        {"PINCITE_INGEST__READERS": '{"wiki": {"reader": "a.B", "options": {"Page.Id": "7"}}}'},
        {"PINCITE_INGEST__READERS__WIKI": '{"reader": "a.B", "options": {"Page.Id": "7"}}'},
        {
            "PINCITE_INGEST__READERS__WIKI__READER": "a.B",
            "PINCITE_INGEST__READERS__WIKI__OPTIONS": '{"Page.Id": "7"}',
        },
    ],
)
def test_a_reader_comes_from_the_environment_too(environment: dict[str, str]) -> None:
    loaded = load(environment)

    wiki = loaded.settings.ingest.readers["wiki"]
    assert (wiki.reader, wiki.options, wiki.load) == ("a.B", {"Page.Id": "7"}, {})
    assert reader_rows(loaded) == {
        ".wiki.reader": ("a.B", next(iter(environment))),
        ".wiki.options.Page.Id": ("7", list(environment)[-1]),
        ".wiki.load": ({}, "default"),
    }


def test_a_secret_of_the_environment_joins_the_reader_of_the_file(folder: Path) -> None:
    (folder / "pincite.toml").write_text(WIKI)

    loaded = load({"PINCITE_INGEST__READERS__WIKI__LOAD__API_KEY": "k3"})

    assert loaded.settings.ingest.readers["wiki"].load["api_key"] == "k3"
    assert reader_rows(loaded)[".wiki.load.api_key"] == (
        "**********",
        "PINCITE_INGEST__READERS__WIKI__LOAD__API_KEY",
    )


def test_without_readers_the_settings_say_so() -> None:
    assert reader_rows(load()) == {"": ({}, "default")}


def test_faults_of_a_reader_are_named_and_show_no_secret(folder: Path) -> None:
    (folder / "pincite.toml").write_text(
        '[ingest.readers.wiki]\nreader = ""\napi_key = "k1"\n'
        '[ingest.readers.mail]\noptions = { api_key = "k1" }\n'
        '[ingest.readers."a b"]\nreader = "a.B"\n'
    )

    found = faults(
        {
            "PINCITE_INGEST__READERS__WEB": '["k1"]',
            "PINCITE_INGEST__READERS__WEBS__OPTIONS": '{"api_key": "k1"',
        }
    )

    assert set(found) == {
        "pincite.toml: ingest.readers.wiki.reader = '': String should have at least 1 character.",
        "pincite.toml: unknown key ingest.readers.wiki.api_key; known here: load, options, reader.",
        "pincite.toml: ingest.readers.mail.reader is needed.",
        "pincite.toml: ingest.readers.a b = 'a b': "
        "String should match pattern '^[A-Za-z0-9_-]{1,60}$'.",
        "PINCITE_INGEST__READERS__WEB: ingest.readers.web = …: "
        "Input should be a valid dictionary or instance of ReaderSettings.",
        "PINCITE_INGEST__READERS__WEBS__OPTIONS: ingest.readers.webs.options = …: "
        "Input should be a valid dictionary.",
        "PINCITE_INGEST__READERS__WEBS__OPTIONS: ingest.readers.webs.reader is needed.",
    }
