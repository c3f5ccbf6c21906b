"""Replies to commands that go wrong on request."""

from collections import deque
from typing import Any

from ...wire.codec import Message
from .answers import Answer
from .injection import Injection

__all__ = ["MisbehavingAnswers"]

#: Default delay of a late acknowledgement, in seconds.
_LATE_SECONDS = 1.0

#: Added to a sequence id.  The sum is above all ids of the client, and below the last id
#: (protocol-answers).
_WRONG_ID = 1_000_000


class MisbehavingAnswers:
    """Makes the replies to each command: the injected ones first, then correct ones."""

    def __init__(self) -> None:
        self._injections: deque[Injection] = deque()

    def inject(self, injection: Injection) -> None:
        """Let the replies to the next commands go wrong."""
        self._injections.extend([injection] * injection.count)

    def next(self) -> Answer:
        """Return the replies to the next command."""
        if not self._injections:
            return Answer()
        injection = self._injections.popleft()
        answer = _ANSWERS[injection.name]()
        if injection.name == "late-ack":
            answer.delay = injection.seconds or _LATE_SECONDS
        return answer


class _Unacknowledged(Answer):
    def acknowledgement(self, sequence_id: Any) -> list[Message]:
        return []


class _Unfinished(Answer):
    def final(self, outcome: str, sequence_id: Any) -> list[Message]:
        return []


class _Repeated(Answer):
    def final(self, outcome: str, sequence_id: Any) -> list[Message]:
        return super().final(outcome, sequence_id) * 2


class _Mistaken(Answer):
    def final(self, outcome: str, sequence_id: Any) -> list[Message]:
        # If ids are not checked, an id may be text.
        wrong = sequence_id + _WRONG_ID if isinstance(sequence_id, int) else f"{sequence_id}?"
        return super().final(outcome, wrong)


_ANSWERS: dict[str, type[Answer]] = {
    "late-ack": Answer,
    "missing-ack": _Unacknowledged,
    "missing-success": _Unfinished,
    "duplicate-success": _Repeated,
    "wrong-id": _Mistaken,
}
