"""Encoders of open_clip: its models, its pretrained weights, or a file's."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from becam.encoders.checkpoints import check_finite, check_fits, read_state, state_hash
from becam.encoders.hub import quiet_client, reason_of, why_unreachable
from becam.encoders.names import EncoderName
from becam.encoders.open_clip_match import matching_models
from becam.encoders.preprocess import Preprocessing
from becam.encoders.tower_encoder import TowerEncoder
from becam.encoders.towers import layout_of
from recsys.errors import InputError, shown, unknown

# In OpenAI's own checkpoints, beside the weights.
_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")
# A sigmoid loss has a bias; weights that were trained with another lack it, and it is not used.
_LOSS_ONLY = ("logit_bias", "logit_scale")


def load_open_clip_encoder(
    name: EncoderName, *, device: torch.device, dtype: torch.dtype
) -> TowerEncoder:
    """Load an encoder of open_clip.

    ``clip:NAME/PRETRAINED`` and ``hf-hub:ORG/NAME`` are loaded by open_clip, which downloads
    weights once; ``clip:NAME@FILE`` reads a file and downloads nothing.

    Raises:
        InputError: an unknown tag, weights that can't be downloaded, read or used.
    """
    with _quiet():
        if name.file:
            model, overrides = _from_file(name), _agreed_preprocessing(name.model)
        else:
            model, overrides = _pretrained(name), {}
        settings = _preprocess_settings(model) | overrides
    state = model.state_dict()
    check_finite(state, shown(name.file or name), skip=_infinite_buffers(model))
    layout = layout_of(model.visual)
    rows, columns = _pair(settings["size"])
    preprocessing = Preprocessing(
        size=(rows, columns),
        resize=settings["resize_mode"],
        # open_clip takes anything else than bilinear for bicubic.
        interpolation="bilinear" if settings["interpolation"] == "bilinear" else "bicubic",
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
        fill=settings["fill_color"],
        used=layout.used((rows, columns)),
    )
    about = {"model": name.model, "gelu": _uses_quick_gelu(model)}
    return TowerEncoder(
        str(name),
        visual=model.visual,
        text=_TextTower(model),
        tokenizer=_LazyTokenizer(name),
        weights_hash=state_hash(state, about),
        preprocessing=preprocessing,
        layout=layout,
        device=device,
        dtype=dtype,
    )


class _TextTower(nn.Module):
    """The text half of a CLIP model, however the model keeps it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        model: Any = self.model
        features: Tensor = model.encode_text(tokens, normalize=False)
        return features


class _LazyTokenizer:
    """open_clip's tokenizer of a model, made when the first text comes.

    Some are downloaded or need the package transformers: pictures alone must not need either.
    """

    def __init__(self, name: EncoderName) -> None:
        self._name = name
        self._made: Any = None

    def __call__(self, texts: Sequence[str]) -> Tensor:
        if self._made is None:
            import open_clip

            try:
                with _quiet():
                    self._made = open_clip.get_tokenizer(self._name.model)
            except Exception as error:
                raise InputError(
                    f"the tokenizer of encoder {shown(self._name)} can't be loaded "
                    f"({_reason(error)}); --modalities image does without"
                ) from None
        tokens: Tensor = self._made(list(texts))
        return tokens


def _pretrained(name: EncoderName) -> Any:
    """Let open_clip make a model with its pretrained weights."""
    import open_clip

    quick_gelu, source = False, name.model
    repository = name.model.removeprefix("hf-hub:") if name.hub else ""
    if name.pretrained is not None:
        tags = open_clip.list_pretrained_tags_by_model(name.model)
        if not open_clip.is_pretrained_cfg(name.model, name.pretrained):
            if not tags:
                raise InputError(
                    f"open_clip has no pretrained weights of {name.model}; expected a file, "
                    f"as in clip:{name.model}@weights.safetensors"
                )
            raise unknown(f"pretrained weights of {name.model}", name.pretrained, tags)
        about = open_clip.get_pretrained_cfg(name.model, name.pretrained)
        quick_gelu = bool(about.get("quick_gelu"))
        # open_clip's form: ORG/NAME/FILE, or ORG/NAME/ for the usual file names.
        repository = about.get("hf_hub", "").rpartition("/")[0]
        source = repository or about.get("url", "") or name.pretrained
    if repository and (why := why_unreachable(repository)):
        raise InputError(_not_had(name, source, f"downloaded ({why})", quick_gelu))
    try:
        model = open_clip.create_model(
            name.model,
            name.pretrained,
            # The activation that the weights were trained with, whatever the model's name says.
            force_quick_gelu=quick_gelu,
            require_pretrained=True,
        )
    except Exception as error:
        done = "downloaded" if _is_download(error) else "loaded"
        what = f"{done} ({_reason(error)})"
        raise InputError(_not_had(name, source, what, quick_gelu)) from None
    return model


