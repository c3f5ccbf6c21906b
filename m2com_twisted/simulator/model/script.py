"""The script engine of ``runScript``.

Source: :ref:`protocol-motion`.
"""

__all__ = ["Script", "ScriptRefusedError"]


class ScriptRefusedError(Exception):
    """The script engine refuses a request."""


class Script:
    """Holds at most one script.  A script that runs only advances its percentage.

    Attributes
    ----------
    name
        Name of the loaded script.  Empty if none is loaded.
    running
        Whether the script runs.
    percentage
        Progress of the script.
    """

    def __init__(self) -> None:
        self.name = ""
        self.running = False
        self.percentage = 0

    def load(self, name: str) -> None:
        """Load a script by name.  It replaces one that was loaded before."""
        self._refuse(not name, "the script has no name")
        self._refuse(self.running, "a script runs")
        self.name, self.percentage = name, 0

    def run(self) -> None:
        """Start the script, or continue it."""
        self._refuse(not self.name, "no script is loaded")
        self._refuse(self.running, "the script runs already")
        self._refuse(self.percentage >= 100, "the script is done")
        self.running = True

    def stop(self) -> None:
        """Jump to the end, so that the script cannot be continued."""
        self.running, self.percentage = False, 100

    def pause(self) -> None:
        """Stop advancing, and keep the percentage."""
        self.running = False

    def clear(self) -> None:
        """Forget the script."""
        self._refuse(self.running, "the script runs")
        self.name, self.percentage = "", 0

    def abandon(self) -> None:
        """Forget the script, even if it runs."""
        self.running = False
        self.clear()

    def advance(self) -> int | None:
        """Advance by one percent.  Return the percentage, or None if the script does not run."""
        if not self.running:
            return None
        self.percentage += 1
        self.running = self.percentage < 100
        return self.percentage

    @staticmethod
    def _refuse(condition: bool, reason: str) -> None:
        if condition:
            raise ScriptRefusedError(reason)
