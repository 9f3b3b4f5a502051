"""thalweg.Watch where something is wrong: arguments, losses, exceptions in the middle of a step."""

from typing import Any

import pytest
import thalweg
import torch
from models import EVERY_STEP, small
from torch import nn



def test_an_exception_in_the_middle_of_a_step_leaves_a_usable_watch() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for step in range(6):
            optimizer.zero_grad()
            try:
                value = loss()
                if step == 2:
                    value = torch.autograd.grad(value, list(model.parameters()))[0].sum()  # has no graph
                watch.backward(value, loss)
                if step == 3:
                    raise OSError("the loader failed")
                watch.step()
            except (OSError, RuntimeError):
                continue
    assert watch.steps == 4
    assert len(watch.readings("loss")) == 4


def test_an_interrupt_inside_a_closure_comes_through() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def interrupted() -> torch.Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(3):
            watch.backward(loss(), interrupted)
            watch.step()


def test_errors_of_backward_are_torchs_own() -> None:
    model, _ = small()
    watch = thalweg.Watch(model, torch.optim.SGD(model.parameters(), lr=0.1), **EVERY_STEP)
    with pytest.raises(RuntimeError, match="does not require grad"):
        watch.backward(torch.ones(()))
    with pytest.raises(RuntimeError, match="scalar outputs"):
        watch.backward(model(torch.ones(4, 3)))
    with pytest.raises(AttributeError):
        watch.backward(1.0)  # type: ignore[arg-type]


def test_a_loss_of_several_numbers_with_its_gradient() -> None:
    model, _ = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(3):
            output = model(torch.ones(4, 3))
            watch.backward(output, gradient=torch.ones_like(output))
            watch.step()
    assert watch.steps == 3


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": 1}, TypeError, "model is a int, and a torch.nn.Module"),
        ({"optimizer": "sgd"}, TypeError, "optimizer is a str, and a torch.optim.Optimizer"),
        ({"optimizer": []}, ValueError, "empty list"),
        ({"budget": 3}, ValueError, "budget is 3, and it can be from 0 to 1"),
        ({"budget": "3%"}, TypeError, "budget is a str"),
        ({"cadence": -1}, ValueError, "cadence is -1"),
        ({"cadence": 0.5}, TypeError, "cadence is a float"),
        ({"objective": "surogate"}, ValueError, "did you mean 'surrogate'"),
        ({"instruments": "overshot"}, ValueError, "overshoot"),
        ({"scaler": 3}, TypeError, "scaler is a int"),
        ({"memory_limit": 0}, ValueError, "memory_limit is 0"),
        ({"planned_steps": -4}, ValueError, "planned_steps is -4"),
        ({"store": "/proc/none/run"}, OSError, "cannot make the run folder"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    model, _ = small()
    given = {"model": model, "optimizer": torch.optim.SGD(model.parameters(), lr=0.1), **arguments}
    with pytest.raises(error, match=words):
        thalweg.Watch(**given)


def test_wrong_names_afterwards() -> None:
    model, _ = small()
    watch = thalweg.Watch(model, None)
    with pytest.raises(ValueError, match="did you mean 'overshoot'"):
        watch.readings("overshot")
    with pytest.raises(ValueError, match="split is 'test', and it can be 'heldout', 'train'"):
        watch.log("accuracy", 0.5, split="test")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nothing to watch|no parameter"):
        thalweg.Watch(nn.Linear(1, 1).requires_grad_(False), None)
