"""How strongly pictures agree with a target: cos(g(f(x)), b), in batches."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from becam.chunks import LIVE, chunk_size, largest_output, memory_budget, tried
from becam.encoders.base import Encoder
from becam.similarity import cosine_similarity
from becam.target import Projection, Target
from recsys.errors import InputError, shown

# Measured once an encoder: a scorer is made for every target.
_ROW_BYTES: WeakKeyDictionary[Encoder, int] = WeakKeyDictionary()


class Scorer:
    """Scores preprocessed pictures against one target, by the cosine that BeCAM explains.

    The batch follows from a memory budget unless it is given, and is halved where memory runs
    out. Scores of different batch sizes differ by rounding alone.

    Attributes:
        encoder, projection, target: f, g and b of cos(g(f(x)), b).
    """

    def __init__(
        self,
        encoder: Encoder,
        projection: Projection,
        target: Target,
        batch_size: int | None = None,
    ) -> None:
        """Prepare; nothing is computed yet.

        Args:
            encoder: the frozen encoder.
            projection: g, content features (n, D) into the behavioural space (n, d).
            target: b, (d,).
            batch_size: pictures encoded at once; by a memory budget without.

        Raises:
            InputError: a batch size below 1.
        """
        if batch_size is not None and batch_size < 1:
            raise InputError(f"batch {shown(batch_size)}: expected at least 1")
        self.encoder, self.projection, self.target = encoder, projection, target
        self._batch = batch_size

    @property
    def batch_size(self) -> int:
        """Pictures encoded at once."""
        if self._batch is None:
            if self.encoder not in _ROW_BYTES:
                _ROW_BYTES[self.encoder] = _row_bytes(self.encoder)
            budget = memory_budget(self.encoder.device)
            self._batch = chunk_size(_ROW_BYTES[self.encoder], budget)
        return self._batch

    def parts(self, count: int) -> Iterator[slice]:
        """Cut ``count`` pictures into batches, for callers that make them batch by batch."""
        start = 0
        while start < count:
            stop = min(start + self.batch_size, count)
            yield slice(start, stop)
            start = stop

    def __call__(self, pictures: Tensor) -> Tensor:
        """Score pictures, without a gradient.

        Args:
            pictures: preprocessed, (B, 3, H, W) float, on any device.

        Returns:
            cosines, (B,) float32 on the CPU, in [-1, 1]; 0 where a vector has no length.

        Raises:
            MemoryError: one picture is too much.
        """
        return self.of_contents(self.contents(pictures))

    def of_contents(self, contents: Tensor) -> Tensor:
        """Score content features (B, D), without a gradient; see `__call__`."""
        with torch.inference_mode():
            projected = self.projection(contents)
            return cosine_similarity(projected, self._vector(projected)).float().cpu()

    def contents(self, pictures: Tensor) -> Tensor:
        """Encode pictures batch by batch, without a gradient.

        Args:
            pictures: preprocessed, (B, 3, H, W) float, on any device.

        Returns:
            content features, (B, D) float32 on the encoder's device.

        Raises:
            MemoryError: one picture is too much.
        """
        found = [torch.zeros(0, self.encoder.feature_dim, device=self.encoder.device)]
        done = 0
        while done < len(pictures):
            content = self._encoded(pictures[done : done + self.batch_size])
            if content is None:
                continue
            found.append(content)
            done += len(content)
        return torch.cat(found)

    def with_gradients(self, pictures: Tensor) -> Tensor:
        """Score pictures in one go and keep the graph, for methods that differentiate.

        Args:
            pictures: preprocessed, (B, 3, H, W) float.

        Returns:
            cosines, (B,), on the encoder's device; not clamped, so that no gradient is cut off.
        """
        content = self.encoder.encode_pictures(self._input(pictures)).float()
        projected = self.projection(content)
        return F.cosine_similarity(projected, self._vector(projected)[None], dim=1)

    def _encoded(self, pictures: Tensor) -> Tensor | None:
        """Encode one batch; where memory runs out, halve the batch size and return None."""

        def encode() -> Tensor:
            with torch.inference_mode():
                return self.encoder.encode_pictures(self._input(pictures)).float()

        count = len(pictures)
        content = tried(encode, count=count, what="picture", encoder=self.encoder)
        if content is None:
            self._batch = count // 2
        return content

    def _input(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.encoder.device, self.encoder.dtype)

    def _vector(self, projected: Tensor) -> Tensor:
        return self.target.vector.to(projected)


def _row_bytes(encoder: Encoder) -> int:
    """Measure the bytes that one picture takes on its way through an encoder."""
    blank = torch.zeros(1, 3, *encoder.input_size, device=encoder.device, dtype=encoder.dtype)
    modules = nn.ModuleList(each for each in vars(encoder).values() if isinstance(each, nn.Module))
    with torch.inference_mode(), largest_output(modules) as largest:
        encoder.encode_pictures(blank)
    return blank.numel() * blank.element_size() + LIVE * largest[0]
