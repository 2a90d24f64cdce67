"""The product masks of the items to measure, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from recsys.data.catalogue import Catalogue

HOW = "by nearest neighbour"  # of a catalogue's note: what follows is another reason for doubt


def checked_masks(catalogue: Catalogue, indices: Sequence[int], *, own: bool) -> list[str]:
    """Read the items' masks and labels, so that a bad file is told before anything is trained.

    Args:
        catalogue: whose.
        indices: of the items.
        own: whether the catalogue's masks are used; its labels are in any case.

    Returns:
        What was done to fit masks to their pictures: a line for all of one kind.

    Raises:
        InputError: a file that is missing or can't be read, labels that don't fit.
    """
    resized: dict[str, list[str]] = {}
    for index in indices:
        item = catalogue.items[index]
        catalogue.annotation(item)
        note = catalogue.fitted_mask(item)[1] if own else None
        if note is not None:
            resized.setdefault(note.partition(HOW)[2], []).append(note)
    return [
        notes[0]
        if len(notes) == 1
        else f"{len(notes)} of {len(indices)} product masks are of another size than their "
        f"pictures and were resized (first: {notes[0]})"
        for notes in resized.values()
    ]
