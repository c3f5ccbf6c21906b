"""Writes messages to segments, one job after the other."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .channels import Arrival
from .retention import Keep, Retention
from .segment import Damage, Instant, Segment
from .segment_limits import SegmentLimits

__all__ = ["Disk", "JobOutcome"]

# Seconds between two checks for segments that must be deleted.
_PRUNE_INTERVAL = 20.0


@dataclass
class JobOutcome:
    """The result of one job.

    Attributes
    ----------
    recorded
        Change of the number of messages on disk.  Negative if some are not there any more.
    lost
        Number of messages that are lost for good.
    refused
        The reason why the messages of the job could not be written.  They may be tried
        again.  None if they were written.
    notes
        Lines for the log, with their levels.
    """

    recorded: int = 0
    lost: int = 0
    refused: Exception | None = None
    notes: list[tuple[int, str]] = field(default_factory=list)


class Disk:
    """The segments of one run of a recorder.

    Its methods wait for the disk.  So they are called in a thread, one at a time.

    Parameters
    ----------
    directory
        Directory of the segments.
    limits
        Size and age at which a new segment is begun.
    keep
        Limits of the older segments that are kept.
    now
        Returns the present time.
    """

    def __init__(
        self, directory: Path, limits: SegmentLimits, keep: Keep, now: Callable[[], Instant]
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._retention = Retention(directory, keep)
        self._now = now
        self._segment: Segment | None = None
        self._previous: Segment | None = None
        self._pruned_at: float | None = None
        self._prune_error = ""
        self._bytes_before = 0
        # Whether the directory has existed at some time since the start.
        self._was_there = False

    @property
    def segment(self) -> Segment | None:
        """The segment that is being written."""
        return self._segment

    @property
    def bytes(self) -> int:
        """Bytes of all segments that were written in this run and still exist."""
        return self._bytes_before + (0 if self._segment is None else self._segment.size)

    def open(self) -> JobOutcome:
        """Create the directory and begin a segment."""
        outcome = JobOutcome()
        try:
            self._begin(self._now().monotonic)
        except OSError as error:
            outcome.refused = error
        return outcome

    def write(self, arrivals: Sequence[Arrival]) -> JobOutcome:
        """Write messages to the segment, or to a new one.

        Parameters
        ----------
        arrivals
            The messages, in their order.  If there are none, only the segment is checked.
        """
        outcome = JobOutcome()
        self._look_at_segment(outcome)
        if arrivals:
            self._append(arrivals, outcome)
        return outcome

    def sync(self) -> JobOutcome:
        """Write all data to the disk (fsync), and delete old segments."""
        outcome = JobOutcome()
        self._look_at_segment(outcome)
        self._sync_segment(outcome)
        self._prune(outcome)
        return outcome

    def finish(self) -> JobOutcome:
        """Complete the segment."""
        outcome = self.sync()
        self._finish_segment(outcome)
        return outcome

    def _look_at_segment(self, outcome: JobOutcome) -> None:
        """End a segment that is too old or too large, or that another program has changed."""
        segment = self._segment
        if segment is None:
            return
        damage = _damage_of(segment, outcome)
        if damage is not None:
            if damage.is_whole:
                self._finish_segment(outcome)
            else:
                self._abandon(damage.size)
        elif self._is_full(segment):
            self._finish_segment(outcome)

    def _is_full(self, segment: Segment) -> bool:
        age = (self._now().monotonic - segment.started) / 1e9
        is_full = segment.size >= self._limits.size or age >= self._limits.age
        return is_full and segment.messages > 0

    def _append(self, arrivals: Sequence[Arrival], outcome: JobOutcome) -> None:
        """Write messages.  If the segment cannot be written, try once with a new one."""
        is_new = self._segment is None
        try:
            self._append_once(arrivals, outcome)
        except OSError as error:
            if is_new:
                outcome.refused = error
                return
            try:
                self._append_once(arrivals, outcome)
            except OSError as second_error:
                outcome.refused = second_error
            else:
                outcome.notes.append((logging.WARNING, f"A new segment was begun: {error}"))

    def _append_once(self, arrivals: Sequence[Arrival], outcome: JobOutcome) -> None:
        segment = self._segment or self._begin(arrivals[0].time)
        try:
            segment.append(arrivals, self._now())
        except OSError:
            # This also writes the summary of the segment, if the disk still accepts it.
            self._finish_segment(outcome)
            raise
        except Exception as error:
            # The cause is a message and not the disk, so another attempt would fail as well.
            outcome.notes.append((logging.ERROR, f"Messages cannot be recorded: {error!r}"))
            outcome.lost += len(arrivals)
            self._abandon(segment.size)
        else:
            outcome.recorded += len(arrivals)

    def _begin(self, first: int) -> Segment:
        # The parents are created only if the directory has never existed.  If its disk is no
        # longer mounted, the disk of the mount point must not be filled.
        self._directory.mkdir(parents=not self._was_there, exist_ok=True)
        self._was_there = True
        now = self._now()
        self._segment = self._previous = Segment(self._directory, now, first, self._previous)
        return self._segment

    def _sync_segment(self, outcome: JobOutcome) -> None:
        """Write the data of the segment to the disk.  If that fails, abandon the segment."""
        segment = self._segment
        if segment is None:
            return
        try:
            segment.sync()
        except OSError as error:
            outcome.notes.append((logging.ERROR, f"{segment.path}: {error}"))
            damage = _damage_of(segment, outcome)
            self._abandon(segment.size if damage is None else damage.size)

    def _finish_segment(self, outcome: JobOutcome) -> None:
        # The sync comes first, because the messages that it loses must be counted.
        self._sync_segment(outcome)
        if self._segment is None:
            return
        segment, self._segment = self._segment, None
        if segment.messages == 0:
            segment.abandon()
            return
        try:
            segment.finish()
        except OSError as error:
            outcome.notes.append((logging.WARNING, f"{segment.path} has no summary: {error}"))
        self._bytes_before += segment.size

    def _abandon(self, size: int) -> None:
        """Abandon the segment without a summary.  ``size`` is the number of its bytes."""
        if self._segment is not None:
            self._segment.abandon()
            self._bytes_before += size if self._segment.messages else 0
            self._segment = None

    def _prune(self, outcome: JobOutcome) -> None:
        monotonic = self._now().monotonic / 1e9
        if self._pruned_at is not None and monotonic - self._pruned_at < _PRUNE_INTERVAL:
            return
        self._pruned_at = monotonic
        try:
            deleted, errors = self._retention.prune(monotonic)
        except OSError as error:
            deleted, errors = [], [error]
        outcome.notes += [(logging.INFO, f"Deleted {path}") for path in deleted]
        said = "; ".join(map(str, errors))
        if said and said != self._prune_error:  # log it once, not three times a minute
            outcome.notes.append((logging.WARNING, f"Old segments cannot be deleted: {said}"))
        self._prune_error = said


def _damage_of(segment: Segment, outcome: JobOutcome) -> Damage | None:
    """Count and return the damage to a segment.  None if there is none."""
    damage = segment.damage()
    if damage is not None:
        outcome.notes.append((logging.ERROR, f"{segment.path} was left: {damage.reason}"))
        outcome.recorded -= damage.lost
        outcome.lost += damage.lost
    return damage
