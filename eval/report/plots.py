"""The figures of a report, as SVG that takes its colours from the page.

The same numbers give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.record import Score
from eval.report.calibration import CalibrationCurve
from eval.report.coverage import CoveragePoint
from eval.report.metric import in_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colours that are drawn with and then taken from the page's style sheet, light or dark.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--second)",
    "#060606": "var(--third)",
}
INK, SOFT, LINE, ACCENT, SECOND, THIRD = _COLOURS
SMALL = (3.9, 3.3)
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.06,
}
_TABLES = {"retrieval": (THIRD, "s"), "draft": (SECOND, "o"), "shown": (ACCENT, "D")}


def intervals(tables: Mapping[str, Mapping[str, Score]]) -> str:
    """A dot for each metric in each table, with its interval; metrics without a score are left out."""
    names = {
        name
        for scores in tables.values()
        for name, score in scores.items()
        if score.value is not None
    }
    metrics = in_order(sorted(names))

    def draw(axes: Axes) -> None:
        present = [name for name in _TABLES if tables.get(name)]
        for shift, table in zip(np.linspace(-0.18, 0.18, len(present)), present, strict=True):
            _dots(axes, tables[table], [metric.name for metric in metrics], table, float(shift))
        axes.set_yticks(range(len(metrics)), [metric.label for metric in metrics])
        axes.tick_params(axis="y", labelcolor=INK)
        axes.set_ylim(len(metrics) - 0.4, -0.6)
        _share_axis(axes, "x")
        axes.grid(visible=False, axis="y")
        _legend(axes, columns=3)

    return _draw("intervals", (7.6, 0.8 + 0.29 * len(metrics)), draw)


def coverage(points: Sequence[CoveragePoint], served: CoveragePoint | None) -> str:
    """How right the answers are, against how many of the questions are answered, over every threshold
    on answerability; `served` is where the service stood."""

    def draw(axes: Axes) -> None:
        x = [point.coverage for point in points]
        axes.plot(x, [point.answerable for point in points], color=ACCENT, label="has an answer")
        axes.plot(
            x,
            [point.right for point in points],
            color=SECOND,
            linestyle="--",
            label="and gold is cited",
        )
        if served:
            x, y = [served.coverage], [served.answerable]
            axes.plot(x, y, "D", color=ACCENT, markersize=7, label="as served")
        _share_axis(axes, "x")
        _share_axis(axes, "y")
        axes.set_xlabel("share of questions answered")
        axes.set_ylabel("share of these")
        _legend(axes)

    return _draw("coverage", SMALL, draw)


def calibration(curves: Sequence[CalibrationCurve]) -> str:
    """The share that is supported against the score, for verifier and judge."""
    styles = ((ACCENT, "D-"), (SECOND, "o--"), (THIRD, "s-."), (INK, "^:"))

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=":", label="ideal")
        for curve, (colour, style) in zip(curves, cycle(styles), strict=False):
            axes.plot(
                [point.score for point in curve.points],
                [point.supported for point in curve.points],
                style,
                color=colour,
                markersize=4,
                label=f"{curve.role}, {curve.labels}",
            )
        _share_axis(axes, "x")
        _share_axis(axes, "y")
        axes.set_xlabel("score of support")
        axes.set_ylabel("share supported, by people")
        _legend(axes)

    return _draw("calibration", SMALL, draw)


def latency(seconds: Sequence[float], p50_s: float, p95_s: float) -> str:
    """How many answers took how long."""

    def draw(axes: Axes) -> None:
        axes.hist(seconds, bins=min(30, max(5, len(seconds) // 4)), color=ACCENT, alpha=0.75)
        for value, name, style in ((p50_s, "p50", "-"), (p95_s, "p95", "--")):
            label = f"{name} {value:.2f} s"
            axes.axvline(value, color=INK, linewidth=1, linestyle=style, label=label)
        axes.set_xlim(left=0)
        axes.set_xlabel("seconds from question to whole answer")
        axes.set_ylabel("questions")
        axes.locator_params(axis="y", integer=True)
        axes.grid(visible=False, axis="x")
        _legend(axes)

    return _draw("latency", SMALL, draw)


def _dots(
    axes: Axes, scores: Mapping[str, Score], names: Sequence[str], table: str, shift: float
) -> None:
    colour, marker = _TABLES[table]
    known = [
        (row + shift, score)
        for row, name in enumerate(names)
        if (score := scores.get(name)) is not None and score.value is not None
    ]
    for y, score in known:
        if score.low is not None and score.high is not None:
            axes.plot([score.low, score.high], [y, y], color=colour, linewidth=1.6, alpha=0.55)
    axes.plot(
        [score.value or 0.0 for _, score in known],
        [y for y, _ in known],
        marker,
        color=colour,
        markersize=5,
        label=table,
    )


def _legend(axes: Axes, columns: int = 2) -> None:
    """Above the axes, where nothing is drawn."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=8.5)


def _share_axis(axes: Axes, which: str) -> None:
    """From 0 to 1, with room for a dot at either end."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    limits = axes.set_xlim if which == "x" else axes.set_ylim
    limits(-0.02, 1.02)
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])


def _draw(name: str, size_inches: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    output = BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size_inches)
        draw(figure.subplots())
        figure.savefig(output, format="svg", metadata=nothing)
    return for_page(output.getvalue().decode(), name)


def for_page(svg: str, name: str) -> str:
    """The SVG made part of a page: its ids told from those of other figures, its colours and its type
    those of the page, its size free."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<(metadata|defs)>\s*(<style.*?</style>|<rdf.*?</rdf:RDF>)?\s*</\1>", "", svg, flags=re.S
    )
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    svg = re.sub(r"\bfont: ([\d.]+px) [^;\"]+", r"font-size: \1", svg)
    svg = re.sub(r"\bfont-family: [^;\"]+;? ?", "", svg)
    for drawn, themed in _COLOURS.items():
        svg = svg.replace(drawn, themed)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()
