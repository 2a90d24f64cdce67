"""Whether a map depends on what the encoder has learnt."""

from becam.sanity.mprt import Randomisation, RandomisedStage, mprt

__all__ = ["Randomisation", "RandomisedStage", "mprt"]
