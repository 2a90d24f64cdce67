"""Vision transformers whose last block computes the token that is read out, and no other."""

from __future__ import annotations

import sys
from typing import Any

from torch import Tensor, nn

from becam.encoders.open_clip_classes import MODULES


class ReadOutBlock(nn.Module):
    """open_clip's last residual block, for the class token alone.

    A tower that pools by its class token reads nothing else of the last block's output. All tokens
    are still keys and values there; queries, output projection and MLP of the others, ten of the
    twelve parts of the block's arithmetic, are left out. What is read out is the same but for
    rounding.
    """

    def __init__(self, block: nn.Module) -> None:
        """Take over a ``ResidualAttentionBlock``, sharing its weights."""
        super().__init__()
        self.block: Any = block

    def forward(self, tokens: Tensor, **options: Any) -> Tensor:
        """Return the class token's output, (B, 1, d) for (B, L, d)."""
        if any(value is not None for value in options.values()):
            raise ValueError("expected no mask and no other keys")
        block = self.block
        normed, token = block.ln_1(tokens), tokens[:, :1]
        attended, _ = block.attn(normed[:, :1], normed, normed, need_weights=False)
        token = token + block.ls_1(attended)
        found: Tensor = token + block.ls_2(block.mlp(block.ln_2(token)))
        return found


def read_out_alone(tower: nn.Module) -> bool:
    """Let a picture tower's last block compute what is read out alone, where that is known how.

    Only open_clip's native vision transformers that pool by the class token are changed; their
    ``forward`` gives the same features afterwards, but no tokens.

    Args:
        tower: changed in place; its weights stay the same tensors.

    Returns:
        Whether it was changed.
    """
    classes: Any = sys.modules.get(type(tower).__module__)
    if classes is None or classes.__name__ not in MODULES:
        return False
    visual: Any = tower
    if type(tower) is not classes.VisionTransformer or visual.output_tokens:
        return False
    if visual.pool_type != "tok" or visual.attn_pool is not None:
        return False
    blocks = visual.transformer.resblocks
    last = blocks[-1]
    plain = type(last) is classes.ResidualAttentionBlock and not hasattr(last, "ln_1_kv")
    if not plain or not last.attn.batch_first:
        return False
    blocks[-1] = ReadOutBlock(last)
    return True
