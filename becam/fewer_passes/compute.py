"""Masked features from fewer passes: choose channels, encode them, account for the others."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from becam.device import dtype_name
from becam.engine import Engine, Seen
from becam.fewer_passes.gradients import channel_gradients
from becam.fewer_passes.partial import Partial
from becam.fewer_passes.prediction import chosen_channels, complete
from becam.masked_features import MaskedFeatures, job_of, plain_tensor
from becam.store import TensorStore
from becam.target import Projection, Target

VERSION = 1  # raised whenever the same picture would give other values


def partial_features(
    engine: Engine,
    picture: Image.Image,
    *,
    passes: int,
    scheme: str,
    store: TensorStore | None = None,
    projection: Projection | None = None,
    target: Target | None = None,
) -> MaskedFeatures:
    """Return a picture's masked features, at most ``passes`` of them encoded.

    ``predict`` and ``variance`` serve every recommender, as exact features do; ``gradient``
    chooses the channels for one projection and target, and serves only these.

    Args:
        engine: encodes pictures under masks.
        picture: RGB.
        passes: masked pictures encoded at most, beside the picture and its fill.
        scheme: one of `becam.presets.SCHEMES`.
        store: where results are kept.
        projection, target: for ``gradient``.

    Raises:
        InputError: values that are not finite.
        MemoryError: one masked picture is too much.
        OSError: the store can't be written.
        ValueError: ``gradient`` without projection and target.
    """
    about = {"scheme": scheme, "passes": passes, "scheme_version": VERSION}
    seen: Seen | None = None
    leading: Tensor | None = None
    if scheme == "gradient":
        if projection is None or target is None:
            raise ValueError("channels by gradient depend on a projection and a target")
        source = engine.encoder.preprocess(picture)
        slopes = channel_gradients(engine.encoder, source, engine.layer, projection, target)
        leading = slopes.cpu().topk(min(passes, len(slopes))).indices.sort().values
        about["chosen"] = leading.tolist()  # all that depends on the target
    job = job_of(engine, picture, about)
    tensors = store.get(job.key) if store else None
    cached = tensors is not None
    if tensors is None:
        (seen,) = engine.look([engine.encoder.preprocess(picture)])
        tensors = _compute(engine, seen, passes, scheme, leading)
        if store:
            store.put(job.key, tensors, job.about)
    exact = {name: values for name, values in tensors.items() if "." not in name}
    return MaskedFeatures(
        **exact,
        picture=job.picture,
        precision=dtype_name(engine.dtype),
        key=job.key,
        cached=cached,
        partial=Partial.from_tensors(tensors, scheme),
    )


def _compute(
    engine: Engine, seen: Seen, passes: int, scheme: str, leading: Tensor | None
) -> dict[str, Tensor]:
    activations, content = plain_tensor(seen.activations), plain_tensor(seen.content)
    checked: Tensor | None = None
    if scheme == "predict":
        chosen, checked = chosen_channels(activations, passes)
    elif leading is not None:
        chosen = leading
    else:
        spread = activations.flatten(1).var(1)
        chosen = spread.topk(min(passes, len(spread))).indices.sort().values
    maps = seen.activations[chosen.to(seen.activations.device)]
    ((encoded, fill),) = engine.encode([seen.picture], [maps])
    encoded, fill = plain_tensor(encoded), plain_tensor(fill)
    if checked is not None:
        features, exact, prediction = complete(
            activations, chosen, checked, encoded, fill_content=fill, content=content
        )
        partial = Partial(scheme, len(chosen), exact, prediction)
    else:
        # Not a number: whoever uses what was never encoded shall notice.
        features = torch.full((len(activations), encoded.shape[1]), float("nan"))
        features[chosen] = encoded
        exact = torch.zeros(len(activations), dtype=torch.bool)
        exact[chosen] = True
        partial = Partial(scheme, len(chosen), exact)
    return {
        "features": features,
        "activations": activations,
        "content": content,
        "fill_content": fill,
        **partial.tensors(),
    }
