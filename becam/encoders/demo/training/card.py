"""The model card, from what stands in the weight files."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from becam.encoders.demo import NAMES
from becam.encoders.demo.training.probes import REQUIRED
from becam.encoders.demo.training.recipe import PICTURES, RECIPES
from becam.encoders.demo.weights import EncoderCard, read_card
from recsys.files import write_text

_HEAD = """\
# Demo encoders

Small CLIP models that come with becam, so that its demo runs offline and within seconds. They are
no general vision models: they know the generated pictures of the demo catalogue and nothing else.
No photo was used to train them, and on photos their features mean little. For photos take a real
CLIP.

- **Built from** open_clip's `VisionTransformer`, `ModifiedResNet` and `TextTransformer`; the
  configs beside this file are open_clip model configs, the weights have open_clip's names.
- **Trained on** generated pictures, drawn for this purpose and never the catalogue's, and on
  captions worded anew at every step. Two losses: each picture against the captions of all values
  of one attribute (category, colour, pattern, scene), and CLIP's contrast of the pictures and
  captions of a batch, where pairs that show the same are no negatives.
- **In two phases**: first windows that hold the product, captioned with the product alone; then
  whole pictures with captions of the whole scene. In the second phase {masked:.0%} of the pictures
  are seen through random masks, because BeCAM shows the encoder masked pictures.
- **In rounds**: each has its own optimiser, seed and learning rate (a warm-up, then a cosine that
  reaches zero at the end of the schedule), and goes on from the weights of the one before it.
  *Plain attention* means matrix products in place of torch's fused kernel: the same function, with
  a faster backward pass on a CPU.{stopped}
- **Computed on** a CPU in bfloat16 (weights, loss and optimiser in float32). The transformer
  starts from a mimetic initialisation (Trockman & Kolter, 2023).
- **Centred**: after training, the mean over channels is taken out of all that the vision
  transformer's blocks add to the residual stream. LayerNorm subtracts that mean wherever the
  stream is read, so the content features stay the same; but nothing in training holds it in place,
  and a sum of activations over channels, such as a heatmap, would be ruled by it.
- **Text**: a closed list of words, and hash buckets for all others, which training never met;
  {length} tokens at most.
- **Files**: safetensors. Matrices are stored as float16, everything else as float32; everything
  is computed in float32. Config, words, pixel mean and standard deviation, training settings and
  the figures below stand in the file's metadata. The probes are of the stored weights.
- **Licence**: Apache-2.0, like becam.

Train again:

{commands}

