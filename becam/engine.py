"""Encoding pictures under many masks: the costly part of BeCAM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import torch
from torch import Tensor

from becam.activations import activations
from becam.chunks import LIVE, chunk_size, free_memory, largest_output, memory_budget, tried
from becam.device import dtype_name
from becam.encoders.base import Encoder, Layer
from becam.fills import fill_picture
from becam.masking import Masker, blend
from becam.masks import PAPER_RULE, MaskRule
from becam.precision import resolve_precision, tower_of, twin
from recsys.errors import InputError, shown

# Chunks' worth of rows that pictures are gathered for: the last, partial chunk costs little then.
GATHERED = 4


@dataclass(frozen=True, eq=False)
class Seen:
    """What one pass over the whole picture gives, on the encoder's device.

    Attributes:
        picture: x, preprocessed, (3, H, W) float32.
        content: content of the whole picture, (D,) float32.
        activations: A, (N, h, w) float32.
    """

    picture: Tensor
    content: Tensor
    activations: Tensor


@dataclass(frozen=True)
class _Size:
    """Channels of the layer, and the bytes of a masked picture on its way through the encoder."""

    channels: int
    row_bytes: int


class Engine:
    """Encodes pictures under masks, chunk by chunk, in one buffer.

    Beside the results, memory is bounded by one chunk of masked pictures, whatever the number
    of channels and pictures. Nothing in the loop waits for the device. The chunk follows from a
    memory budget, so that it is the same on every run; where memory runs out nevertheless, it is
    halved, and stays so. Results of different chunk sizes differ by rounding (in float32 about
    1e-7 of the largest value), because matrix products of different sizes round differently.

    Attributes:
        encoder, layer, fill, rule: what is encoded.
        dtype: the precision of the masked pictures; activations and content are in the encoder's.
    """

    def __init__(
        self,
        encoder: Encoder,
        layer: Layer,
        fill: str = "mean",
        *,
        rule: MaskRule = PAPER_RULE,
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        """Prepare; nothing is computed or converted yet.

        Args:
            encoder: the frozen encoder.
            layer: the target layer, from ``encoder.layer(name)``.
            fill: what masked-out pixels become.
            rule: how an activation becomes a mask.
            precision: ``auto``, ``float32``, ``bfloat16`` or ``float16``, see
                `becam.precision.resolve_precision`.
            batch_size: masked pictures encoded at once; by a memory budget without.

        Raises:
            InputError: a precision that the encoder can't be converted to.
            ValueError: a batch size below 1.
        """
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size {batch_size}: expected at least 1")
        self.encoder, self.layer, self.fill, self.rule = encoder, layer, fill, rule
        self.dtype = resolve_precision(precision, encoder, layer)
        self._chunk = batch_size
        self._size: _Size | None = None

    @property
    def chunk(self) -> int:
        """Masked pictures encoded at once."""
        if self._chunk is None:
            if self._size is None:
                self.look([torch.zeros(3, *self.encoder.input_size)])
            assert self._size is not None
            self._chunk = chunk_size(self._size.row_bytes, memory_budget(self.encoder.device))
        return self._chunk

    @property
    def pictures(self) -> int:
        """Pictures worth gathering: one, until the first is seen or where it fills the chunks."""
        if self._size is None:
            return 1
        return max(-(-GATHERED * self.chunk // (self._size.channels + 1)), 1)

    @cached_property
    def working(self) -> Encoder:
        """The encoder that masked pictures go through, converted on first use."""
        return twin(self.encoder, self.layer, self.dtype)

    def look(self, pictures: Sequence[Tensor]) -> list[Seen]:
        """Encode whole pictures in one batch, and keep the target layer's activations.

        Args:
            pictures: preprocessed, (3, H, W) float32 each.

        Raises:
            InputError: activations that are not finite.
        """
        if not pictures:
            return []
        encoder = self.encoder
        batch = torch.stack(list(pictures)).to(encoder.device)
        tower = tower_of(encoder, self.layer)
        with largest_output(self.layer.module if tower is None else tower[1]) as largest:
            content, maps = activations(encoder, batch.to(encoder.dtype), self.layer)
        if self._size is None:
            elements = batch[0].numel() + LIVE * largest[0] // (len(batch) * encoder.dtype.itemsize)
            self._size = _Size(maps.shape[1], elements * self.dtype.itemsize)
        with torch.inference_mode():
            if not bool(torch.isfinite(maps).all()):
                raise self._not_finite(f"layer {shown(self.layer.name)}", encoder.dtype)
        return [Seen(*each) for each in zip(batch, content, maps, strict=True)]

    def encode(
        self, pictures: Sequence[Tensor], maps: Sequence[Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """Encode each picture under the masks that its maps give; rows of all share the chunks.

        Constant maps share the pass of the fill alone, exactly.

        Args:
            pictures: preprocessed, (3, H, W) float32 on the encoder's device.
            maps: for each picture what becomes its masks, (M, h, w) float32 there.

        Returns:
            For each picture features (M, D) and the fill's feature (D,), float32 there.

        Raises:
            InputError: features that are not finite.
            MemoryError: one masked picture is too much.
        """
        if not pictures:
            return []
        with torch.inference_mode():
            grid = (maps[0].shape[-2], maps[0].shape[-1])
            masker = Masker.build(
                grid,
                self.encoder.input_size,
                rule=self.rule,
                device=self.encoder.device,
                dtype=self.dtype,
            )
            stretched = [masker.stretched(each) for each in maps]
            # The one wait for the device: which rows there are. A zero map stands for the fill.
            places = [(~flat).nonzero()[:, 0] for _, flat in stretched]
            rows = [
                torch.cat([large.new_zeros(1, *grid), large[place]]).to(self.dtype)
                for (large, _), place in zip(stretched, places, strict=True)
            ]
            del stretched
            encoded = self._run(masker, pictures, rows)
            found = []
            for part, place, each in zip(
                encoded.split([len(row) for row in rows]), places, maps, strict=True
            ):
                features = part[0].repeat(len(each), 1)
                features.index_copy_(0, place, part[1:])
                found.append((features, part[0].clone()))
            if not bool(torch.isfinite(encoded).all()):
                raise self._not_finite("masked pictures", self.dtype)
        return found

    def _run(self, masker: Masker, pictures: Sequence[Tensor], rows: Sequence[Tensor]) -> Tensor:
        """Encode all rows of all pictures; (total, D) float32."""
        device, size = self.encoder.device, self.encoder.input_size
        backgrounds = [
            fill_picture(picture, self.fill, self.encoder.mean, self.encoder.std).to(self.dtype)
            for picture in pictures
        ]
        sources = [picture.to(self.dtype) for picture in pictures]
        together = torch.cat(list(rows))
        starts = [0]
        for each in rows:
            starts.append(starts[-1] + len(each))
        total, dim = len(together), self.encoder.feature_dim
        encoded = torch.empty(total, dim, dtype=torch.float32, device=device)
        buffer: Tensor | None = None

        def encode(start: int, stop: int, held: int) -> Tensor:
            nonlocal buffer
            if buffer is None:
                buffer = torch.empty(held, 3, *size, dtype=self.dtype, device=device)
            chunk = buffer[: stop - start]
            masker.upsample_into(chunk, together[start:stop])
            for picture, (first, last) in enumerate(pairwise(starts)):
                first, last = max(first, start) - start, min(last, stop) - start
                if first < last:
                    blend(chunk[first:last], sources[picture], backgrounds[picture])
            return self.working.encode_pictures(chunk)

        done = 0
        while done < total:
            # A small rest joins the chunk before it: one row alone costs as much as several.
            most = self.chunk + self.chunk // 8
            stop = total if total - done <= most else done + self.chunk
            features = tried(
                partial(encode, done, stop, min(most, total)),
                count=self.chunk,
                what="masked picture",
                encoder=self.encoder,
            )
            if features is None:
                self._chunk = max(self.chunk // 2, 1)
                buffer = None
                free_memory(device)
            else:
                encoded[done:stop] = features
                done = stop
        return encoded

    def _not_finite(self, what: str, dtype: torch.dtype) -> InputError:
        name = dtype_name(dtype)
        advice = "" if dtype == torch.float32 else " (float32 may help)"
        return InputError(
            f"encoder {shown(self.encoder.name)}: {what} give values that are not finite in "
            f"{name}; expected finite numbers{advice}"
        )
