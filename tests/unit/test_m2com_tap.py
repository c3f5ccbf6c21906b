"""The options of twistd m2com, and the service they make."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from twisted.application.service import (
    IService,
    IServiceCollection,
    IServiceMaker,
    MultiService,
)
from twisted.plugin import getPlugins

from m2com_twisted import CellControllerService
from m2com_twisted.programs import m2com_tap as tap
from m2com_twisted.recording import Keep, Recorder, SegmentLimits


async def take(message: object) -> None:
    """Take a message."""


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a module with a handler, and with what is none."""
    module: Any = ModuleType("handlers_of_mine")
    module.good = SimpleNamespace(event=take, telemetry=take)
    module.half = SimpleNamespace(event=take)
    module.Class = type("Class", (), {"event": take, "telemetry": take})
    monkeypatch.setitem(sys.modules, "handlers_of_mine", module)


@pytest.fixture(autouse=True)
def log_level() -> Iterator[None]:
    """Give the logger its level back."""
    log = logging.getLogger("m2com")
    level = log.level
    yield
    log.setLevel(level)


def made(*words: str) -> MultiService:
    """Return what these options make."""
    options = tap.Options()
    options.parseOptions(list(words))
    service = tap.makeService(options)
    assert isinstance(service, MultiService)
    return service


def test_makes_one_service_with_the_rest_in_it(tmp_path: Path) -> None:
    """The service contains the controller, and the recorder if it was asked for."""
    assert [type(child) for child in IServiceCollection(made())] == [CellControllerService]
    options = ["--record", str(tmp_path / "new"), "--handler", "handlers_of_mine:good"]
    recorder, controller = IServiceCollection(made(*options))
    assert isinstance(recorder, Recorder)
    assert isinstance(controller, CellControllerService)


def test_carries_the_log_while_it_runs() -> None:
    """The service carries the log while it runs, at info, or at debug if asked for."""
    log = logging.getLogger("m2com")
    before = list(log.handlers)
    for words, level in ([], logging.INFO), (["--verbose"], logging.DEBUG):
        program = made(*words)
        assert log.handlers == before
        controller = next(iter(IServiceCollection(program)))
        program.removeService(controller)  # which would dial
        program.startService()
        assert log.level == level
        assert len(log.handlers) == len(before) + 1
        program.stopService()
        assert log.handlers == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--command-port", "x"], "a port is a number from 1 to 65535, not 'x'"),
        (["--telemetry-port", "0"], "a port is a number from 1 to 65535, not '0'"),
        (["--bogus"], "option --bogus not recognized"),
        (["more"], "Wrong number of arguments."),
        (["--handler", "handlers_of_mine"], "--handler takes package.module:object"),
        (["--handler", "nowhere.x:y"], "cannot be imported: ModuleNotFoundError"),
        (["--handler", "handlers_of_mine:bad"], "cannot be imported: AttributeError"),
        (["--handler", "handlers_of_mine:half"], "is no object with the coroutines"),
        (["--handler", "handlers_of_mine:Class"], "is no object with the coroutines"),
        (["--metrics", "nonsense:1"], "--metrics nonsense:1 is no strport"),
        (["--metrics", "tcp:x"], "--metrics tcp:x is no strport"),
        (["--record", "/dev/null/x"], "--record: "),
        (["--record", ""], "--record is empty"),
        (["--record-keep", "100"], "a size such as 100GB or a duration such as 30d is wanted"),
        (["--record-keep", "0d"], "a size such as 100GB or a duration such as 30d is wanted"),
        (["--record-segment", "1 fortnight"], "a size such as 100GB or a duration such as 30d"),
        (["--record-keep", "1d"], "--record-keep is of no use without --record"),
        (["--handler", ""], "--handler is empty"),
        (["--metrics="], "--metrics is empty"),
    ],
)
def test_option_that_cannot_be_followed_is_one_line(words: list[str], says: str) -> None:
    """A wrong option ends the program with one line that says what is wrong."""
    with pytest.raises(SystemExit) as exit_info:
        made(*words)
    line = str(exit_info.value.code)
    assert line.startswith("m2com: ")
    assert says in line
    assert "\n" not in line


def test_directory_to_record_in_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    """A file in place of the directory to record in is found before anything is started."""
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match=r"m2com: --record: .*/file is not a directory"):
        made("--record", str(tmp_path / "file"))
    with pytest.raises(SystemExit, match=r"m2com: --record: .*/file is not a directory"):
        made("--record", str(tmp_path / "file" / "below"))
    made("--record", str(tmp_path / "new" / "below"))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "keep", "limits"),
    [
        ([], Keep(), SegmentLimits()),
        (["--record-keep", "100GB"], Keep(size=100 * 10**9), SegmentLimits()),
        (["--record-keep", "30d"], Keep(age=30 * 86400), SegmentLimits()),
        (["--record-segment", "1.5MB"], Keep(), SegmentLimits(size=1_500_000)),
        (["--record-segment=15min"], Keep(), SegmentLimits(age=900)),
    ],
)
def test_limits_of_a_recording(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    keep: Keep,
    limits: SegmentLimits,
) -> None:
    """The limits of a recording are sizes or durations with their units."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(
        "m2com_twisted.recording.Recorder",
        lambda directory, **options: given.update(options) or Recorder(directory),
    )
    made("--record", str(tmp_path), *words)
    assert (given["keep"], given["limits"]) == (keep, limits)


def test_recording_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recording without its extra says what to install."""
    for name in list(sys.modules):
        if name.startswith(("m2com_twisted.recording", "mcap.")):
            monkeypatch.delitem(sys.modules, name)
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "mcap", None)
    with pytest.raises(SystemExit, match=r"needs the extra 'recording'.*pip install"):
        made("--record", str(tmp_path))


def test_metrics_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics without their extra say what to install."""
    modules: dict[str, Any] = sys.modules
    monkeypatch.delitem(modules, "m2com_twisted.metrics", raising=False)
    monkeypatch.setitem(modules, "prometheus_client", None)
    with pytest.raises(SystemExit, match="needs the extra 'metrics'"):
        made("--metrics", "tcp:0")


def test_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """``twistd m2com --version`` shows the version of this package, not Twisted's."""
    with pytest.raises(SystemExit) as exit_info:
        tap.Options().parseOptions(["--version"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out.startswith("m2com_twisted ")


def test_one_service_maker_for_each_program() -> None:
    """Each program has one service maker, for twistd and twist alike."""
    names = [maker.tapname for maker in getPlugins(IServiceMaker)]
    assert names.count("m2com") == names.count("m2sim") == 1
    assert IService.providedBy(made())
