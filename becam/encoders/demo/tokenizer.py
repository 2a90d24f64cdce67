"""Words of a caption or title become token ids."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from becam.encoders.demo import FOLDER

PAD, START = 0, 1
_FIRST_WORD = 2
_WORD = re.compile(r"[^\W_]+")


def split_words(text: str) -> list[str]:
    """Split a text into lower-case words; punctuation only separates."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Tokenizer:
    """A closed list of words; any other word falls into one of ``buckets`` by its hash.

    Ids: 0 padding, 1 start, then the words, then the buckets, and last the end token. It must be
    the highest, because open_clip's text tower takes the feature at the highest id of a text.

    Raises:
        ValueError: a word is listed twice, or is none (see :func:`split_words`); no bucket.
    """

    words: tuple[str, ...]
    buckets: int = 64

    def __post_init__(self) -> None:
        bad = [word for word in self.words if split_words(word) != [word]]
        if bad or len(set(self.words)) != len(self.words):
            raise ValueError(f"words must be distinct single lower-case words, got {bad[:3]}")
        if self.buckets < 1:
            raise ValueError(f"buckets must be at least 1, got {self.buckets}")

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words, start=_FIRST_WORD)}

    @property
    def first_bucket(self) -> int:
        """Id of the first bucket."""
        return _FIRST_WORD + len(self.words)

    @property
    def end(self) -> int:
        """Id of the end token, the highest."""
        return self.first_bucket + self.buckets

    @property
    def vocab_size(self) -> int:
        """Number of ids."""
        return self.end + 1

    def token(self, word: str) -> int:
        """Return the id of one lower-case word."""
        known = self._ids.get(word)
        if known is not None:
            return known
        # Not hash(): it differs from process to process.
        digest = hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()
        return self.first_bucket + int.from_bytes(digest[:8], "big") % self.buckets

    def __call__(self, texts: Sequence[str], context_length: int) -> npt.NDArray[np.int64]:
        """Tokenise texts: start, words, end, padding. Longer texts lose their last words.

        Returns:
            (len(texts), context_length) int64.
        """
        if isinstance(texts, str):
            raise TypeError("texts: expected a sequence of strings, got one string")
        tokens = np.full((len(texts), context_length), PAD, np.int64)
        for row, text in zip(tokens, texts, strict=True):
            words = split_words(text)[: context_length - 2]
            ids = [START, *(self.token(word) for word in words), self.end]
            row[: len(ids)] = ids
        return tokens


def demo_tokenizer() -> Tokenizer:
    """Return the tokenizer that the demo encoders are trained with: the frozen ``words.json``."""
    return Tokenizer(tuple(json.loads((FOLDER / "words.json").read_text(encoding="utf-8"))))


def single_words(phrases: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct words of some phrases, sorted."""
    return tuple(sorted({word for phrase in phrases for word in split_words(phrase)}))
