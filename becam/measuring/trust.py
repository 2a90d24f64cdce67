"""What speaks against a run's maps as explanations, in words: a line a recommender and reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from becam.content_dependence import ContentDependence, mean_dependence
from becam.measuring.methods import OWN, asks, score_by
from becam.measuring.words import listed, share
from becam.methods import Method
from becam.metrics import Value
from becam.presets import COSINE

if TYPE_CHECKING:
    from becam.recognition import Recognition

TRACES = "neighbours"  # the method that shows best what an adapter leaves of the content


@dataclass(frozen=True)
class Trust:
    """What was seen of one recommender's maps; controls aside, which claim nothing.

    Attributes:
        model: its name.
        recognition: how well it tells contents apart, by each score that asks.
        contents: of each item, how much of its content the adapter lets through.
        maps: by method, the health of each map that there is, as `becam.measuring.figures` names
            its figures.
    """

    model: str
    recognition: Mapping[str, Recognition | None]
    contents: list[ContentDependence] = field(default_factory=list)
    maps: dict[Method, list[Mapping[str, Value]]] = field(default_factory=dict)

    def add(self, method: Method, values: Mapping[str, Value]) -> None:
        """Take a map in; one that is not defined is counted nowhere."""
        if asks(method) and values["degenerate"].value is not None:
            self.maps.setdefault(method, []).append(values)

    def notes(self, weighting: str) -> Iterator[str]:
        """Yield a line for each thing that is wrong; none where all is well.

        Args:
            weighting: BeCAM's, which decides what can be advised.
        """
        ignored = [each for each in self.contents if each.ignored]
        alike = [each for each in self.contents if math.isnan(each.ratio)]
        if alike:
            yield (
                f"{self.model}: in {share(len(alike), len(self.contents))} the projection makes "
                "the content of all items alike: the recommender ignores the content, and the maps "
                "are not explanations"
            )
        if ignored:
            yield self._ignored(ignored)
        equal = "; ".join(self._degenerate())
        if equal:
            advised = weighting != "contrast" and not ignored and not alike
            yield (
                f"{self.model}: degenerate maps {equal}: these are the unweighted activation map, "
                "not explanations" + ("; try --weighting contrast" if advised else "")
            )
        if self.contents and len(ignored) + len(alike) == len(self.contents):
            return  # why no score tells contents apart has been said
        for score, found in self.recognition.items():
            if found is not None and (warning := found.warning(score)):
                yield f"{self.model}: {warning}"

    def _ignored(self, found: Sequence[ContentDependence]) -> str:
        # A score other than the cosine may show what little an adapter lets through.
        traced = all(each.trace for each in found)
        by_trace = [each for each in self.maps if score_by(each) != COSINE and traced]
        others = [each for each in self.maps if each not in by_trace]
        meaning = []
        if others or not by_trace:
            meaning.append(f"whatever the weighting, maps{_by(others)} are not explanations")
        if by_trace:
            meaning.append(
                f"maps{_by(by_trace)} show the trace that is left, not what recommendations rest on"
            )
        elif traced:
            meaning.append(f"--methods {OWN},{TRACES} shows the trace that is left")
        figure = f"{mean_dependence(found):.2g}" + (" on average" if len(found) > 1 else "")
        return (
            f"{self.model}: the adapter's output ignores the content of "
            f"{share(len(found), len(self.contents))} (content dependence {figure}, 1 without the "
            f"adapter): {'; '.join(meaning)}"
        )

    def _degenerate(self) -> Iterator[str]:
        """Yield how many of each method's maps are, with the figures that say so."""
        for method, maps in self.maps.items():
            found = [values for values in maps if values["degenerate"].value]
            if found:
                figures = [
                    f"{what} {_mean(found, name):.2g}"
                    for name, what in (
                        ("spread", "spread of the weights"),
                        ("distance", "distance from the unweighted map"),
                    )
                    if any(values[name].value is not None for values in found)
                ]
                yield (
                    f"by {method.label} in {share(len(found), len(maps))} ({', '.join(figures)}"
                    f"{' on average' if len(found) > 1 else ''})"
                )


def _by(methods: Sequence[Method]) -> str:
    return f" by {listed([method.label for method in methods])}" if methods else ""


def _mean(maps: Iterable[Mapping[str, Value]], name: str) -> float:
    known = [value for each in maps if (value := each[name].value) is not None]
    return sum(known) / len(known)
