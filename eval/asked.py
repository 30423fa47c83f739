"""What a run asks of what: all that its answers depend on."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from eval.dataset import Suite
from eval.record import RunInfo
from generator.prompt import load_template
from ingest.store import Store
from service.settings import Settings

NOT_ASKED = {"index", "service", "judge"}
"""Sections that no answer depends on; the index's content is named by its documents."""


def run_info(
    suite: Suite, settings: Settings, store: Store, verifier: str, *, repeats: int
) -> RunInfo:
    """Of the suite, asked of the open index with these settings."""
    with store.generations.serving() as generation:
        manifest = generation.index.manifest.to_json()
    return RunInfo(
        suite=suite.name,
        suite_sha256=suite.sha256,
        samples=len(suite.samples),
        waiting=suite.waiting,
        repeats=repeats,
        generator=settings.generator.name,
        versions={
            "pincite": version("pincite"),
            "commit": commit(Path(__file__).parents[1]),
            "verifier": verifier,
            "prompt": load_template().version,
            "documents_sha256": _documents_sha256(store),
            "manifest": manifest,
            "settings": settings.model_dump(mode="json", exclude=NOT_ASKED),
        },
    )


def commit(root: Path) -> str | None:
    """The Git commit that a folder is at; None where it is no working copy."""
    try:
        head = (root / ".git" / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = root / ".git" / name
        if loose.exists():
            return loose.read_text("utf-8").strip()
        packed = (root / ".git" / "packed-refs").read_text("utf-8").splitlines()
    except OSError:
        return None
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)


def _documents_sha256(store: Store) -> str:
    """Of the names and contents of all that is indexed."""
    digest = hashlib.sha256()
    for record in store.catalog.documents.find():
        digest.update(f"{record.name}\0{record.content_hash}\0{record.valid_until}\n".encode())
    return digest.hexdigest()