def _not_had(name: EncoderName, source: str, what: str, quick_gelu: bool) -> str:
    """Say that the weights could not be had, and what to do instead."""
    quick = quick_gelu and not name.model.endswith("-quickgelu")
    advice = f"with a file of them: clip:{name.model}{'-quickgelu' if quick else ''}@FILE"
    if name.hub:
        advice = "for a file of weights, name its model: clip:NAME@FILE"
    return f"encoder {shown(name)}: the weights ({source}) could not be {what}; {advice}"


def _from_file(name: EncoderName) -> Any:
    """Make a model and fill it from a file, without open_clip's silent resizing of weights."""
    import open_clip
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    assert name.file is not None
    try:
        model = open_clip.create_model(name.model, None, pretrained_hf=False)
    except Exception as error:
        raise InputError(
            f"encoder {shown(name)}: {name.model} can't be made ({_reason(error)})"
        ) from None
    state = {key: value for key, value in read_state(name.file).items() if key not in _NOT_WEIGHTS}
    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    needed = model.state_dict()
    for key in _LOSS_ONLY:
        if key in state and key not in needed:
            del state[key]
        elif key in state and state[key].numel() == needed[key].numel():
            state[key] = state[key].reshape(needed[key].shape)
    fitting = [each for each in matching_models(state) if each != name.model]
    hint = f"; its sizes are those of {', '.join(fitting[:3])}" if fitting else ""
    check_fits(state, needed, file=name.file, model=name.model, hint=hint, optional=_LOSS_ONLY)
    model.load_state_dict(state, strict=False)  # check_fits: only what _LOSS_ONLY names may lack
    return model


def _preprocess_settings(model: Any) -> dict[str, Any]:
    """Return the model's own settings, with open_clip's defaults."""
    import open_clip
    from open_clip.transform import PreprocessCfg

    defaults: dict[str, Any] = dataclasses.asdict(PreprocessCfg())
    return defaults | dict(open_clip.get_model_preprocess_cfg(model))


def _agreed_preprocessing(model: str) -> dict[str, Any]:
    """Return the settings that all pretrained weights of a model share; none if they differ.

    A file says nothing of its preprocessing: SigLIP's weights, say, all have another than CLIP's.
    """
    import open_clip

    names = ("mean", "std", "interpolation", "resize_mode")
    variants = [model, model.removesuffix("-quickgelu")]
    found = [
        {
            key: value
            for key, value in open_clip.get_pretrained_cfg(each, tag).items()
            if key in names
        }
        for each in dict.fromkeys(variants)
        for tag in open_clip.list_pretrained_tags_by_model(each)
    ]
    distinct = {json.dumps(each, sort_keys=True) for each in found}
    return found[0] if len(distinct) == 1 else {}


def _infinite_buffers(model: nn.Module) -> list[str]:
    return [name for name, value in model.named_buffers() if "mask" in name and value.ndim == 2]


def _uses_quick_gelu(model: nn.Module) -> bool:
    return any(type(module).__name__ == "QuickGELU" for module in model.modules())


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_download(error: Exception) -> bool:
    return any(isinstance(each, OSError) for each in _chain(error)) or (
        "could not be loaded" in str(error) or "Failed to download" in str(error)
    )


def _reason(error: Exception, limit: int = 160) -> str:
    """Say in a few words why something failed: the first sentence of the last error."""
    text = " ".join(reason_of(error).split()) or type(error).__name__
    first = text.rpartition("Last error: ")[2].partition(". ")[0]
    return first if len(first) <= limit else first[: limit - 3] + "..."


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the remarks of open_clip and of the hub's client from the user's screen.

    open_clip's go to the root logger, which would set itself up to print them.
    """
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)
    try:
        with quiet_client():
            yield
    finally:
        root.removeHandler(handler)
