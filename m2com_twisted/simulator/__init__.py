"""A simulated cell controller for tests."""

from .controller import CellController
from .model.model import Model
from .model.profiles import DEFAULT, ORIGINAL, PROFILES, STRICT, Profile
from .ports.injection import INJECTIONS, Injection

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
