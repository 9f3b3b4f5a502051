"""Small networks that the tests share."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

EVERY_STEP: dict[str, Any] = {"cadence": 1, "instruments": "all"}


class Impure(nn.Module):
    """Everything that a forward may change: batch norm's statistics, dropout's random numbers, a carried hidden state,
    counters, lists, and a buffer that is bound anew."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.3)
        self.last = nn.Linear(8, 2)
        self.hidden = torch.zeros(8)
        self.calls = 0
        self.trail = [torch.zeros(2)]
        self.register_buffer("mean", torch.zeros(8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        z = torch.tanh(self.norm(self.first(x))) + self.hidden
        self.hidden = z.detach().mean(0)
        self.trail.append(self.hidden[:2])
        self.trail[0] += 1.0
        self.mean = 0.9 * self.mean + 0.1 * self.hidden
        return self.last(self.drop(z))


def state_of(model: nn.Module) -> list[torch.Tensor]:
    """All of a model that a forward or a step may change, and torch's random state."""
    tensors = [*model.parameters(), *model.buffers(), torch.get_rng_state()]
    tensors += [p.grad if p.grad is not None else torch.zeros(0) for p in model.parameters()]
    if isinstance(model, Impure):
        tensors += [model.hidden, torch.tensor(model.calls), *model.trail]
    return [t.detach().clone() for t in tensors]


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) for x, y in zip(a, b))


def classifier(seed: int = 0, rows: int = 32) -> tuple[Impure, Callable[[], torch.Tensor]]:
    torch.manual_seed(seed)
    model, x, y = Impure(), torch.randn(rows, 4), torch.randint(0, 2, (rows,))
    return model, lambda: nn.functional.cross_entropy(model(x), y)


class Quadratic(nn.Module):
    """½ Σ c w², whose Hessian is diag(c)."""

    def __init__(self, curvatures: list[float]) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(len(curvatures), dtype=torch.float64))
        self.c = torch.tensor(curvatures, dtype=torch.float64)

    def forward(self) -> torch.Tensor:
        return 0.5 * (self.c * self.w * self.w).sum()


def small(seed: int = 0) -> tuple[nn.Module, Any]:
    torch.manual_seed(seed)
    model, x = nn.Linear(3, 1), torch.randn(16, 3)
    return model, lambda: model(x).square().mean()
