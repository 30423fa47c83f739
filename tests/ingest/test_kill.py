"""A worker killed with SIGKILL in the midst of its work, and started again."""

import os
from pathlib import Path

import pytest

from benchmarks.faults import Run, play_round, run
from benchmarks.killed_worker import STEPS, Stop, live

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
FEW = (
    "equipment-loans.txt",
    "leave-policy.html",
    "refund-policy.md",
    "travel-and-expenses-2023.md",
    "travel-and-expenses-2025.md",
    "warranty-and-repairs.docx",
)
SHARED = Path(os.environ.get("PINCITE_SHARED", Path(__file__).parents[3] / "shared"))
CORPORA = [
    SHARED / "corpora" / "tailscale_security",
    SHARED / "corpora" / "github_site_policy" / "Policies" / "content-removal-policies",
    SHARED / "corpora" / "github_site_policy" / "Policies" / "other-site-policies",
]


def kinds(made: Run) -> set[str]:
    return {kill.round for kill in made.kills}


def test_an_index_comes_out_as_if_its_worker_had_not_been_killed(tmp_path: Path) -> None:
    made = run([POLICIES / name for name in FEW], tmp_path, kills=6, seed=5)

    assert made.faults == []
    assert len(made.kills) == 6


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA[0].is_dir(), reason=f"there are no shared corpora in {SHARED}")
def test_fifty_kills_leave_no_trace_in_the_index_of_a_shared_corpus(tmp_path: Path) -> None:
    made = run(CORPORA, tmp_path, kills=50, seed=20250203)

    assert made.faults == []
    assert len(made.kills) == 50
    assert kinds(made) == {"ingest", "change", "rebuild", "return", "delete", "drop"}
