"""The landscape at a point: how steep, how curved, which ways still go down, each with its error."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from . import _core
from ._arguments import module, number, trainable, whole
from ._closures import Batches, losses_of

Progress = Callable[[str, int, int], None]
"""Stage, Hessian-vector products made in it, and planned at most (0: not known)."""


def _number(document: dict[str, Any], key: str) -> float:
    """JSON has no NaN: null, with the kind beside it."""
    value = document[key]
    return float(document["kind" if key == "value" else f"{key}_kind"] if value is None else value)


@dataclass(frozen=True)
class Eigenvalue:
    """An eigenvalue lies within [low, high]; converged: none further out was missed, as the survey's certainty says."""

    value: float
    low: float
    high: float
    residual: float
    converged: bool

    @staticmethod
    def _of(document: dict[str, Any]) -> "Eigenvalue":
        value, low, high, residual = (_number(document, key) for key in ("value", "low", "high", "residual"))
        return Eigenvalue(value, low, high, residual, document["converged"])


class Survey:
    """What `thalweg.survey` found. `str()` of it is for reading, `to_dict()` is what `thalweg survey --json` prints."""

    def __init__(self, document: dict[str, Any], text: str) -> None:
        self._document = document
        self._text = text

    verdict = property(lambda self: str(self._document["verdict"]),
                       doc="'saddle', 'minimum', 'not_critical' or 'cannot_tell'")

    @property
    def reasons(self) -> list[str]:
        return list(self._document["reasons"])

    @property
    def would_take(self) -> str:
        """What would tell, where it cannot be told."""
        return str(self._document["would_take"])

    @property
    def loss(self) -> float:
        return _number(self._document, "loss")

    @property
    def gradient_norm(self) -> float:
        return _number(self._document, "gradient_norm")

    @property
    def top(self) -> list[Eigenvalue]:
        """The largest eigenvalues of the Hessian, largest first."""
        return [Eigenvalue._of(e) for e in self._document["eigenvalues"]["top"]]

    @property
    def bottom(self) -> list[Eigenvalue]:
        """The smallest, smallest first."""
        return [Eigenvalue._of(e) for e in self._document["eigenvalues"]["bottom"]]

    @property
    def trace(self) -> tuple[float, float]:
        """The trace of the Hessian and its standard error; NaN where it was not asked for."""
        return _number(self._document["trace"], "value"), _number(self._document["trace"], "stderr")

    def to_dict(self) -> dict[str, Any]:
        return self._document

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        top = f", largest eigenvalue {self.top[0].value:.4g}" if self.top else ""
        return f"<thalweg.Survey: {self.verdict}, loss {self.loss:.4g}{top}>"


def _options(top: int, bottom: int, products: int, memory: float, seed: int, trace: bool) -> _core.SurveyOptions:
    options = _core.SurveyOptions()
    options.top = whole("top", top, 1)
    options.bottom = whole("bottom", bottom, 1)
    options.max_products = whole("products", products, 2)
    options.memory_limit = int(number("memory", memory, 1e6))
    options.seed = whole("seed", seed, 0)
    if not trace:
        options.trace_products = options.index_products = 0
    return options


@torch.enable_grad()
def survey(
    model: nn.Module,
    closure: Batches,
    *,
    loss: Callable[[Any], torch.Tensor] | None = None,
    independent: Iterable[Any] = (),
    top: int = 5,
    bottom: int = 1,
    trace: bool = True,
    layers: bool = False,
    density: bool = False,
    slices: bool = False,
    products: int = 400,
    memory: float = 1e9,
    seed: int = 0,
    progress: Progress | None = None,
) -> Survey:
    """Measures the landscape where the model's parameters stand.

    closure      () -> loss; or an iterable of batches with loss=, a function of one of them; or of closures. The
                 landscape is that of their mean. Each is called several times.
    independent  further batches (or closures) of the same kind, for the gradient's sampling noise and to measure the
                 eigenvectors again on batches that they do not know. Four or more are needed for an interval.
    top, bottom  how many eigenvalues at either end
    products     Hessian-vector products for the eigenvalues, at most
    memory       bytes that graphs and vectors may take together

    Parameters, .grad, buffers, random state and what modules hold are afterwards what they were; dropout masks are the
    same in every forward. thalweg.NoSecondDerivative is raised where an operation has none, and names it.
    """
    parameters = trainable(module("model", model))
    problem = _core.SurveyProblem()
    problem.subject = type(model).__name__
    problem.parameters = parameters
    problem.set_batches(losses_of(model, "closure", closure, loss))
    others = list(independent)
    if others:
        problem.set_independent(losses_of(model, "independent", others, loss))
    options = _options(top, bottom, products, memory, seed, trace)
    options.layers, options.density, options.slices = layers, density, slices
    # A call now and then lets Ctrl-C through.
    options.set_progress(progress or (lambda stage, made, planned: None))
    document, text = _core.survey(problem, options)
    return Survey(json.loads(document), text)
