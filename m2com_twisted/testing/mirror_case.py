"""A TestCase for trial with a mirror on the simulator in memory."""

from ..mirror import Limits, Mirror, Settings
from ..simulator import STRICT
from .cases import MemoryTestCase
from .mirror_bench import MirrorBench

__all__ = ["MirrorTestCase"]


class MirrorTestCase(MemoryTestCase):
    """A trial TestCase with a `Mirror` on a simulator in memory, in virtual time.

    It is like `MemoryTestCase`, with ``self.mirror`` in place of the two clients.

    Attributes
    ----------
    bench
        The `MirrorBench`, with the methods ``fault``, ``lose``, ``restore`` and ``restart``.
    settings, limits
        Settings and limits of the mirror.  A subclass may override them.
    """

    bench: MirrorBench
    profile = STRICT
    settings: Settings = Settings()
    limits: Limits = Limits()

    @property
    def mirror(self) -> Mirror:
        """The mirror; it is ready when a test begins."""
        return self.bench.mirror

    def _new_bench(self) -> MirrorBench:
        return MirrorBench(
            profile=self.profile, seed=self.seed, settings=self.settings, limits=self.limits
        )
