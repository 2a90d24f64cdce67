"""The model card, from what stands in the weight files."""

from __future__ import annotations

import sys
from pathlib import Path

from becam.encoders.demo import FOLDER, NAMES
from becam.encoders.demo.training.probes import REQUIRED
from becam.encoders.demo.weights import EncoderCard, read_card
from recsys.files import write_atomic

_HEAD = """\
# Demo encoders

Two small CLIP models that come with becam, so that its demo runs offline and within seconds. They
know the pictures of the demo catalogue and nothing else: no photo has been used to train them,
and on photos their features are of little use. For photos take a real CLIP.

- **Built from** open_clip's `VisionTransformer`, `ModifiedResNet` and `TextTransformer`; the
  configs beside this file are open_clip model configs, the weights have open_clip's names.
- **Trained on** generated picture-caption pairs, drawn afresh (never the catalogue's), with the
  contrastive loss of CLIP. Each picture also has captions with one attribute swapped as
  negatives, above all the category. A quarter of the pictures are seen through random masks,
  because BeCAM shows the encoder masked pictures.
- **Text**: a closed list of words, and hash buckets for all others; {length} tokens at most.
- **Files**: safetensors, matrices float16, computed in float32. Config, words, pixel mean and
  standard deviation, training settings and the figures below stand in the file's metadata.
- **Licence**: that of becam.

Train again: `python -m becam.encoders.demo.training --out DIR --minutes M --seed {seed}`. The
same seed gives the same pictures, initial weights and order; a GPU's sums still differ in the
last bits, and with `--minutes` the number of steps depends on the machine (`--steps` fixes it).
"""


def model_card(cards: list[EncoderCard]) -> str:
    """Write the model card of some encoders, in Markdown."""
    first = cards[0]
    lines = [_HEAD.format(seed=first.training["seed"], length=first.config.text.context_length)]
    names = [card.name for card in cards]
    lines += ["## Sizes and training", "", _row(["", *names]), _row(["---"] * (len(names) + 1))]
    facts = [_facts(card) for card in cards]
    lines += [_row([key, *(fact[key] for fact in facts)]) for key in facts[0]]
    lines += ["", "## Probes", ""]
    lines += [
        "Accuracy on unseen pictures, from frozen content features: `linear` is a logistic",
        "regression on two thirds of the pictures, tested on the rest; `zero-shot` picks the",
        "nearest of the titles that differ in this attribute alone.",
        "",
        _row(["pictures", "attribute", *(f"{n} {kind}" for n in names for kind in _KINDS), "goal"]),
        _row(["---"] * (3 + len(_KINDS) * len(names))),
    ]
    for key in first.probes:
        for attribute, least in REQUIRED.items():
            values = [f"{c.probes[key][kind][attribute]:.3f}" for c in cards for kind in _KINDS]
            lines.append(_row([key, attribute, *values, f"{least:.2f}"]))
    lines += ["", f"The nearest of {_pictures(first)} titles shows the same things:", ""]
    for key in first.probes:
        found = [f"{card.name} {card.probes[key]['retrieval']['recall@1']:.3f}" for card in cards]
        lines.append(f"- {key}: {', '.join(found)}")
    return "\n".join(lines) + "\n"


def write_model_card(folder: Path) -> None:
    """Write ``MODEL_CARD.md`` for the finished encoders of a folder."""
    paths = [folder / f"{name}.safetensors" for name in NAMES]
    cards = [card for card in (read_card(path) for path in paths if path.exists()) if card.probes]
    if not cards:
        raise SystemExit(f"no finished demo encoder in {folder}")
    text = model_card(cards)
    write_atomic(
        folder / "MODEL_CARD.md", lambda temporary: temporary.write_text(text, encoding="utf-8")
    )


_KINDS = ("linear", "zero_shot")


def _facts(card: EncoderCard) -> dict[str, str]:
    vision, training = card.config.vision, card.training
    last = training["history"][-1]
    tower = (
        f"ViT, {vision.layers} blocks, width {vision.width}, patch {vision.patch_size}"
        if isinstance(vision.layers, int)
        else f"ModifiedResNet {list(vision.layers)}, width {vision.width}"
    )
    return {
        "picture tower": tower,
        "input": f"{vision.image_size} x {vision.image_size}",
        "content feature": f"{card.config.embed_dim}",
        "training pictures": f"{training['pictures']:,}",
        "steps x batch": f"{last['step']:,} x {training['recipe']['batch']:,}",
        "training time": f"{last['seconds'] / 60:.1f} min on {training['device']}",
        "learning rate": f"{training['recipe']['learning_rate']:g}",
        "seed": f"{training['seed']}",
    }


def _pictures(card: EncoderCard) -> int:
    return int(next(iter(card.probes.values()))["retrieval"]["pictures"])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    write_model_card(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
