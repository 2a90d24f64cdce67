"""How far content agrees with behaviour: the cosine with b, and what may stand in its place.

>>> item = explainer.behaviour(7, "bm3+befa")
>>> found = SCORES["neighbours"].of(item, masked.rows)
"""

from becam.scores.behaviour import Behaviour, behaviour_of
from becam.scores.named import SCORES, Score, score_of

__all__ = ["SCORES", "Behaviour", "Score", "behaviour_of", "score_of"]
