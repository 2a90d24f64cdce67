"""Which methods are checked."""

from __future__ import annotations

from becam.measuring.config import named
from becam.measuring.methods import methods_of
from becam.methods import METHODS, Method
from recsys.errors import InputError, shown

ALWAYS = ("unweighted", "centre")
"""What the activations alone change, and what nothing changes."""


def methods_to_check(text: str) -> tuple[Method, ...]:
    """Return the methods that ``text`` names, and `ALWAYS`, in the registry's order.

    Args:
        text: names, ``scores``, ``controls``, ``baselines`` or ``all``, comma-separated.

    Raises:
        InputError: an unknown name, a name twice, what is a check itself.
    """
    found = methods_of(text, always=ALWAYS)
    for name in named("method", text):
        if name == "sanity" or (name in METHODS and METHODS[name].kind == "sanity"):
            checks = "random-embedding,shuffled-content" if name == "sanity" else name
            raise InputError(f"method {shown(name)} is a check: expected --checks {checks}")
    return tuple(each for each in found if each.kind != "sanity")
