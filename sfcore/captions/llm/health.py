"""When a language model is not worth asking any longer: an error budget that ends a hopeless run early, in one sentence."""

from __future__ import annotations

from collections import Counter

from sfcore.captions.llm.call import CallFailed
from sfcore.errors import WorkFailed

# A proxy may deny one call by mistake; a wrong key is denied each time.
_DENIED_IN_A_ROW = 3
# With the default of eight calls at once: three rounds in which nothing came back.
_FAILED_IN_A_ROW = 24
# Fewer captions say little about a share.
_LEAST_CAPTIONS = 10


class Health:
    """Counts what one captioner's calls and captions come to; raises `WorkFailed` when there is no point in going on."""

    def __init__(self, url: str, error_budget: float) -> None:
        self._url, self._budget = url, error_budget
        self._denied = self._failed = 0
        self._written = 0
        self._unwritten: Counter[str] = Counter()
        self._example: dict[str, str] = {}

    def answered(self) -> None:
        """A call had a reply."""
        self._denied = self._failed = 0

    def failed(self, failure: CallFailed) -> None:
        """A call had none. Being told to wait is no failure: an endpoint with a quota says so all day."""
        self._denied = self._denied + 1 if failure.reason == "denied" else 0
        self._failed += failure.reason != "busy"
        if self._denied >= _DENIED_IN_A_ROW:
            raise WorkFailed(_denied(self._url, failure))
        if self._budget < 1 and self._failed >= _FAILED_IN_A_ROW:
            raise WorkFailed(
                f"the language model at {self._url} failed {self._failed} calls in a row (at last: {failure}): mend it and run "
                "again, what is committed stays."
            )

    def written(self) -> None:
        """The model wrote a caption."""
        self._written += 1

    def unwritten(self, trouble: str, detail: str) -> None:
        """The grammar had to write one, for a kind of ``trouble``."""
        self._unwritten[trouble] += 1
        self._example[trouble] = detail
        missed = self._unwritten.total()
        asked = missed + self._written
        if asked >= _LEAST_CAPTIONS and missed > self._budget * asked:
            most, _ = self._unwritten.most_common(1)[0]
            raise WorkFailed(
                f"the language model at {self._url} failed to write {missed} of {asked} captions, more than "
                f"supervision.teacher.error_budget ({self._budget:g}) allows (mostly {most}, at last: {self._example[most]}): "
                "mend it and run again, what is committed stays."
            )


def _denied(url: str, failure: CallFailed) -> str:
    return f"the language model at {url} {failure}: check SFACE_TEACHER_URL, SFACE_TEACHER_MODEL and SFACE_TEACHER_KEY."


def sentence_of(url: str, failure: CallFailed) -> str:
    """Why a first call had no reply, and what to do."""
    if failure.reason in ("denied", "not accepted"):
        return _denied(url, failure)
    if failure.reason == "unreachable":
        return f"nothing answers at {url} ({failure}): start the language model there, or set SFACE_TEACHER_URL to where it is."
    if failure.reason == "busy":
        return f"the language model at {url} takes no calls now ({failure}): try later, or ask for a higher limit."
    return f"what answers at {url} is no chat endpoint that works ({failure}): check SFACE_TEACHER_URL, which mostly ends in /v1."
