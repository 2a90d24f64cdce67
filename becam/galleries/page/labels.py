"""What a warning says, in the few words that have room below a small map."""

from __future__ import annotations

import re

NOT_AN_EXPLANATION = "Not an explanation"
# The first that is found tells what a map with this warning is.
_VERDICTS = (
    (r"the trace that is left, not", "A trace of the content"),
    (r"map is approximate", "Approximate"),
    (
        r"not an explanation|says nothing|explains nothing|is constant|no weighting can change",
        NOT_AN_EXPLANATION,
    ),
)
OTHERWISE = "Warning"
# And the first of these, why.
_REASONS = (
    (r"output all but ignores the content", "the content hardly counts"),
    (r"output ignores the content", "ignores the content"),
    (r"content of all items alike", "all contents alike"),
    (r"hardly better than chance", "the score tells no contents apart"),
    (r"weights are nearly equal", "weights nearly equal"),
    (r"all weights are 0", "all weights 0"),
    (r"has one channel", "one channel alone"),
    (r"map is constant", "the map is constant"),
    (r"is the unweighted activation map", "the unweighted map"),
    (r"map is approximate", "too few passes"),
)


def label_of(warning: str) -> tuple[str, str]:
    """Return what a warning makes of a map, and why, in a few words each.

    A warning that is not known here gives its first clause for the reason.
    """
    verdict = next((words for known, words in _VERDICTS if re.search(known, warning)), OTHERWISE)
    reason = next((words for known, words in _REASONS if re.search(known, warning)), None)
    return verdict, reason or re.split(r" \(|[:;]", warning, maxsplit=1)[0]
