"""What the watch may know of an optimizer: class, options and state, asked anew each time, as they change."""

from collections.abc import Sequence
from numbers import Number
from typing import Any

import torch
from torch.optim import Optimizer

Description = tuple[str, str, list[tuple[dict[str, float], list[int]]], bool]
"""Module and name of the class; a group's options, and the numbers of its watched parameters; whether it calls its
closure several times a step."""
State = tuple[float, float, dict[str, torch.Tensor]]
"""Steps made, NAdam's mu_product, and the tensors by their names."""


def _numbers(group: dict[str, Any]) -> dict[str, float]:
    """A group's options by torch.optim's names; what is no number is left out."""
    options: dict[str, float] = {}
    for name, value in group.items():
        if name == "params":
            continue
        if name == "betas":
            options["beta1"], options["beta2"] = (float(beta) for beta in value)
        elif isinstance(value, Number) or (isinstance(value, torch.Tensor) and value.numel() == 1):
            options[name] = float(value)  # type: ignore[arg-type]
    return options


class OptimizersView:
    """Of one optimizer, or of several that step one model together."""

    def __init__(self, optimizers: Sequence[Optimizer], watched: Sequence[torch.Tensor]) -> None:
        self._optimizers = optimizers
        self._watched = watched
        self._number = {id(p): number for number, p in enumerate(watched)}

    @property
    def _kinds(self) -> list[type[Optimizer]]:
        return list(dict.fromkeys(type(optimizer) for optimizer in self._optimizers))

    def describe(self) -> Description:
        kinds = self._kinds
        groups = [(_numbers(group), [self._number[id(p)] for p in group["params"] if id(p) in self._number])
                  for optimizer in self._optimizers for group in optimizer.param_groups]
        return (kinds[0].__module__ if len(kinds) == 1 else "", " and ".join(kind.__name__ for kind in kinds), groups,
                any(issubclass(kind, torch.optim.LBFGS) for kind in kinds))

    def state(self, parameter: int) -> State:
        tensor = self._watched[parameter]
        state: dict[str, Any] = next((o.state[tensor] for o in self._optimizers if tensor in o.state), {})
        tensors = {name: value for name, value in state.items()
                   if isinstance(value, torch.Tensor) and value.shape == tensor.shape and name != "step"}
        return float(state.get("step", 0)), float(state.get("mu_product", 1.0)), tensors

    def strangers(self, model: Sequence[torch.Tensor]) -> list[str]:
        """The parameters that are stepped and are none of the model's."""
        known = {id(p) for p in model}
        return [f"parameter {number} of group {place}, shape {list(p.shape)}"
                for optimizer in self._optimizers for place, group in enumerate(optimizer.param_groups)
                for number, p in enumerate(group["params"]) if id(p) not in known]


def unwrapped(optimizer: Any) -> Optimizer:
    """torch's own optimizer inside what other libraries wrap around it."""
    inner = optimizer
    while not isinstance(inner, Optimizer):
        inner = getattr(inner, "optimizer", None)
        if inner is None:
            raise TypeError(f"optimizer is a {type(optimizer).__name__}, and a torch.optim.Optimizer, a list of them, or "
                            "None for updates by hand, is needed")
    return inner
