"""``python -m benchmarks.hub``: what the hub costs; with ``--failures`` what outages do."""

import argparse
import os
import time

from .scenarios import SCENARIOS, running_setup, simulator


def _cost(ports: tuple[int, int], readers: list[int], seconds: float) -> None:
    """Print what publishing costs with so many readers, beside a service without a hub."""
    print("readers  messages/s  CPU us/message (reactor)  stall ms  p50 ms  p99 ms", flush=True)
    for count in [-1, *readers]:
        with running_setup(ports) as setup:
            reading = setup.readers(count) if count > 0 else None
            service = setup.publisher(seconds, with_hub=count >= 0)
            found = setup.result(service)
            late = {"p50_ms": 0.0, "p99_ms": 0.0} if reading is None else setup.result(reading)
        print(
            f"{'no hub' if count < 0 else count:>7}  {found['rate']:10.0f}  "
            f"{found['cpu_us']:14.1f} ({found['reactor_us']:7.1f})  {found['stall_ms']:8.1f}  "
            f"{late['p50_ms']:6.2f}  {late['p99_ms']:6.2f}",
            flush=True,
        )


def _failures(ports: tuple[int, int], only: str) -> None:
    """Print what becomes of messages, memory and reactor when something fails."""
    for name, break_things, seconds, servers, start in SCENARIOS:
        if only not in name:
            continue
        with running_setup(ports, servers, start=start) as setup:
            if servers > 1:
                setup.make_streams(servers)
            reader = setup.readers()
            setup.publisher(seconds, with_costs=False)
            break_things(setup)
            sent = _sum(setup.results("publisher"))
            # For what a reader still has to read after a loss.
            time.sleep(5)
            got = setup.result(reader)
        print(
            f"{name}:\n"
            f"  stall {sent['stall_ms']:.1f} ms, memory +{sent['memory_mb']:.1f} MB, "
            f"connections {sent['connects']}\n"
            f"  events: {sent['events']} sent, {got['events']} read, from number "
            f"{got['first_event']} on; {got['events_twice']} twice, "
            f"in order: {got['events_in_order']}, told missing {got['events_missing']}\n"
            f"  telemetry: {sent['telemetry']} sent, {got['telemetry']} read, told missing "
            f"{got['telemetry_missing']} (difference "
            f"{sent['telemetry'] - got['telemetry'] - got['telemetry_missing']}), "
            f"dropped before the hub {sent['dropped_telemetry']}",
            flush=True,
        )


def _sum(found: list[dict[str, float]]) -> dict[str, float]:
    """Return the sums of the counts of several services, and the largest of stalls and memory."""
    return {
        name: (max if name in ("stall_ms", "memory_mb") else sum)(each[name] for each in found)
        for name in found[0]
    }


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hub", description=__doc__)
    parser.add_argument("--failures", action="store_true", help="outages in place of costs")
    parser.add_argument("--only", default="", metavar="TEXT", help="outages of this name")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--readers", default="1,10,50", help="how many, with commas")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    with simulator() as ports:
        if arguments.failures:
            _failures(ports, arguments.only)
        else:
            counts = [int(count) for count in arguments.readers.split(",")]
            _cost(ports, counts, arguments.seconds)


_main()
