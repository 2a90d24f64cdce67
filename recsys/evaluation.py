"""All-ranking evaluation: every item that a user has not met is ranked.

Metrics need only the ranks of the held-out items, so those are counted, and no list is sorted.
Ties go against the model: an item ranks behind every other item with the same score. A model
that scores all items alike therefore gets nothing, whatever the order of the items.

With H hits among a user's first K, n held-out items and ranks r counted from 1:

- ``recall@K`` = H / n; ``precision@K`` = H / K; ``hit@K`` = 1 if H > 0, else 0;
- ``ndcg@K`` = (sum over hits of 1 / log2(r + 1)) / (the same sum for ranks 1 to min(n, K));
- ``map@K`` = (sum over hits of precision at r) / min(n, K).

Each is averaged over the users that have held-out items. Users without a row in train, of whom
nothing was learnt, count like the others; but with the mask ``"train"``, which is what published
toolkits do, they are left out, as there. Only a given split has such users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recsys.configs import MASKS, METRICS, Mask
from recsys.data.splits import Split
from recsys.errors import InputError, unknown
from recsys.models.base import Recommender

PARTS = ("valid", "test")
KS = (10, 20)
SCORES_AT_ONCE = 1 << 21  # 8 MiB of float32: large enough for BLAS, small enough for the cache

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Metrics on one part of a split.

    Attributes:
        users: The users with held-out items, int64 (n,), ascending.
        per_user: By metric, as in ``recall@20``: their values, float64 (n,); for paired tests.
    """

    users: IntArray
    per_user: Mapping[str, FloatArray]

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The means over users, by metric."""
        return {name: float(values.mean()) for name, values in self.per_user.items()}


class Evaluator:
    """Ranks the held-out items of a split; set up once, then used after every epoch.

    Validation items are ranked among all items but the user's training items. For test items
    the validation items are taken out as well, unless ``mask`` is ``"train"``, which is what
    published toolkits do; then, as there, users without a row in train have no metrics.

    Args:
        split: The interactions.
        ks: Cut-offs of the metrics.
        mask: ``"train+valid"`` or ``"train"``: what is taken out when test items are ranked.
        device: Where scores are computed.

    Raises:
        InputError: An unknown mask, a part whose users are all left out.
        ValueError: No cut-off, or one below 1.
    """

    def __init__(
        self,
        split: Split,
        *,
        ks: Sequence[int] = KS,
        mask: Mask = "train+valid",
        device: torch.device | str = "cpu",
    ) -> None:
        if mask not in MASKS:
            raise unknown("mask", mask, MASKS)
        if not ks or min(ks) < 1:
            raise ValueError(f"ks must be whole numbers, at least 1, not {list(ks)}")
        self.ks = tuple(ks)
        self.mask = mask
        self.n_items = split.n_items
        self._device = torch.device(device)
        self._train = _Pairs(split.train, split.n_users, self._device)
        self._held_out = {
            part: _Pairs(held_out(split, part, mask), split.n_users, self._device) for part in PARTS
        }

    @torch.no_grad()
    def evaluate(
        self, users: Tensor, items: Tensor, parts: Sequence[str] = PARTS
    ) -> dict[str, Evaluation]:
        """Rank with scores ``users @ items.T``, both parts in one pass.

        Args:
            users: Float (n_users, d).
            items: Float (n_items, d).
            parts: ``"valid"``, ``"test"`` or both.

        Raises:
            FloatingPointError: An embedding is not finite.
            ValueError: An unknown part.
        """
        for part in parts:
            if part not in PARTS:
                raise ValueError(f"part must be 'valid' or 'test', not {part!r}")
        if not (torch.isfinite(users).all() and torch.isfinite(items).all()):
            raise FloatingPointError("embeddings are not finite")
        if users.dtype in (torch.float16, torch.bfloat16):
            users, items = users.float(), items.float()  # ranks are counted in this type
        ranks = {part: self._held_out[part].items.new_empty(0) for part in parts}
        found: dict[str, list[Tensor]] = {part: [] for part in parts}
        # One table of scores and one of rivals, used again and again: fresh ones of such a size
        # leave gaps in the heap that add up to hundreds of megabytes.
        rows = self._rows_at_once
        table, rivals = (users.new_empty(rows, self.n_items) for _ in range(2))
        for start, stop in self._chunks(parts):
            scores = torch.mm(users[start:stop], items.T, out=table[: stop - start])
            self._train.hide(scores, start, stop)
            if "valid" in found:
                found["valid"] += self._held_out["valid"].ranks(scores, start, stop, rivals)
            if "test" in found:
                if self.mask == "train+valid":
                    self._held_out["valid"].hide(scores, start, stop)
                found["test"] += self._held_out["test"].ranks(scores, start, stop, rivals)
        for part in parts:
            if found[part]:
                ranks[part] = torch.cat(found[part])
        return {
            part: _evaluation(self._held_out[part].users, ranks[part].cpu().numpy(), self.ks)
            for part in parts
        }

    @property
    def _rows_at_once(self) -> int:
        return max(1, SCORES_AT_ONCE // self.n_items)

    def _chunks(self, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
        n_users, size = self._train.n_users, self._rows_at_once
        for start in range(0, n_users, size):
            stop = min(start + size, n_users)
            if any(self._held_out[part].any_between(start, stop) for part in parts):
                yield start, stop


def held_out(split: Split, part: str, mask: Mask) -> IntArray:
    """Return a part's rows, (n, 2), without those of the users that ``mask`` leaves out.

    Raises:
        InputError: Nothing is left.
    """
    pairs: IntArray = getattr(split, part)
    cold = split.cold_users(part) if mask == "train" else ()
    if not len(cold):
        return pairs
    warm = pairs[~np.isin(pairs[:, 0], cold)]
    if not len(warm):
        raise InputError(
            f"no user of {part} has an interaction in train, and mask 'train' leaves such users "
            "out; expected some, or mask 'train+valid'"
        )
    return warm


class _Pairs:
    """Pairs of (user, item), sorted by user, with quick access to a range of users."""

    def __init__(self, pairs: IntArray, n_users: int, device: torch.device) -> None:
        order = np.argsort(pairs[:, 0], kind="stable")
        self.n_users = n_users
        self.users: IntArray = pairs[order, 0]
        self._rows = torch.as_tensor(self.users, device=device)
        self.items = torch.as_tensor(pairs[order, 1], device=device)
        counts = np.bincount(self.users, minlength=n_users)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def any_between(self, start: int, stop: int) -> bool:
        return bool(self._starts[stop] > self._starts[start])

    def _between(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        window = slice(int(self._starts[start]), int(self._starts[stop]))
        return self._rows[window] - start, self.items[window]

    def hide(self, scores: Tensor, start: int, stop: int) -> None:
        """Take these pairs out of ``scores``, (stop - start, n_items)."""
        rows, items = self._between(start, stop)
        scores[rows, items] = -torch.inf

    def ranks(self, scores: Tensor, start: int, stop: int, rivals: Tensor) -> list[Tensor]:
        """Return the ranks from 0 of the pairs of users ``start`` to ``stop``, in pieces.

        ``rivals`` (any number of rows, n_items) is overwritten.
        """
        rows, items = self._between(start, stop)
        own = scores[rows, items]
        pieces = []
        for first in range(0, len(rows), len(rivals)):
            window = slice(first, first + len(rivals))
            ahead = rivals[: len(rows[window])]
            torch.index_select(scores, 0, rows[window], out=ahead)
            # Ones and zeros as floating-point numbers: their sum is exact to 2 ** 24 in float32.
            count = ahead.ge_(own[window, None]).sum(dim=1)
            pieces.append(count.to(torch.int32) - 1)  # the item itself is no rival
        return pieces


def _evaluation(users: IntArray, ranks: npt.NDArray[np.int32], ks: Sequence[int]) -> Evaluation:
    """Turn the ranks from 0 of held-out items, sorted by user, into metrics of each user."""
    who, rows, held_out = np.unique(users, return_inverse=True, return_counts=True)
    order = np.lexsort((ranks, rows))
    rows, ranks = rows[order], ranks[order].astype(np.int64)
    firsts = np.cumsum(held_out) - held_out
    place = np.arange(len(rows)) - firsts[rows]  # of the item among its user's held-out items
    gains = 1 / np.log2(ranks + 2)
    precisions = (place + 1) / (ranks + 1)

    values: dict[str, FloatArray] = {}
    # No user is owed more than all held-out items: a large k needs no longer table.
    ideal = np.cumsum(1 / np.log2(np.arange(held_out.max(initial=0)) + 2))
    for k in ks:
        hit = ranks < k

        def total(weights: FloatArray, hit: npt.NDArray[np.bool_] = hit) -> FloatArray:
            weights = np.where(hit, weights, 0.0)
            return np.bincount(rows, weights, len(who)).astype(np.float64, copy=False)

        hits = total(np.ones(len(rows)))
        best = np.minimum(held_out, k)
        found = {
            "recall": hits / held_out,
            "ndcg": total(gains) / ideal[best - 1],
            "precision": hits / k,
            "map": total(precisions) / best,
            "hit": (hits > 0).astype(np.float64),
        }
        values.update({f"{name}@{k}": found[name] for name in METRICS})
    return Evaluation(who, values)


def evaluate(
    model: Recommender,
    split: Split,
    *,
    parts: Sequence[str] = PARTS,
    ks: Sequence[int] = KS,
    mask: Mask = "train+valid",
) -> dict[str, Evaluation]:
    """Evaluate ``model`` on ``parts`` of ``split``; see ``Evaluator``.

    The model's mode (training or evaluation) is the same afterwards as before.
    """
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            users, items = model.embeddings()
        evaluator = Evaluator(split, ks=ks, mask=mask, device=users.device)
        return evaluator.evaluate(users, items, parts)
    finally:
        model.train(training)
