"""A report as JSON files."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.run import Report

DIGITS = 6
"""Decimal places of a score: beyond them, sums in another order differ."""


def write_report(report: Report, folder: Path, *, versions: Mapping[str, Any]) -> None:
    """Write scores.json, the same byte for byte for the same inputs, and timings.json.

    `versions` says what was measured: manifest, settings, prompt and suite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scores = _rounded({k: v for k, v in asdict(report).items() if k != "timings_s"})
    _write(folder / "scores.json", {"versions": dict(versions), **scores})
    _write(folder / "timings.json", _rounded(dict(report.timings_s)))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return value
