"""Two networks of one architecture: are they the same minimum, up to the order of their units?"""

import copy
import json
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from . import _core
from ._arguments import module, number, whole
from ._followed import chain_of

Evaluate = Callable[[nn.Module], Any]
"""A model to its loss: a number, or the losses of several equal batches."""

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


class Connection:
    """What `thalweg.connect` found. `str()` of it is for reading, `to_dict()` is what `thalweg connect --json` prints."""

    def __init__(self, document: dict[str, Any], text: str) -> None:
        self._document = document
        self._text = text

    verdict = property(lambda self: str(self._document["verdict"]), doc="'same', 'apart' or 'cannot_tell'")

    @property
    def reasons(self) -> list[str]:
        return list(self._document["reasons"])

    @property
    def would_take(self) -> str:
        """What would tell, where it cannot be told."""
        return str(self._document["would_take"])

    @property
    def bits(self) -> float:
        """log2 of the number of arrangements of the units that compute the same."""
        return float(self._document["symmetry"]["bits"])

    @property
    def barriers(self) -> dict[str, float]:
        """How far the loss rises above the line between its ends, by path."""
        barriers = {}
        for path in self._document["paths"]:
            value = path["parts"][0]["barrier"]
            barriers[str(path["name"])] = float(value["kind"] if value["value"] is None else value["value"])
        return barriers

    def to_dict(self) -> dict[str, Any]:
        return self._document

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<thalweg.Connection: {self.verdict}, {self.bits:.0f} bits of symmetry>"


def _losses(value: Any) -> list[float]:
    values = value if isinstance(value, Iterable) and not isinstance(value, torch.Tensor) else [value]
    if isinstance(value, torch.Tensor) and value.dim() == 1:
        values = list(value)
    losses = []
    for one in values:
        if not isinstance(one, int | float) and not (isinstance(one, torch.Tensor) and one.numel() == 1):
            raise TypeError(f"evaluate(model) gave a {type(one).__name__}, and it has to give the loss, a number, or the "
                            "losses of several batches")
        losses.append(float(one))
    if not losses:
        raise ValueError("evaluate(model) gave no loss")
    return losses


class _Work:
    """A copy of the model that stands wherever the path asks for."""

    def __init__(self, model: nn.Module, evaluate: Evaluate) -> None:
        self.model = copy.deepcopy(model)
        self._evaluate = evaluate
        self._tensors = [*self.model.parameters(), *_real_buffers(self.model).values()]
        self._count: int | None = None

    def _stand(self, weights: list[torch.Tensor]) -> None:
        for tensor, value in zip(self._tensors, weights, strict=True):
            tensor.data.copy_(value)
        self.model.eval()

    def evaluate(self, weights: list[torch.Tensor]) -> list[float]:
        self._stand(weights)
        losses = _losses(self._evaluate(self.model))
        if self._count not in (None, len(losses)):
            raise ValueError(f"evaluate(model) gave {len(losses)} losses, and {self._count} before: it has to use the "
                             "same batches each time")
        self._count = len(losses)
        return losses

    def repaired(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Running statistics anew: the mean over all batches that evaluate() shows the model."""
        self._stand(weights)
        norms = [m for m in self.model.modules() if isinstance(m, _NORMS) and m.track_running_stats]
        momenta = [norm.momentum for norm in norms]
        hooks = []
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # cumulative
            hooks.append(norm.register_forward_pre_hook(lambda m, _: m.train() and None))
        try:
            self._evaluate(self.model)
        finally:
            for hook in hooks:
                hook.remove()
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
        return [tensor.detach().clone() for tensor in self._tensors]


def _real_buffers(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: b for name, b in model.named_buffers() if b.is_floating_point()}


def _weights(model: nn.Module) -> tuple[list[tuple[str, torch.Tensor]], list[tuple[str, torch.Tensor]]]:
    parameters = [(name, p.detach().clone()) for name, p in model.named_parameters()]
    return parameters, [(name, b.detach().clone()) for name, b in _real_buffers(model).items()]


def _check_same(a: nn.Module, b: nn.Module) -> None:
    x, y = a.state_dict(), b.state_dict()
    for name in [*x, *(n for n in y if n not in x)]:
        mine, other = (list(s[name].shape) if name in s else None for s in (x, y))
        if mine != other:
            raise ValueError(f"the models differ: '{name}' has the shape {mine} in the one and {other} in the other "
                             "(None: it is not there)")


@torch.no_grad()
def connect(
    model_a: nn.Module,
    model_b: nn.Module,
    evaluate: Evaluate,
    *,
    constant: float | None = None,
    points: int = 11,
    starts: int = 3,
    seed: int = 0,
) -> Connection:
    """Rearranges the units of model_b to lie near model_a, and takes the loss on the straight way between them.

    evaluate  model -> loss, on the same rows each time; or the losses of several equal batches, which give the barrier
              its interval. It is called with a copy of model_a that stands somewhere on the way, in evaluation mode.
    constant  the loss of the best constant prediction (log of the number of classes, where they are equal): beside it
              a barrier is small or large. Without it there is no verdict.
    points    on each path, ends included

    The models have to be chains of modules whose symmetry is known (ValueError names the first that is not). Where they
    have batch norms, a third path takes their running statistics anew at each point, over what evaluate() shows the
    model. Both models are left as they are.
    """
    a, b = module("model_a", model_a), module("model_b", model_b)
    _check_same(a, b)
    work = _Work(a, evaluate)
    problem = _core.ConnectionProblem()
    problem.subject_a, problem.subject_b = f"{type(a).__name__} a", f"{type(b).__name__} b"
    problem.parameters_a, problem.buffers_a = _weights(a)
    problem.parameters_b, problem.buffers_b = _weights(b)
    work.model.eval()
    problem.input, problem.layers = chain_of(work.model, lambda: evaluate(work.model))
    problem.evaluate = work.evaluate
    if any(isinstance(m, _NORMS) and m.track_running_stats for m in a.modules()):
        problem.repaired = work.repaired
    problem.constant_loss = math.nan if constant is None else number("constant", constant, -math.inf)
    problem.points, problem.starts, problem.seed = whole("points", points, 3), whole("starts", starts, 1), seed
    document, text = _core.connect(problem)
    return Connection(json.loads(document), text)
