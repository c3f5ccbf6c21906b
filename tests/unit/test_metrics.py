"""The metrics, as Prometheus gets them."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from twisted.web.wsgi import WSGIResource

from m2com_twisted.metrics import ControllerCollector, RecorderCollector, metrics_site
from m2com_twisted.recording import segments
from tests.support.embedded_service import Embedded
from tests.support.recordings import Recording


@pytest.fixture
def embedded() -> Embedded:
    """Return a service with the command port up, one message old."""
    embedded = Embedded()
    embedded.service.startService()
    embedded.command.last.accept()
    embedded.command.last.receive(b'{"id": "interlock"}\r\nnonsense\r\n')
    embedded.clock.advance(0.5)
    return embedded


def test_counters_of_each_connection(embedded: Embedded) -> None:
    """Each connection has its own value, counters and gauges under their names."""
    service = embedded.service
    collector = ControllerCollector(lambda: (service.state, service.stats), embedded.clock.seconds)
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    assert 'm2com_connected{connection="command"} 1.0' in lines
    assert 'm2com_connected{connection="telemetry"} 0.0' in lines
    assert 'm2com_messages_total{connection="command"} 1.0' in lines
    assert 'm2com_bad_lines_total{connection="command"} 1.0' in lines
    assert 'm2com_connects_total{connection="telemetry"} 0.0' in lines
    assert 'm2com_silence_seconds{connection="command"} 0.5' in lines
    assert "# TYPE m2com_messages_total counter" in lines
    assert "# TYPE m2com_queue_depth gauge" in lines


def test_counters_of_a_recorder(tmp_path: Path) -> None:
    """A recorder's metrics are messages on disk, waiting and lost, and the segment's age."""
    recording = Recording(tmp_path)
    collector = RecorderCollector(lambda: recording.recorder.stats)
    registry = CollectorRegistry()
    registry.register(collector)
    recording.write(3)
    recording.send(2)
    recording.clock.advance(1)
    collector.look()
    lines = generate_latest(registry).decode().splitlines()
    assert "m2com_recording_messages 3.0" in lines
    assert "m2com_recording_waiting_messages 2.0" in lines
    assert "m2com_recording_lost_messages_total 0.0" in lines
    assert "m2com_recording_segment_age_seconds 3.0" in lines
    [file] = segments(tmp_path)
    assert f"m2com_recording_bytes {file.stat().st_size:.1f}" in lines
    recording.stop()


def test_only_a_look_touches_the_counters(embedded: Embedded) -> None:
    """A collecting thread sees only what the reactor's thread has copied."""
    looks: list[int] = []
    service = embedded.service

    def observe() -> object:
        looks.append(1)
        return service.state, service.stats

    collector = ControllerCollector(observe, embedded.clock.seconds)  # type: ignore[arg-type]  # counts
    list(collector.collect())
    list(collector.collect())
    assert len(looks) == 1
    collector.look()
    assert len(looks) == 2


def test_served_under_metrics_as_they_are_then(embedded: Embedded) -> None:
    """A request for /metrics gets the present counters; nothing else is served."""
    looks: list[int] = []
    service = embedded.service

    def observe() -> object:
        looks.append(1)
        return service.state, service.stats

    site = metrics_site(ControllerCollector(observe, embedded.clock.seconds))  # type: ignore[arg-type]  # counts
    looks.clear()
    site.resource.getChildWithDefault(b"favicon.ico", None)
    assert not looks
    served = site.resource.getChildWithDefault(b"metrics", None)
    assert looks == [1]
    assert isinstance(served, WSGIResource)
