"""Model names as a user types them: ``bm3``, ``bm3+befa``. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.registry import ADAPTERS
from recsys.errors import InputError, shown, unknown
from recsys.models.registry import RECOMMENDERS, uses_content

__all__ = ["ADAPTERS", "RECOMMENDERS", "ModelName"]


@dataclass(frozen=True)
class ModelName:
    """A recommender, with or without an adapter after each modality's projection.

    Attributes:
        recommender: One of ``RECOMMENDERS``.
        adapter: One of ``ADAPTERS``, or ``None``.
    """

    recommender: str
    adapter: str | None = None

    def __post_init__(self) -> None:
        if self.recommender not in RECOMMENDERS:
            raise unknown("model", self.recommender, RECOMMENDERS)
        if self.adapter is not None and self.adapter not in ADAPTERS:
            raise unknown("adapter", self.adapter, ADAPTERS)
        if self.adapter is not None and not uses_content(self.recommender):
            able = ", ".join(name for name in RECOMMENDERS if uses_content(name))
            raise InputError(
                f"model {shown(self)} has an adapter, but {self.recommender!r} takes no content; "
                f"expected {self.recommender!r} alone, or one of {able} before the '+'"
            )

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """Read ``RECOMMENDER`` or ``RECOMMENDER+ADAPTER``; capitals do not matter.

        Raises:
            InputError: An unknown recommender or adapter, or more than one adapter.
        """
        parts = [part.strip().casefold() for part in text.split("+")]
        if len(parts) > 2:
            raise InputError(
                f"model {shown(text)} names {len(parts) - 1} adapters; "
                "expected RECOMMENDER or RECOMMENDER+ADAPTER, as in 'bm3+befa'"
            )
        return cls(*parts)

    def without_adapter(self) -> ModelName:
        """Return the recommender alone: the "before" of a comparison."""
        return ModelName(self.recommender)

    @property
    def before_and_after(self) -> tuple[ModelName, ...]:
        """The recommender without the adapter and with it; one name where it has none."""
        return (self.without_adapter(), self) if self.adapter else (self,)

    @property
    def role(self) -> str:
        """Whether the model is the "before" of a comparison or an "after"."""
        return "after" if self.adapter else "before"

    def __str__(self) -> str:
        return self.recommender if self.adapter is None else f"{self.recommender}+{self.adapter}"
