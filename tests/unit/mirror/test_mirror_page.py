"""The page docs/mirror.rst: its tables follow from the code, and its example runs."""

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from docs.generate_mirror import PAGE, page
from m2com_twisted.mirror import Condition
from m2com_twisted.testing import MirrorBench
from tests.support.pages import code_blocks


def test_the_tables_are_up_to_date() -> None:
    """``python -m docs.generate_mirror`` changes nothing."""
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text


def test_the_example_of_the_page(bench: MirrorBench, capsys: pytest.CaptureFixture[str]) -> None:
    """The night on the page moves the mirror, waits for a fault, and ends safe."""
    names: dict[str, Any] = {}
    exec(code_blocks("docs/mirror.rst", "python")[0], names)
    night: Deferred[None] = Deferred.fromCoroutine(names["night"](bench.mirror))
    bench.advance(60.0)
    assert bench.mirror.condition is Condition.TRACKING
    assert bench.model.mirror.pose.z == pytest.approx(50.0, abs=1.0)
    bench.fault(6056)
    bench.advance(30.0)
    assert night.called
    output = capsys.readouterr().out
    assert "Loop closed running\nLoop closed done" in output
    assert "make_safe done" in output
    assert not bench.model.motor_on
