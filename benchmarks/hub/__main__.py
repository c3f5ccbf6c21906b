"""``python -m benchmarks.hub``: what the hub costs; with ``--failures`` what outages do."""

import argparse
import os
import time
from statistics import median

from .scenarios import SCENARIOS, running_setup, simulator


def _cost(ports: tuple[int, int], readers: list[int], seconds: float, rounds: int) -> None:
    """Print what publishing costs with so many readers, beside two opponents.

    These are a service without a hub, and the smallest program that publishes the same for one
    reader.
    """
    cases = [("no hub", 0), ("smallest", 1), *((str(count), count) for count in readers)]
    found: dict[str, list[dict[str, float]]] = {name: [] for name, _ in cases}
    for _ in range(rounds):
        for name, count in cases:
            found[name].append(_measured(ports, name, count, seconds))
    print(" readers  messages/s  CPU us/message (reactor)  stall ms  p50 ms  p99 ms", flush=True)
    for name, values in found.items():
        middle = {key: median(value[key] for value in values) for key in values[0]}
        print(
            f"{name:>8}  {middle['rate']:10.0f}  "
            f"{middle['cpu_us']:14.1f} ({middle['reactor_us']:7.1f})  {middle['stall_ms']:8.1f}  "
            f"{middle['p50_ms']:6.2f}  {middle['p99_ms']:6.2f}"
        )


def _measured(ports: tuple[int, int], name: str, count: int, seconds: float) -> dict[str, float]:
    with running_setup(ports) as setup:
        reading = setup.readers(count) if count else None
        service = setup.publisher(
            seconds, with_hub=name != "no hub", is_smallest=name == "smallest"
        )
        found = setup.result(service)
        late = {"p50_ms": 0.0, "p99_ms": 0.0} if reading is None else setup.result(reading)
        return found | {key: late[key] for key in ("p50_ms", "p99_ms")}


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
    parser.add_argument("--rounds", type=int, default=3, help="print the medians of so many")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}", flush=True)
    with simulator() as ports:
        if arguments.failures:
            _failures(ports, arguments.only)
        else:
            counts = [int(count) for count in arguments.readers.split(",")]
            _cost(ports, counts, arguments.seconds, arguments.rounds)


_main()
