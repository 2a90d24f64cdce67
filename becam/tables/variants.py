"""What stands beside each other in a table: a recommender, with and without adapters."""

from __future__ import annotations

from dataclasses import dataclass

from recsys.models.names import ModelName

GATE = "identity-gate"
PEFT = ("lora", "soft-prompt")
BEFA = {"befa": "BeFA", "befa-reference": "BeFA (the authors' released code)"}
"""What can stand for BeFA in a table, and what captions call it."""


@dataclass(frozen=True)
class Variant:
    """A recommender with or without an adapter.

    Attributes:
        recommender: Its name.
        adapter: The adapter after each modality's projection, if any.
        content: Whether it gets content features; without any it is a control.
        k: BeFA's hidden width as a multiple of the dimension; its default where ``None``.
    """

    recommender: str
    adapter: str | None = None
    content: bool = True
    k: float | None = None

    @property
    def name(self) -> ModelName:
        """The model that is trained."""
        return ModelName(self.recommender, self.adapter)

    @property
    def label(self) -> str:
        """What a reader sees."""
        if not self.content:
            return f"{self.recommender}, no modality"
        return str(self.name) if self.k is None else f"{self.name}, k = {self.k:g}"

    @property
    def control(self) -> bool:
        """Whether it is there to judge the others by: it ignores the content."""
        return not self.content or self.adapter == GATE


@dataclass(frozen=True)
class Lineup:
    """The rows of one recommender.

    Attributes:
        variants: What is measured, in order.
        comparisons: Which of them are compared: the one, and what it is compared with.
    """

    variants: tuple[Variant, ...]
    comparisons: tuple[tuple[Variant, Variant], ...]


def with_and_without(recommender: str, adapter: str) -> Lineup:
    """Table 2: with and without the adapter, and both controls."""
    bare, plain, gate = _common(recommender)
    adapted = Variant(recommender, adapter)
    return Lineup(
        (bare, plain, gate, adapted),
        ((adapted, plain), (adapted, gate), (gate, plain), (plain, bare)),
    )


def fine_tuned(recommender: str, adapter: str) -> Lineup:
    """Tables 3 and 4: the adapter beside LoRA and the soft prompt, and both controls."""
    bare, plain, gate = _common(recommender)
    others = tuple(Variant(recommender, name) for name in PEFT)
    adapted = Variant(recommender, adapter)
    return Lineup(
        (bare, plain, gate, *others, adapted),
        (
            *((each, plain) for each in (*others, adapted)),
            *((adapted, each) for each in (*others, gate)),
            (gate, plain),
            (plain, bare),
        ),
    )


def widths(recommender: str, adapter: str, ks: tuple[float, ...]) -> Lineup:
    """Fig. 10: the adapter in several widths, and both controls."""
    bare, plain, gate = _common(recommender)
    adapted = tuple(Variant(recommender, adapter, k=k) for k in ks)
    return Lineup((bare, plain, gate, *adapted), tuple((each, plain) for each in adapted))


def _common(recommender: str) -> tuple[Variant, Variant, Variant]:
    """No modality, no adapter, and the gate that ignores the content."""
    plain = Variant(recommender)
    return Variant(recommender, content=False), plain, Variant(recommender, GATE)
