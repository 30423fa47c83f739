"""Examples that a reranker learns in seconds: a cupboard answers, a thing of another colour does not."""

from ingest.adapter import TrainingData
from ingest.train.examples import Division, Example
from service.train.reranker import RerankerRecipe

COLOURS = ("red", "green", "blue", "white", "black", "brown", "pink", "grey", "violet", "orange")
DATA = (TrainingData(name="colours.jsonl", sha256="c" * 64, rows=40, licences={"own": 40}),)
RECIPE = RerankerRecipe(epochs=3, queries_per_step=4, learning_rate=2e-3)


def examples(things: str) -> tuple[Example, ...]:
    return tuple(
        Example(
            query=f"Which {thing} are {colour}?",
            positives=(f"The {thing} in the cupboard of {colour} things.",),
            negatives=tuple(
                f"The {thing} that are {other}." for other in COLOURS if other != colour
            ),
            group=f"{thing} {colour}",
        )
        for thing in things.split()
        for colour in COLOURS
    )


DIVISION = Division(examples("pens cups hats bags"), examples("rugs"))
