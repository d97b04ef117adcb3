"""What a reader of a decision should be told besides the figures."""

from __future__ import annotations

from dataclasses import dataclass

from sfcore.metrics.figures import Scope


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a reader of the decision should be told besides the figures; nothing of it changes the verdict."""

    candidate_base: str | None = None
    champion_base: str | None = None
    champion_version: int | None = None
    """The version of the test pictures' table by which the champion was promoted."""
    champion_dataset: str | None = None
    """The dataset by which it was promoted."""
    champion_is_there: bool = True
    """Whether the champion's files are in the workspace."""


def told_of(circumstances: Circumstances | None, scope: Scope | None, champion: str | None, scored: bool) -> str:
    """What is unusual about a comparison with the champion; ``scored``: whether the run has figures of it."""
    if circumstances is None or champion is None:
        return ""
    told = "" if scored else f" The champion {champion} was not scored in this run: rules that do not name it know nothing of it."
    bases = circumstances.candidate_base, circumstances.champion_base
    if None not in bases and bases[0] != bases[1]:
        both = ": both answered the same pictures" if scored else ""
        told += f" The champion is of another base ({bases[1]}, not {bases[0]}){both}."
    if not circumstances.champion_is_there:
        told += f" The files of the champion {champion} are gone: what it answered before is all there is of it."
    return told + _told_of_pictures(circumstances, scope, scored)


def _told_of_pictures(circumstances: Circumstances, scope: Scope | None, scored: bool) -> str:
    """Says when the champion was promoted on other pictures than these."""
    before = circumstances.champion_version
    if scope is None or before is None or not scored:
        return ""
    moved = circumstances.champion_dataset not in (None, scope.dataset)
    if before == scope.dataset_version and not moved:
        return ""
    of = f" of dataset '{circumstances.champion_dataset}'" if moved else ""
    now = f"version {scope.dataset_version}" + (f" of dataset '{scope.dataset}'" if moved else "")
    return (
        f" The champion was promoted on version {before} of the pictures{of}; both were scored again on the same rows of {now}."
    )
