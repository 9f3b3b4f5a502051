"""Closures that give the same loss each time they are called: dropout masks frozen by playing the random state again,
and nothing that they change stays changed."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from ._arguments import loss_tensor
from ._untouched import alone, untouched

Loss = Callable[[], torch.Tensor]
Batches = Loss | Iterable[Any]


def frozen(model: nn.Module, closure: Loss, *, torch_random: bool = True) -> Loss:
    """torch_random: whether torch's own random state is put back here, or by the caller."""
    def loss() -> torch.Tensor:
        with alone(model), untouched(model.modules(), torch_random=torch_random):
            kept = [(p, p.grad) for p in model.parameters()]
            for p, _ in kept:
                p.grad = None
            try:
                value = loss_tensor("the loss that closure returned", closure())
                if any(p.grad is not None for p, _ in kept):
                    raise ValueError("closure called backward(): it must compute the loss and return it, no more")
                return value
            finally:
                for p, gradient in kept:
                    p.grad = gradient

    return loss


def losses_of(model: nn.Module, what: str, batches: Batches, loss: Callable[[Any], torch.Tensor] | None) -> list[Loss]:
    """One frozen closure a batch."""
    if callable(batches):
        if loss is not None:
            raise TypeError(f"{what} is a closure, and loss= goes with an iterable of batches: leave one out")
        return [frozen(model, batches)]
    if isinstance(batches, (str, bytes)) or not isinstance(batches, Iterable):
        raise TypeError(f"{what} is a {type(batches).__name__}, and a closure () -> loss, or an iterable of batches "
                        "with loss=, is needed")
    items = list(batches)
    if not items:
        raise ValueError(f"{what} has no batch")
    if loss is None:
        if not all(callable(item) for item in items):
            raise TypeError(f"{what} is an iterable of batches, and loss= is missing: a function of one batch")
        return [frozen(model, item) for item in items]
    of = loss
    return [frozen(model, lambda item=item: of(item)) for item in items]  # type: ignore[misc]
