"""A cell controller to test against."""

from .controller import CellController
from .model import Model
from .profiles import DEFAULT, ORIGINAL, PROFILES, STRICT, Profile

__all__ = ["DEFAULT", "ORIGINAL", "PROFILES", "STRICT", "CellController", "Model", "Profile"]
