"""What the core hears of a model's layers, and that hearing leaves no trace."""

from typing import Any

import torch
from thalweg._taps import tapping
from torch import nn


class Ear:
    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def passed(self, *passage: Any) -> None:
        self.heard.append(passage)


def heard(model: nn.Module, x: torch.Tensor) -> list[tuple[Any, ...]]:
    ear, listen = Ear(), tapping(model)
    assert listen is not None
    listen(ear)  # type: ignore[arg-type]
    model(x)
    listen(None)
    model(x)  # unheard
    return ear.heard


def test_layers_are_named_by_their_modules_and_typed_by_the_recipes_words() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(8, 3))
    told = heard(model, torch.randn(5, 1, 4, 4))
    assert [(name, kind, module, activation) for name, kind, module, activation, *_ in told] == [
        ("0", "conv", "Conv2d", "none"), ("1", "batch_norm", "BatchNorm2d", "none"),
        ("2", "activation", "ReLU", "relu"), ("3", "flatten", "Flatten", "none"), ("4", "linear", "Linear", "none")]
    _, _, _, _, given, before, made = told[2]
    assert torch.equal(made, before.relu()) and torch.equal(given, before)
    assert (before < 0).any()  # what the activation was given is not overwritten while somebody hears
    assert model[2].inplace is True and not any(m._forward_hooks for m in model.modules())


def test_numbers_are_the_same_with_and_without() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))
    x, listen = torch.randn(7, 4), tapping(model)
    assert listen is not None

    def gradients() -> list[torch.Tensor]:
        loss = model(x).square().sum()
        return [loss.detach(), *torch.autograd.grad(loss, list(model.parameters()))]

    without = gradients()
    listen(Ear())  # type: ignore[arg-type]
    with_tap = gradients()
    listen(None)
    assert all(torch.equal(a, b) for a, b in zip(with_tap, without, strict=True))


def test_a_recurrent_layer_says_its_states_rows_first() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.memory = nn.LSTM(3, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.memory(x)[0][-1]  # type: ignore[no-any-return]

    (name, kind, module, _, given, _, made), = heard(Reader(), torch.randn(11, 2, 3))
    assert (name, kind, module) == ("memory", "lstm", "LSTM")
    assert given.shape == (2, 11, 3) and made.shape == (2, 11, 5)


def test_a_compiled_model_is_not_heard() -> None:
    assert tapping(torch.compile(nn.Linear(2, 2))) is None  # type: ignore[arg-type]
