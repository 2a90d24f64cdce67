"""The study: when does an adapter remove drift and omission, and when does it hide the content?

>>> found = SCORES["effective-length"].of(behaviour, masked.rows)
"""

from becam.study.behaviour import Behaviour, behaviour_of
from becam.study.scores import SCORES, Score, score_of

__all__ = ["SCORES", "Behaviour", "Score", "behaviour_of", "score_of"]
