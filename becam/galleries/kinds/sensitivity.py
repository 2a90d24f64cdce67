"""Kind ``sensitivity``: BeFA in several hidden widths, as curves and a table (Fig. 10).

Keys are the options of `becam table sensitivity`, with ``_`` for ``-``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from becam.galleries.kinds.table import TableSpec, table_spec

if TYPE_CHECKING:
    from becam.galleries.document import Section
    from becam.galleries.kinds import Overrides


def parse(section: Section, overrides: Overrides) -> TableSpec:
    """Read a spec of this kind.

    Raises:
        InputError: what it says can't be used; names file, line and key.
    """
    return table_spec(section, overrides, "sensitivity", kind="sensitivity")
