"""Every setting of Pincite: composed of the packages' sections, read, and traced to its source."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import Field, ValidationError, model_validator

from generator.settings import GeneratorSettings
from ingest.embed import BUNDLED
from ingest.errors import WrongUse
from ingest.settings import (
    Arguments,
    ChunkingSettings,
    EncoderSettings,
    IndexSettings,
    IngestSettings,
    Section,
)

CONFIG_FILE = "pincite.toml"
ENVIRONMENT_PREFIX = "PINCITE_"
NOT_SETTINGS = frozenset({"PINCITE_CONFIG", "PINCITE_SHARED", "PINCITE_CACHE"})
"""Variables that start like settings and are none; PINCITE_TEST_* are others."""

BUNDLED_VERIFIER, OVERLAP_VERIFIER, HOSTED_VERIFIER = "bundled", "overlap", "hosted"

Key = tuple[str, ...]
"""The sections that a setting stands in, and its name. Arguments of readers may have dots in theirs."""


class RetrievalSettings(Section):
    top_k: int = Field(8, ge=1, le=50, description="Passages that go into the prompt")
    candidates: int = Field(50, ge=1, le=1000, description="Passages each search contributes")
    bm25_weight: float = Field(
        0.4, ge=0, le=1, description="Share of BM25 in the fused ranking; the rest is dense"
    )
    neighbour_weight: float = Field(
        0.2, ge=0, le=1, description="What a passage gets of the score of one found beside it"
    )
    passage_tokens: int = Field(
        300,
        ge=1,
        le=4000,
        description="Up to so many, a passage is shown with those before and behind it",
    )
    narrow: bool = Field(
        True, description="Whether a question that names a document is searched in that one only"
    )
    cached_questions: int = Field(
        256,
        ge=0,
        le=100_000,
        description="Questions whose passages are kept until the index changes; 0: none",
    )


class ConversationSettings(Section):
    max_tokens: int = Field(
        2000,
        ge=0,
        le=100_000,
        description="Of a longer conversation the newest turns count, each whole; 0: none",
    )


class RerankerSettings(Section):
    model: str = Field(
        "late-interaction",
        min_length=1,
        description="'late-interaction' of the encoder's tokens, 'bundled' (a cross-encoder of the "
        "bundled model, with an adapter), a sentence-transformers CrossEncoder, or 'none'",
    )
    adapter: Path | None = Field(
        None, description="Folder that 'pincite train reranker' made, for the bundled model"
    )
    candidates: int = Field(30, ge=1, le=1000, description="Passages that it reads at most")
    budget_ms: float | None = Field(
        None,
        gt=0,
        description="Time it may take for a question; fewer passages are read if need be",
    )
    weight: float = Field(
        0.7, ge=0, le=1, description="Its share in the ranking; the rest is the search's"
    )
    cached_passages: int = Field(
        1000,
        ge=0,
        le=1_000_000,
        description="Passages whose tokens late interaction keeps in memory, some 60 kB each, where the "
        "index has none of theirs; 0: none",
    )

    @model_validator(mode="after")
    def _adapter_has_its_model(self) -> Self:
        if self.adapter is not None and self.model != BUNDLED:
            raise ValueError(f"adapter is for the model '{BUNDLED}', and model is '{self.model}'")
        return self


class AnswerSettings(Section):
    wanted_precision: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="Share of the answered questions that the documents are to answer; the others are "
        "refused before a draft is written",
    )
    calibration: Path | None = Field(
        None, description="File that 'pincite train answerability' made of your own questions"
    )
    min_support: float | None = Field(
        None, ge=0, le=1, description="As verifier.min_support, where this stood before"
    )
    unsupported: Literal["remove", "mark", "refuse"] = Field(
        "remove",
        description="What happens to a sentence that no passage supports: it is left out, shown marked, "
        "or the whole answer is refused",
    )
    nearest: int = Field(3, ge=0, le=20, description="Passages that a refusal points to")


class HostedSettings(Section):
    """A hosted model through LlamaIndex. Its class runs in this process: only the operator may name
    one."""

    llm: str | None = Field(
        None,
        min_length=1,
        description="Import path of LlamaIndex's class, such as "
        "llama_index.llms.openai_like.OpenAILike",
    )
    arguments: Arguments = Field({}, repr=False, description="What the class is made with")
    cache: Path = Field(
        Path(".pincite/judged.sqlite"),
        description="File that keeps its answers, so that asking again costs nothing and says the same",
    )
    timeout_s: float = Field(60, gt=0, le=3600, description="Time for one answer")
    concurrency: int = Field(4, ge=1, le=64, description="Pairs that it is asked about at a time")


class VerifierSettings(Section):
    """What judges whether evidence supports a sentence: [verifier] for answers, [judge] for suites."""

    model: str = Field(
        BUNDLED_VERIFIER,
        min_length=1,
        description="'bundled', 'overlap' (of words, no model), 'hosted', or a sentence-transformers "
        "CrossEncoder or NLI model by name or folder",
    )
    adapter: Path | None = Field(
        None, description="Folder that 'pincite train verifier' made, for the bundled model"
    )
    min_support: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Score from which evidence supports a sentence; without one, the model's own",
    )
    hosted: HostedSettings = HostedSettings()

    @model_validator(mode="after")
    def _fits_its_model(self) -> Self:
        if self.adapter is not None and self.model != BUNDLED_VERIFIER:
            raise ValueError(
                f"adapter is for the model '{BUNDLED_VERIFIER}', and model is '{self.model}'"
            )
        if self.model == HOSTED_VERIFIER and self.hosted.llm is None:
            raise ValueError(
                f"the model '{HOSTED_VERIFIER}' needs hosted.llm, the import path of a LlamaIndex LLM"
            )
        return self


class ServiceSettings(Section):
    host: Literal["127.0.0.1", "localhost", "::1", "0.0.0.0"] = Field(  # noqa: S104
        "127.0.0.1",
        description="Address to listen on; 0.0.0.0 only with behind_published_port",
    )
    port: int = Field(8420, ge=1, le=65535)
    behind_published_port: bool = Field(
        False, description="True inside a container whose port is published on loopback only"
    )
    max_question_chars: int = Field(4000, ge=1, le=100_000)
    max_upload_files: int = Field(50, ge=1, le=1000, description="Files in one upload")
    max_upload_mb: float = Field(
        1000, gt=0, le=100_000, description="Size of one upload, all files together (MB)"
    )


class Settings(Section):
    """All sections, as they stand in pincite.toml."""

    index: IndexSettings = IndexSettings()
    encoder: EncoderSettings = EncoderSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    ingest: IngestSettings = IngestSettings()
    conversation: ConversationSettings = ConversationSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    reranker: RerankerSettings = RerankerSettings()
    generator: GeneratorSettings = GeneratorSettings()
    answer: AnswerSettings = AnswerSettings()
    verifier: VerifierSettings = VerifierSettings()
    judge: VerifierSettings = VerifierSettings()
    service: ServiceSettings = ServiceSettings()

    @model_validator(mode="after")
    def _min_support_stands_once(self) -> Self:
        if self.answer.min_support is not None and self.verifier.min_support is not None:
            raise ValueError(
                "answer.min_support is the same as verifier.min_support: set only the latter"
            )
        return self


class SettingsError(WrongUse):
    """One line for every unknown key and bad value, each with its source and what is allowed."""


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and for each value that is no default, by its dotted key, its source."""

    settings: Settings
    sources: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, object, str]]:
        """Every setting as (dotted key, value, source), secrets masked."""
        for key, value in _flat(self.settings.model_dump(mode="json")).items():
            yield _dotted(key), value, self.sources.get(_dotted(key), "default")


