"""ImageBind (Girdhar et al., CVPR 2023): its picture tower and its text tower."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from becam.encoders.checkpoints import check_finite, check_fits, read_state, state_hash
from becam.encoders.hub import reason_of
from becam.encoders.imagebind_classes import imagebind_classes
from becam.encoders.names import EncoderName
from becam.encoders.preprocess import Preprocessing
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import TowerLayout
from recsys.errors import InputError, shown

URL = "https://dl.fbaipublicfiles.com/imagebind/imagebind_huge.pth"
LICENCE = (
    "ImageBind's code and weights are licensed CC-BY-NC 4.0 (its LICENSE file: CC BY-NC-SA 4.0): "
    "not for commercial use"
)
_CONTEXT = 77
_PICTURES, _TEXTS = "vision", "text"
_OTHERS = ("audio", "depth", "thermal", "imu")


@dataclass(frozen=True, kw_only=True)
class ImageBindSizes:
    """Arguments of ``ImageBindModel``; by default those of ``imagebind_huge``."""

    vision_embed_dim: int = 1280
    vision_num_blocks: int = 32
    vision_num_heads: int = 16
    text_embed_dim: int = 1024
    text_num_blocks: int = 24
    text_num_heads: int = 16
    out_embed_dim: int = 1024

    def build(self) -> Any:
        """Make the model; towers of modalities that becam never uses are as small as can be."""
        least = {f"{name}_num_blocks": 1 for name in _OTHERS}
        least |= {f"{name}_embed_dim": 8 for name in _OTHERS}
        least |= {f"{name}_num_heads": 1 for name in _OTHERS}
        return imagebind_classes().ImageBindModel(**asdict(self), **least)


HUGE = ImageBindSizes()


class _Tower(nn.Module):
    """One modality's way through an ImageBindModel, as its ``forward`` goes."""

    def __init__(self, model: Any, modality: str) -> None:
        super().__init__()
        self.modality = modality
        self.preprocessor: Any = model.modality_preprocessors[modality]
        self.trunk: Any = model.modality_trunks[modality]
        self.head: Any = model.modality_heads[modality]
        self.postprocessor: Any = model.modality_postprocessors[modality]

    def forward(self, values: Tensor) -> Tensor:
        parts = self.preprocessor(**{self.modality: values})
        found: Tensor = self.head(self.trunk(**parts["trunk"]), **parts["head"])
        return self._finished(found)

    def _finished(self, features: Tensor) -> Tensor:
        found: Tensor = self.postprocessor(features)
        return found


class _TextTower(_Tower):
    """The text tower; its features have length 1, as those of pictures.

    ImageBind's own output is scaled by the temperature of its training loss besides.
    """

    def _finished(self, features: Tensor) -> Tensor:
        found: Tensor = self.postprocessor[0](features)
        return found


class _Tokenizer:
    """ImageBind's tokenizer; a text that is too long keeps its end token, which is read out."""

    def __init__(self) -> None:
        classes = imagebind_classes()
        self._own = classes.SimpleTokenizer(bpe_path=str(classes.vocabulary))
        self._ends = tuple(self._own.encoder[f"<|{end}oftext|>"] for end in ("start", "end"))

    def __call__(self, texts: Sequence[str]) -> Tensor:
        tokens = torch.zeros(len(texts), _CONTEXT, dtype=torch.long)
        start, end = self._ends
        for row, text in zip(tokens, texts, strict=True):
            ids = [start, *self._own.encode(text)[: _CONTEXT - 2], end]
            row[: len(ids)] = torch.tensor(ids)
        return tokens


def load_imagebind_encoder(
    name: EncoderName,
    *,
    device: torch.device,
    dtype: torch.dtype,
    sizes: ImageBindSizes | None = None,
) -> TowerEncoder:
    """Load ImageBind: 1024-d features, a 16 x 16 grid, the second-to-last block by default.

    Args:
        name: ``imagebind``, whose weights are downloaded once, or ``imagebind@FILE``.
        device: where it computes.
        dtype: precision of the picture tower.
        sizes: of another model than ``imagebind_huge``.

    Raises:
        InputError: ImageBind is not installed; weights that can't be downloaded or used.
    """
    sizes = sizes or HUGE
    imagebind_classes()  # missing: told before anything is downloaded
    file = name.file or _downloaded()
    model = sizes.build()
    unused = tuple(f".{other}." for other in _OTHERS)
    needed = {k: v for k, v in model.state_dict().items() if not any(u in k for u in unused)}
    state = {k: v for k, v in read_state(file).items() if not any(u in k for u in unused)}
    check_fits(state, needed, file=file, model="ImageBind (imagebind_huge)")
    mask = f"modality_preprocessors.{_TEXTS}.mask"  # minus infinity above the diagonal
    check_finite(state, shown(file), skip=[mask])
    model.load_state_dict(state, strict=False)  # what is missing are the unused modalities
    visual = _Tower(model, _PICTURES)
    rows, columns = visual.preprocessor.patches_layout[-2:]
    patch = visual.preprocessor.rgbt_stem.proj[-1].kernel_size[1:]
    return TowerEncoder(
        str(name),
        visual=visual,
        text=_TextTower(model, _TEXTS),
        tokenizer=_Tokenizer(),
        weights_hash=state_hash({k: v for k, v in model.state_dict().items() if k in needed}, {}),
        # As in imagebind.data.load_and_transform_vision_data.
        preprocessing=Preprocessing(
            size=(rows * patch[0], columns * patch[1]),
            resize="shortest",
            interpolation="bicubic",
            mean=(0.48145466, 0.4578275, 0.40821073),
            std=(0.26862954, 0.26130258, 0.27577711),
        ),
        layout=TowerLayout(
            f"trunk.blocks.{max(len(visual.trunk.blocks) - 2, 0)}",
            (rows, columns),
            visual.preprocessor.num_cls_tokens,
            patch,
        ),
        device=device,
        dtype=dtype,
        notes=(LICENCE,),
    )


def _downloaded() -> Path:
    """Return the file of the published weights; the first call downloads it (4.5 GB).

    It lies where ImageBind's own code looks for it.

    Raises:
        InputError: it can't be downloaded.
    """
    file = Path("~/.cache/imagebind_checkpoints/imagebind_huge.pth").expanduser()
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(URL, str(file))
        except Exception as error:
            raise InputError(
                f"encoder 'imagebind': the weights (imagebind_huge.pth, 4.5 GB) could not be "
                f"downloaded from {URL} ({reason_of(error)}); with a file of them: imagebind@FILE"
            ) from None
    return file
