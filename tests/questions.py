"""Questions about small encoders with known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from becam import Target
from becam.question import Question
from becam.scores import Behaviour
from recsys.configs import ModelConfig
from recsys.models.build import build
from recsys.models.names import ModelName
from tests.small import SmallEncoder, noise_picture

G = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
TARGET = Target(torch.tensor([0.3, -1.0, 0.2, 0.9]), "item", "7")
OTHER = Target(torch.tensor([-0.8, 0.1, 0.5, 0.4]), "item", "8")
PRODUCT = (slice(4, 12), slice(12, 20))  # rows, columns of the planted square


def project(content: Tensor) -> Tensor:
    return content @ G.T


def behaviour(width: int, model: str = "bm3+befa", index: int = 0) -> Behaviour:
    """An item of an untrained recommender with contents of ``width`` numbers."""
    generator = torch.Generator().manual_seed(5)
    contents = torch.randn(6, width, generator=generator)
    pairs = [(user, (user + step) % 6) for user in range(4) for step in range(3)]
    recommender = build(
        ModelName.parse(model),
        ModelConfig(dim=4, features="frozen"),
        train=np.array(pairs, np.int64),
        n_users=4,
        n_items=6,
        features={"image": contents},
        generator=generator,
    ).eval()
    others = torch.tensor([each for each in range(6) if each != index])
    return Behaviour(
        model=recommender.requires_grad_(False),
        modality="image",
        index=index,
        contents=contents,
        others=others,
        neighbours=others[:2],
        audience=torch.tensor([0, 1]),
    )


def question(encoder: SmallEncoder | None = None, **given: Any) -> Question:
    """A question about noise, with everything that any method needs."""
    encoder = encoder or SmallEncoder()
    usual: dict[str, Any] = {
        "encoder": encoder,
        "layer": encoder.layer(),
        "picture": noise_picture(50, 35),
        "projection": project,
        "target": TARGET,
        "category": "shoe",
        "others": [(project, OTHER)],
        "behaviour": behaviour(encoder.feature_dim),
    }
    return Question(**usual | given)


class Linear(SmallEncoder):
    """Content is a linear function of the picture."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.tower = nn.Sequential(nn.Conv2d(3, 2, 4, stride=4), nn.Flatten(), nn.Linear(72, 1))
        for parameter in self.tower.parameters():
            parameter.data = 0.02 * torch.randn(parameter.shape, generator=generator)
            parameter.requires_grad_(False)
        self.feature_dim = 1


def linear_question(**given: Any) -> Question:
    """A question whose score is linear in the picture."""

    def on_the_circle(content: Tensor) -> Tensor:
        return torch.cat([content, (1 - content**2).sqrt()], 1)

    target = Target(torch.tensor([1.0, 0.0]), "item", "7")
    return question(Linear(), projection=on_the_circle, target=target, **given)


def effect(asked: Question) -> Tensor:
    """Of each pixel and colour on a linear score, against the mean colour: (3, H, W) float64."""
    picture = asked.input[None].clone().requires_grad_()
    (slope,) = torch.autograd.grad(asked.score(picture).sum(), picture)
    return (slope[0] * asked.input).double()


def planted_question(**given: Any) -> Question:
    """A red square on noisy green, and an encoder whose content is how much there is of each."""
    encoder = SmallEncoder(channels=3, dim=3)
    convolution, head = encoder.tower[0], encoder.tower[4]
    for parameter in encoder.tower.parameters():
        parameter.data.zero_()
    for colour in range(3):
        convolution.weight.data[colour, colour] = 1 / 16
        head.weight.data[colour, 4 * colour : 4 * colour + 4] = 1
    pixels = np.random.default_rng(0).integers(60, 80, (24, 24, 3))
    pixels[..., 1] += 170
    pixels[PRODUCT] = [220, 40, 60]
    green = Target(torch.tensor([0.0, 1.0, 0.0]), "item", "8")
    red = Target(torch.tensor([1.0, 0.0, 0.0]), "item", "7")
    picture = Image.fromarray(pixels.astype(np.uint8))

    def plain(content: Tensor) -> Tensor:
        return content

    usual: dict[str, Any] = {"projection": plain, "target": red, "others": [(plain, green)]}
    return question(encoder, picture=picture, **usual | given)
