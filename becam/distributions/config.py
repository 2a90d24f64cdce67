"""What a user can choose for distributions. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from math import inf

from becam.before_after import BeforeAfterConfig
from becam.config import check_seed
from becam.map_config import option
from recsys.errors import InputError, shown, unknown

PROJECTIONS = ("tsne", "pca", "umap")
INSTALL = "pip install 'becam[umap]'"


@dataclass(frozen=True, kw_only=True)
class DistributionConfig(BeforeAfterConfig):
    """Everything that `becam.distribution` and `becam distribution` need to know.

    Raises:
        InputError: a value outside its range, a name that does not exist, an option of another
            projection, umap without umap-learn.
    """

    items: int = field(
        default=500,
        metadata=option(
            "How many items are drawn for a seed, from those with a training interaction.",
            metavar="NUMBER",
        ),
    )
    projection: str = field(
        default="tsne",
        metadata=option(
            f"How features are laid out in two dimensions: {', '.join(PROJECTIONS)} (extra "
            "'umap').",
            metavar="NAME",
        ),
    )
    perplexity: float | None = field(
        default=None,
        metadata=option(
            "Of t-SNE: about how many neighbours count [default: 30].", metavar="NUMBER"
        ),
    )
    neighbours: int | None = field(
        default=None,
        metadata=option("Of UMAP: how many neighbours count [default: 15].", metavar="NUMBER"),
    )
    bandwidth: float = field(
        default=10.0,
        metadata=option(
            "Standard deviation of the kernel of both densities, in degrees of the circle.",
            metavar="NUMBER",
        ),
    )
    seeds: int = field(
        default=3,
        metadata=option(
            "How many seeds, from --seed on: one projection is an anecdote.", metavar="NUMBER"
        ),
    )
    seed: int = field(
        default=0,
        metadata=option(
            "First seed. A seed decides the split, the training, the items drawn and the "
            "projection.",
            metavar="NUMBER",
        ),
    )
    train_seed: int | None = field(
        default=None,
        metadata=option(
            "Split and train with this one seed, so that the others decide the items and the "
            "projection alone [default: with each].",
            metavar="NUMBER",
        ),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.projection not in PROJECTIONS:
            raise unknown("projection", self.projection, PROJECTIONS)
        if self.projection == "umap" and find_spec("umap") is None:
            raise InputError(f"projection 'umap' needs umap-learn, which is missing: {INSTALL}")
        if self.dim < 2:
            raise InputError(f"dim {shown(self.dim)}: a projection to the plane needs at least 2")
        if self.train_seed is not None:
            check_seed(self.train_seed)
        if self.seed + self.seeds - 1 >= 2**32:  # what scikit-learn takes
            raise InputError(f"seed {shown(self.seed)}: projections take seeds up to {2**32 - 1}")
        if not 0 < self.bandwidth < 180:
            raise InputError(
                f"bandwidth {shown(self.bandwidth)}: expected degrees above 0 and below 180"
            )
        if self.items < 3:
            raise InputError(f"items {shown(self.items)}: expected at least 3")
        self._check_neighbours()

    def _check_neighbours(self) -> None:
        """Raise InputError for options of another projection, or out of its range."""
        if self.perplexity is not None:
            self._serves("perplexity", self.perplexity, "tsne")
        if self.neighbours is not None:
            self._serves("neighbours", self.neighbours, "umap")
        perplexity, neighbours = self.perplexity_used, self.neighbours_used
        if perplexity is not None and not 1 <= perplexity < min(self.items, inf):
            raise InputError(
                f"perplexity {perplexity:g}: expected at least 1 and less than the number of "
                f"items, {self.items}"
            )
        if neighbours is not None and not 2 <= neighbours < self.items:
            raise InputError(
                f"neighbours {neighbours}: expected at least 2 and less than the number of "
                f"items, {self.items}"
            )

    def _serves(self, name: str, value: float, projection: str) -> None:
        if self.projection != projection:
            raise InputError(
                f"{name} {shown(f'{value:g}')} is an option of projection {projection}; this is "
                f"{self.projection}"
            )

    @property
    def perplexity_used(self) -> float | None:
        """The perplexity of t-SNE; None for other projections."""
        if self.projection != "tsne":
            return None
        return 30.0 if self.perplexity is None else self.perplexity

    @property
    def neighbours_used(self) -> int | None:
        """The neighbours of UMAP; None for other projections."""
        if self.projection != "umap":
            return None
        return 15 if self.neighbours is None else self.neighbours

    def training_seed(self, seed: int) -> int:
        """Return the seed that a recommender is split and trained with."""
        return seed if self.train_seed is None else self.train_seed