The same seed gives the same pictures, initial weights and order of batches. On another machine, or
with another release of torch, rounding differs and grows: the weights are then equivalent, not the
same bytes.
"""


def model_card(cards: list[EncoderCard]) -> str:
    """Write the model card of some encoders, in Markdown."""
    first, names = cards[0], [card.name for card in cards]
    rounds = max(len(card.training["recipe"]["rounds"]) for card in cards)
    lines = [
        _HEAD.format(
            length=first.config.text.context_length,
            masked=first.training["recipe"]["augment"]["masked"],
            stopped="".join(_stopped(card) for card in cards),
            commands="\n".join(f"    {command(card)}" for card in cards),
        )
    ]
    lines += ["## Sizes and training", "", _row(["", *names]), _row(["---"] * (len(names) + 1))]
    facts = [_facts(card, rounds) for card in cards]
    lines += [_row([key, *(fact[key] for fact in facts)]) for key in facts[0]]
    lines += ["", "## Probes", ""]
    lines += [
        f"Accuracy on {_of_set(first, 'pictures')} unseen pictures of each kind, from frozen",
        "content features: `linear` is a logistic regression on two thirds of the pictures, tested",
        "on the rest, its regularisation chosen by cross-validation on the two thirds; `zero-shot`",
        "picks the nearest of the titles that differ in this attribute.",
        "`independent`: scene and distractors have nothing to do with the product.",
        "",
        _row(["pictures", "attribute", *(f"{n} {kind}" for n in names for kind in _KINDS), "goal"]),
        _row(["---"] * (3 + len(_KINDS) * len(names))),
    ]
    for key in first.probes:
        for attribute, least in REQUIRED.items():
            values = [f"{c.probes[key][kind][attribute]:.3f}" for c in cards for kind in _KINDS]
            lines.append(_row([key, attribute, *values, f"linear {least:.2f}"]))
    titles = _of_set(first, "retrieval")["pictures"]
    lines += ["", f"How often the nearest of {titles} titles shows the same things:", ""]
    for key in first.probes:
        found = [f"{card.name} {card.probes[key]['retrieval']['recall@1']:.3f}" for card in cards]
        lines.append(f"- {key}: {', '.join(found)}")
    return "\n".join(lines) + "\n"


def command(card: EncoderCard) -> str:
    """The command that trains an encoder again."""
    training, standard = card.training, RECIPES[card.name]
    recipe = training["recipe"]
    words = f"python -m becam.encoders.demo.training --encoder {card.name} --out DIR --work DIR"
    words += f" --seed {training['seed']}"
    if training["pictures"] != PICTURES:
        words += f" --pictures {training['pictures']}"
    rounds, usual = recipe["rounds"], [dataclasses.asdict(one) for one in standard.rounds]
    if _without_rates(rounds) != _without_rates(usual):
        words += f" --steps {rounds[0]['window_steps']} {rounds[0]['whole_steps']}"
    if recipe["batch"] != standard.batch:
        words += f" --batch {recipe['batch']}"
    if _rates(rounds) != _rates(usual)[: len(rounds)]:
        words += f" --learning-rate {_rates(rounds)[0]:g}"
    return words


def write_model_card(folder: Path) -> None:
    """Write ``MODEL_CARD.md`` for the probed encoders of a folder.

    Raises:
        InputError: a file is damaged.
        ValueError: the folder has no probed encoder.
    """
    paths = [folder / f"{name}.safetensors" for name in NAMES]
    cards = [card for card in (read_card(path) for path in paths if path.exists()) if card.probes]
    if not cards:
        raise ValueError(f"no probed demo encoder in {folder}")
    text = model_card(cards)
    write_text(folder / "MODEL_CARD.md", text)


_KINDS = ("linear", "zero_shot")


def _facts(card: EncoderCard, rounds: int) -> dict[str, str]:
    vision, training = card.config.vision, card.training
    recipe, last = training["recipe"], training["history"][-1]
    tower = (
        f"ViT, {vision.layers} blocks, width {vision.width}, patch {vision.patch_size}"
        if isinstance(vision.layers, int)
        else f"ModifiedResNet {list(vision.layers)}, width {vision.width}"
    )
    return {
        "picture tower": tower,
        "input": f"{vision.image_size} x {vision.image_size}",
        "content feature": f"{card.config.embed_dim}",
        "pictures": f"{training['pictures']:,}",
        "side of a window": f"{recipe['window'] * vision.cell} pixels",
        "pictures a step": f"{recipe['batch']}",
        **{
            f"round {number}": _round(recipe["rounds"][number - 1], training["seed"])
            if number <= len(recipe["rounds"])
            else "none"
            for number in range(1, rounds + 1)
        },
        "training time": f"{last['seconds']:,.0f} s, {training['device']}, "
        f"{training['threads']} thread",
        "seed": f"{training['seed']}",
    }


def _round(one: dict[str, Any], seed: int) -> str:
    """The steps that a round took, and how."""
    taken = one["stop_after"] or one["window_steps"] + one["whole_steps"]
    windows = min(taken, one["window_steps"])
    words = f"{windows:,} steps on windows, {taken - windows:,} on whole pictures"
    words += f"; learning rate up to {one['learning_rate']:g}; seed {seed + one['seed_offset']}"
    return words + ("; plain attention" if one["plain_attention"] else "")


def _stopped(card: EncoderCard) -> str:
    return "".join(
        f"\n  Round {number} of {card.name} was stopped after {one['stop_after']:,} of the "
        f"{one['window_steps'] + one['whole_steps']:,} steps of its schedule."
        for number, one in enumerate(card.training["recipe"]["rounds"], 1)
        if one["stop_after"]
    )


def _rates(rounds: list[dict[str, Any]]) -> list[float]:
    return [one["learning_rate"] for one in rounds]


def _without_rates(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: one[key] for key in one if key != "learning_rate"} for one in rounds]


def _of_set(card: EncoderCard, key: str) -> Any:
    return next(iter(card.probes.values()))[key]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
