"""BeCAM, its controls and what it is compared with: one call for all.

>>> attribution = METHODS["occlusion"].run(question)
"""

from becam.methods.base import KINDS, NEEDS, Method
from becam.methods.options import MethodOptions
from becam.methods.registry import METHODS, method_of

__all__ = ["KINDS", "METHODS", "NEEDS", "Method", "MethodOptions", "method_of"]