def load_settings(
    *,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    config: Path | None = None,
) -> LoadedSettings:
    """Settings from the file, PINCITE_* variables and flags (dotted keys), later ones winning.

    The file is `config`, else the variable PINCITE_CONFIG, else pincite.toml in the working folder if
    there is one. Raises `SettingsError` with every fault found.
    """
    named = config or (
        Path(environment["PINCITE_CONFIG"]) if "PINCITE_CONFIG" in environment else None
    )
    values: dict[Key, object] = {}
    sources: dict[str, str] = {}
    for source, found in (
        (str(named or CONFIG_FILE), _from_file(named)),
        ("environment", _from_environment(environment)),
        ("flag", _from_flags(flags)),
    ):
        for key, value in found.items():
            flat = _flat(value, key) if isinstance(value, Mapping) and value else {key: value}
            values |= flat
            sources |= dict.fromkeys(map(_dotted, flat), _source(source, key))
    try:
        settings = Settings.model_validate(_nested(values))
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(error, sources))) from error
    return LoadedSettings(settings, sources)


def _from_file(named: Path | None) -> dict[Key, object]:
    path = named or Path(CONFIG_FILE)
    if named is None and not path.exists():
        return {}
    try:
        return _flat(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise SettingsError(f"There is no settings file {path}.") from error
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[Key, object]:
    return {
        tuple(name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")): _value(text)
        for name, text in environment.items()
        if name.startswith(ENVIRONMENT_PREFIX)
        and name not in NOT_SETTINGS
        and not name.startswith("PINCITE_TEST_")
    }


def _from_flags(flags: Mapping[str, object]) -> dict[Key, object]:
    return {
        tuple(key.split(".")): _value(value) if isinstance(value, str) else value
        for key, value in flags.items()
        if value is not None
    }


def _value(text: str) -> object:
    """JSON where the text is a list or an object, else the text; Pydantic reads numbers from it."""
    if text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text


def _source(source: str, key: Key) -> str:
    if source == "environment":
        return ENVIRONMENT_PREFIX + "__".join(key).upper()
    return source


def _dotted(key: Sequence[object]) -> str:
    return ".".join(map(str, key))


def _flat(tree: Mapping[str, Any], above: Key = ()) -> dict[Key, object]:
    flat: dict[Key, object] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, (*above, name))
        else:
            flat[*above, name] = value
    return flat


def _nested(flat: Mapping[Key, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *sections, name = key
        branch = tree
        for section in sections:
            inner = branch.setdefault(section, {})
            branch = inner if isinstance(inner, dict) else {}
        branch[name] = value
    return tree


def _explain(error: ValidationError, sources: Mapping[str, str]) -> Iterator[str]:
    for fault in error.errors():
        # Where the name of a table is at fault, Pydantic adds "[key]" to it.
        place = [part for part in fault["loc"] if part != "[key]"]
        source, key = _source_of(place, sources), _dotted(place)
        if fault["type"] == "extra_forbidden":
            yield f"{source}: unknown key {key}; known here: {', '.join(_known_keys(place))}."
        elif fault["type"] == "missing":
            yield f"{source}: {key} is needed."
        else:
            yield f"{source}: {key} = {_shown(fault['input'])}: {fault['msg']}."


def _source_of(place: Sequence[object], sources: Mapping[str, str]) -> str:
    """Where a key was set, else something in it, else something beside it."""
    for depth in range(len(place), 0, -1):
        key = _dotted(place[:depth])
        inside = (where for name, where in sources.items() if name.startswith(f"{key}."))
        if source := sources.get(key) or next(inside, None):
            return source
    return CONFIG_FILE


def _shown(value: object) -> str:
    """A value, unless it is a table or was meant to be one: there may be secrets in it."""
    is_table = isinstance(value, Mapping | list) or str(value).startswith(("{", "["))
    return "…" if is_table else repr(value)


def _known_keys(place: Sequence[object]) -> list[str]:
    """The keys of the section that a key stands in."""
    section: Any = Settings
    for part in place[:-1]:
        # Below a table whose names are the user's own, each name has a section of the same kind.
        is_named = get_origin(section) is dict
        section = get_args(section)[1] if is_named else section.model_fields[part].annotation
    return sorted(section.model_fields)
