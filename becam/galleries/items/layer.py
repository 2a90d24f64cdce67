"""Whether the encoders of a gallery have the layer that its spec names, before anything is made."""

from __future__ import annotations

import logging

from becam.encoders.names import EncoderName
from becam.galleries.kinds.items import ItemsSpec
from recsys.errors import InputError, unknown


def check_layer(spec: ItemsSpec) -> None:
    """Open each encoder and look the layer up; weights that may be far away are not loaded.

    Of an encoder whose weights are downloaded the layer's name alone is checked, by its
    architecture; of ImageBind's nothing. The rest is told when the gallery is made, which opens
    the encoders first.

    Raises:
        InputError: an encoder that can't be opened, or without this layer.
    """
    from becam.encoders.registry import load_encoder

    layer = spec.config.layer
    for encoder in spec.encoders:
        name = EncoderName.parse(encoder)
        near = name.family == "demo" or name.file is not None
        opened = None
        if near:
            opened = load_encoder(encoder, device=spec.config.device, dtype=spec.config.dtype)
        try:
            if opened is not None:
                opened.layer(layer)
            elif layer is not None and name.family == "clip" and not name.hub:
                _check_name(name.model, layer)
        except InputError as error:
            raise wrong_layer(spec, encoder, error) from error


def wrong_layer(spec: ItemsSpec, encoder: str, error: InputError) -> InputError:
    """Build the error for a layer that an encoder lacks: names file, line and key."""
    whose = f"encoder {encoder}: " if len(spec.encoders) > 1 else ""
    return spec.section.error("layer", f"{whose}{error}")


def _check_name(model: str, layer: str) -> None:
    """Raise InputError unless a model of open_clip has a layer of this name."""
    import open_clip
    import torch

    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)  # open_clip's, that there are no weights
    try:
        with torch.device("meta"):  # sizes without weights: no time, no memory
            made = open_clip.create_model(model, None, device="meta", pretrained_hf=False)
    except Exception:  # a model that can't be made so: its weights are opened later
        return
    finally:
        logging.disable(disabled)
    names = [name for name, _ in made.visual.named_modules() if name]
    if layer not in names:
        raise unknown("layer", layer, names)
