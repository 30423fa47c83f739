"""Places that the metrics' tests share."""

from hypothesis import strategies as st

from eval.metrics.span import Span

A, B = Span("a", 100, 200), Span("b", 0, 50)
NOWHERE = Span("c", 0, 1000)

SPANS = st.lists(
    st.builds(
        lambda name, start, size: Span(name, start, start + size),
        st.sampled_from("ab"),
        st.integers(0, 40),
        st.integers(1, 20),
    ),
    max_size=6,
)
