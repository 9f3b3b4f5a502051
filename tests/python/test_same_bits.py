"""Training with every instrument on every third step is bit for bit the training without: weights, gradients, buffers,
optimizer state, random state."""

from collections.abc import Callable
from typing import Any

import pytest
import thalweg
import torch
from models import Impure, same, state_of
from torch import nn

STEPS = 12
Make = Callable[[], nn.Module]
ROWS = {"mlp": (4,), "impure": (4,), "conv": (1, 8, 8), "lstm": (6, 5), "transformer": (6, 8)}


class Conv(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.2),
                         nn.Linear(36, 2))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(5, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.head = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layer(x).mean(1))


MODELS: dict[str, Make] = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)),
    "impure": Impure, "conv": Conv, "lstm": Recurrent, "transformer": Attention,
}
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01, centered=True),
}


def run(name: str, optimizer_name: str, watched: bool) -> list[torch.Tensor]:
    torch.manual_seed(3)
    model = MODELS[name]()
    optimizer = OPTIMIZERS[optimizer_name](model.parameters())
    watch = thalweg.Watch(model, optimizer, cadence=3, instruments="all") if watched else None
    for _ in range(STEPS):
        x, y = torch.randn(16, *ROWS[name]), torch.randint(0, 2, (16,))

        def loss() -> torch.Tensor:
            return nn.functional.cross_entropy(model(x), y)

        optimizer.zero_grad()
        if watch is None:
            loss().backward()
            optimizer.step()
        else:
            watch.backward(loss(), loss)
            watch.step()
    if watch is not None:
        watch.close()
        assert watch.steps == STEPS and watch.readings("overshoot")
        assert not [note for note in watch.notes if "left out" in note or "given up" in note], watch.notes
    states = [t for p in model.parameters() for t in optimizer.state[p].values() if isinstance(t, torch.Tensor)]
    return [*state_of(model), *(t.clone() for t in states)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("optimizer", ["adamw", "momentum"])
def test_models(name: str, optimizer: str) -> None:
    assert same(run(name, optimizer, watched=False), run(name, optimizer, watched=True))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers(optimizer: str) -> None:
    assert same(run("conv", optimizer, watched=False), run("conv", optimizer, watched=True))


def test_two_threads() -> None:
    torch.set_num_threads(2)
    assert same(run("conv", "adam", watched=False), run("conv", "adam", watched=True))


def test_gradients_that_a_loss_leaves_in_another_model_are_those_of_the_plain_backward() -> None:
    def gradients(watched: bool) -> list[torch.Tensor]:
        torch.manual_seed(0)
        generator, critic = nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        optimizer = torch.optim.Adam(critic.parameters())
        watch = thalweg.Watch(critic, optimizer, cadence=1, instruments="all", objective="surrogate")
        for _ in range(5):
            loss = critic(generator(torch.randn(8, 2))).square().mean()
            watch.backward(loss) if watched else loss.backward()
            optimizer.step()
        return [p.grad for p in generator.parameters() if p.grad is not None]

    assert same(gradients(watched=False), gradients(watched=True))
