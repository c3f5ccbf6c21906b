"""A cell controller to test against."""

from .controller import CellController
from .injection import INJECTIONS, Injection
from .model import Model
from .profiles import DEFAULT, ORIGINAL, PROFILES, STRICT, Profile

__all__ = [
    "DEFAULT",
    "INJECTIONS",
    "ORIGINAL",
    "PROFILES",
    "STRICT",
    "CellController",
    "Injection",
    "Model",
    "Profile",
]
