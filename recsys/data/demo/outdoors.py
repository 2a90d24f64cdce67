"""Things that the scenes out of doors share: the sky, balls."""

from __future__ import annotations

import numpy as np

from recsys.data.demo.canvas import Canvas, hsv, mix, pick, vivid
from recsys.data.demo.vocabulary import RGB

_WHITE: RGB = (248, 247, 242)


def sky(canvas: Canvas, rng: np.random.Generator, bottom: float) -> None:
    """Paint a day, evening or grey sky with clouds down to ``bottom``."""
    high, low = pick(
        rng,
        (
            (hsv(0.57 + rng.uniform(-0.03, 0.03), rng.uniform(0.4, 0.72), 0.93), (222, 238, 246)),
            (hsv(0.57, rng.uniform(0.3, 0.5), 0.9), (244, 240, 228)),
            (hsv(0.58, rng.uniform(0.5, 0.7), 0.85), (206, 232, 244)),
            ((112, 96, 160), (252, 176, 120)),
            ((176, 184, 194), (222, 224, 226)),
        ),
    )
    canvas.gradient((0, 0, 1, bottom), high, low)
    for _ in range(int(rng.integers(0, 4))):
        x, y, scale = rng.uniform(-0.1, 1.0), rng.uniform(0.02, bottom * 0.6), rng.uniform(0.5, 1)
        for shift, lift, radius in ((0, 0, 0.045), (0.05, -0.02, 0.06), (0.11, 0, 0.045)):
            centre = (x + shift * scale, y + lift * scale)
            canvas.circle(centre, radius * scale, mix(low, (255, 255, 255), 0.7))


def ball(canvas: Canvas, rng: np.random.Generator, x: float, y: float, line: float) -> None:
    """Let a ball lie at (x, y), smaller near the horizon ``line``; panelled or plain."""
    radius = 0.018 + 0.05 * (y - line) / (1 - line)
    canvas.shadow((x - radius * 1.3, y, x + radius * 1.5, y + radius * 1.5), 0.5)
    first, second = vivid(rng), pick(rng, (_WHITE, vivid(rng)))
    canvas.circle((x, y), radius, first)
    if rng.random() < 0.7:
        angle = rng.uniform(0, 120)
        for k in range(3):
            start = angle + 120 * k
            canvas.ellipse((x, y), (radius, radius), second, arc=(start, start + 60))
        canvas.circle((x, y), radius * 0.2, _WHITE)
    spot = (x - radius * 0.75, y - radius * 0.8, x + radius * 0.05, y)
    canvas.soften(spot, (255, 255, 255), 0.7)
