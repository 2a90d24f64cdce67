"""What can be made random, and what a map explains that stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from becam.measuring.config import named
from recsys.errors import unknown

MPRT, EMBEDDING, SHUFFLED = "mprt", "random-embedding", "shuffled-content"


@dataclass(frozen=True)
class Check:
    """One sanity check.

    Attributes:
        name: what a user types.
        label: what a table or figure calls it.
        when: what is random, as in "when ...".
        explains: what a map is no explanation of where it stays as it is.
        about: what is done, a sentence for a caption, with its source.
    """

    name: str
    label: str
    when: str
    explains: str
    about: str


CHECKS: Mapping[str, Check] = {
    each.name: each
    for each in (
        Check(
            MPRT,
            "MPRT",
            "when the encoder's weights are random",
            "the encoder",
            "MPRT: all weights of the encoder's picture tower drawn anew, from the output down "
            "(Adebayo et al. 2018)",
        ),
        Check(
            EMBEDDING,
            "random embedding",
            "when the item's embedding is random",
            "the behaviour",
            "random embedding: a random vector as long as b in its place, guiding the adapter too",
        ),
        Check(
            SHUFFLED,
            "shuffled content",
            "when masked contents are dealt to other channels",
            "what is seen under the masks",
            "shuffled content: each activation weighed by what is seen under another channel's "
            "mask",
        ),
    )
}


def checks_of(text: str) -> tuple[Check, ...]:
    """Return the checks that ``text`` names, in the order of `CHECKS`.

    Args:
        text: names, or ``all``, comma-separated.

    Raises:
        InputError: an unknown name, a name twice.
    """
    names = named("check", text)
    for name in names:
        if name not in (*CHECKS, "all"):
            raise unknown("check", name, [*CHECKS, "all"])
    return tuple(each for each in CHECKS.values() if "all" in names or each.name in names)
