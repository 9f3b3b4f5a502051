"""Arguments as they were given, and one clear line where one cannot be: what, which value, what is allowed."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import torch
from torch import nn


def one_of(what: str, value: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    if value not in names:
        near = get_close_matches(str(value), names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"{what} is {value!r}, and it can be {', '.join(map(repr, names))}{hint}")
    return value


def number(what: str, value: Any, low: float, high: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} is a {type(value).__name__}, and a number is needed")
    if not low <= value <= high:
        allowed = f"at least {low:g}" if high == float("inf") else f"from {low:g} to {high:g}"
        raise ValueError(f"{what} is {value:g}, and it can be {allowed}")
    return value


def whole(what: str, value: Any, low: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is a {type(value).__name__}, and a whole number is needed")
    number(what, value, low)
    return value


def module(what: str, value: Any) -> nn.Module:
    if not isinstance(value, nn.Module):
        raise TypeError(f"{what} is a {type(value).__name__}, and a torch.nn.Module is needed")
    return value


def loss_tensor(what: str, value: Any) -> torch.Tensor:
    """A loss with its graph, 0-dim."""
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"{what} is a {type(value).__name__}, and a torch.Tensor with one number is needed: "
                        "return the loss itself, not its .item()")
    if value.numel() != 1:
        raise ValueError(f"{what} has the shape {list(value.shape)}, and one number is needed: take .mean() or .sum()")
    if torch.is_grad_enabled() and not value.requires_grad:
        raise ValueError(f"{what} has no graph: nothing that it was computed from requires a gradient, or it was "
                         "computed under torch.no_grad() or detached")
    return value if value.dim() == 0 else value.reshape(())


def trainable(model: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Names and parameters that require a gradient, tied ones once."""
    parameters = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not parameters:
        raise ValueError(f"no parameter of the model ({type(model).__name__}) requires a gradient")
    return parameters
