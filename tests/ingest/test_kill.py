"""A worker killed with SIGKILL in the midst of its work, and started again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.faults import run
from benchmarks.inspection import Found, Inspector, differences
from benchmarks.killed_worker import Order, Stop, encoders, live

POLICIES = Path(__file__).parents[2] / "examples" / "policies"
FEW = (
    "equipment-loans.txt",
    "refund-policy.md",
    "travel-and-expenses-2023.md",
    "travel-and-expenses-2025.md",
)
SHARED = Path(os.environ.get("PINCITE_SHARED", Path(__file__).parents[3] / "shared"))
CORPORA = [
    SHARED / "corpora" / "tailscale_security",
    SHARED / "corpora" / "github_site_policy" / "Policies" / "content-removal-policies",
]
REFUNDS = "# Refunds\n\nUnused tents go back within 30 days, and the price is paid back in full.\n"
LEAVE = "# Leave\n\nTen weeks are paid for an adoption.\n"


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """To index a folder with a document, a copy of it and another one."""
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "copy.md").write_text(REFUNDS)
    (folder / "leave.md").write_text(LEAVE)
    (folder / "refunds.md").write_text(REFUNDS)
    return Order("first", folder, tmp_path / "index")


def faults(order: Order) -> list[str]:
    """What is wrong with the index, looked into and compared with one made undisturbed."""
    inspector = Inspector(encoders(None))
    inspector.learn(order.folder)
    live(Order("undisturbed", order.folder, order.index.with_name("undisturbed")))
    compared = differences(order.index, order.index.with_name("undisturbed"))
    return [*inspector.inspect(order.index, at_rest=True).faults, *compared]


def killed(order: Order, stop: Stop) -> None:
    assert live(order, stop=stop).stopped_at == f"{stop.when} {stop.step} {stop.number}"


@pytest.mark.slow
def test_an_index_comes_out_as_if_its_worker_had_not_been_killed(tmp_path: Path) -> None:
    made = run([POLICIES / name for name in FEW], tmp_path, kills=6, seed=5)

    assert made.faults == []
    assert len(made.kills) == 6


@pytest.mark.slow
def test_a_change_killed_around_its_commit_leaves_the_old_version_or_the_new(order: Order) -> None:
    live(order)
    inspector = Inspector(encoders(None))
    inspector.learn(order.folder)
    (order.folder / "leave.md").write_text(LEAVE + "\nAnd twelve for a birth.\n")
    inspector.learn(order.folder)
    change = replace(order, name="second")

    for when in ("before", "within", "after"):
        killed(change, Stop("commit", when, 1))
        found = inspector.inspect(order.index, at_rest=False)
        assert found == Found(frozenset({"copy.md", "leave.md", "refunds.md"}), (), stale_points=1)

    live(change)
    assert faults(order) == []


def test_copies_are_known_as_such_after_a_kill_between_them(order: Order) -> None:
    killed(order, Stop("clear leftovers", "after", 2))
    live(order)

    assert faults(order) == []


def test_a_rebuild_killed_after_it_was_put_to_service_is_done(order: Order) -> None:
    live(order)
    rebuild = replace(order, name="second", target_tokens=80)

    killed(rebuild, Stop("switch", "after", 1))

    assert live(rebuild).finished


def test_a_generation_whose_dropping_was_interrupted_leaves_no_files(order: Order) -> None:
    live(order)
    live(replace(order, name="second", target_tokens=80))
    drop = replace(order, name="third", drop=True)

    for step in ("drop", "delete files"):
        killed(drop, Stop(step, "after", 1))
    live(drop)

    assert [folder.name for folder in (order.index / "generations").iterdir()] == ["g0002"]


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA[0].is_dir(), reason=f"there are no shared corpora in {SHARED}")
def test_fifty_kills_leave_no_trace_in_the_index_of_a_shared_corpus(tmp_path: Path) -> None:
    made = run(CORPORA, tmp_path, kills=50, seed=20250203)

    assert made.faults == []
    assert len(made.kills) == 50
    kinds = {kill.round for kill in made.kills}
    # On a busy machine a round takes longer and more kills: the last kinds may not have their turn.
    assert kinds >= {"ingest", "change", "rebuild"}
