"""What importing the simulator does to the process."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["simulator", "programs.m2sim_tap"])
def test_importing_installs_no_reactor(module: str) -> None:
    """Importing the simulator installs no reactor, and imports no numpy."""
    code = (
        f"import sys, m2com_twisted.{module}; "
        "print('twisted.internet.reactor' in sys.modules, 'numpy' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert output.stdout.split() == [b"False", b"False"]
