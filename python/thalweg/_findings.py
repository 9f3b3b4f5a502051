"""What the checks conclude, as values."""

import json
from dataclasses import dataclass
from typing import Any

from . import _core


@dataclass(frozen=True)
class Evidence:
    """A number that a finding rests on, beside the limit that it broke and where that limit comes from."""

    quantity: str
    scope: str
    value: float | None
    threshold: float | None
    source: str


@dataclass(frozen=True)
class Remedy:
    lever: str
    value: Any


@dataclass(frozen=True)
class Finding:
    """`code` is one that `thalweg explain` knows; `causes` are the codes of the findings that explain this one."""

    code: str
    severity: str
    message: str
    first_step: int
    last_step: int
    scope: str
    causes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    remedies: tuple[Remedy, ...]
    _document: dict[str, Any]

    @staticmethod
    def from_json(text: str) -> "Finding":
        d = json.loads(text)
        return Finding(
            d["code"], d["severity"], d["message"], d["step"][0], d["step"][1], d["scope"], tuple(d["causes"]),
            tuple(Evidence(e["quantity"], e["scope"], e["value"], e["threshold"], e["source"]) for e in d["evidence"]),
            tuple(Remedy(r["lever"], r["value"]) for r in d["remedies"]), d)

    def to_dict(self) -> dict[str, Any]:
        """As `thalweg train --json` prints it."""
        return self._document

    def __str__(self) -> str:
        return f"{self.code}, steps {self.first_step} to {self.last_step}: {self.message}"


@dataclass(frozen=True)
class Overhead:
    """What looking has cost. share, by_instrument: of the training time, first turns aside; first, seconds, trained:
    seconds; period: steps between an instrument's turns, on average; peak_bytes: the most that a turn allocated."""

    budget: float
    share: float
    first: float
    seconds: float
    trained: float
    peak_bytes: int
    by_instrument: dict[str, float]
    period: dict[str, float]

    @staticmethod
    def of(cost: _core.Overhead) -> "Overhead":
        return Overhead(cost.budget, cost.share, cost.first, cost.seconds, cost.trained, cost.peak_bytes,
                        dict(cost.by_instrument), dict(cost.period))

    def to_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "by_instrument": dict(self.by_instrument), "period": dict(self.period)}
