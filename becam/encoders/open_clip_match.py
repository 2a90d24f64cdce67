"""Which of open_clip's architectures weights belong to, by their sizes."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor


def matching_models(state: Mapping[str, Tensor]) -> list[str]:
    """Name the models of open_clip whose native towers have the sizes of these weights.

    Empty for weights of other towers (timm's, Hugging Face's).
    """
    found = importlib.util.find_spec("open_clip")
    folders = list(found.submodule_search_locations or ()) if found else []
    sizes = _sizes_of(state)
    if sizes is None:
        return []
    paths = [path for each in folders for path in Path(each).glob("model_configs/*.json")]
    return sorted(
        path.stem
        for path in paths
        if _sizes_in(json.loads(path.read_text(encoding="utf-8"))) == sizes
    )


def _sizes_of(state: Mapping[str, Tensor]) -> tuple[Any, ...] | None:
    stem = state.get("visual.conv1.weight")
    text = next(
        (
            state[key]
            for key in ("token_embedding.weight", "text.token_embedding.weight")
            if key in state
        ),
        None,
    )
    if stem is None or text is None or stem.ndim != 4:
        return None
    places = state.get(
        "visual.positional_embedding", state.get("visual.attnpool.positional_embedding")
    )
    blocks: tuple[int, ...] = (_count(state, "visual.transformer.resblocks."),)
    if not blocks[0]:
        blocks = tuple(_count(state, f"visual.layer{stage}.") for stage in range(1, 5))
    patch = stem.shape[2] if len(blocks) == 1 else 0
    tokens = None if places is None else places.shape[0]
    return (stem.shape[0], patch, blocks, tokens, *text.shape)


def _sizes_in(config: Mapping[str, Any]) -> tuple[Any, ...] | None:
    vision, text = config["vision_cfg"], config["text_cfg"]
    if "timm_model_name" in vision or "width" not in text or "layers" not in vision:
        return None
    layers, size = vision["layers"], vision.get("image_size", 224)
    if isinstance(layers, list):
        width, patch, blocks = vision.get("width", 64) // 2, 0, tuple(layers)
    else:
        width, patch, blocks = vision.get("width", 768), vision.get("patch_size", 16), (layers,)
    tokens = (size // (patch or 32)) ** 2 + 1
    return (width, patch, blocks, tokens, text.get("vocab_size", 49408), text["width"])


def _count(state: Mapping[str, Tensor], prefix: str) -> int:
    numbers = {key[len(prefix) :].partition(".")[0] for key in state if key.startswith(prefix)}
    return len(numbers)
