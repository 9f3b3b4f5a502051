"""thalweg.Watch in one process: what a loop of anybody's own needs of it."""

import logging
import math
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import thalweg
import torch
from models import EVERY_STEP, Impure, Quadratic, classifier, small
from torch import nn

def train(model: nn.Module, loss: Any, optimizer: Any, steps: int = 20, closure: bool = True, **options: Any) -> thalweg.Watch:
    with thalweg.Watch(model, optimizer, **{**EVERY_STEP, **options}) as watch:
        for _ in range(steps):
            optimizer.zero_grad()
            value = loss()
            watch.backward(value, loss if closure else None)
            watch.step()
    return watch


# ------------------------------------------------------------------------------------------------------------ results


def test_results_are_there_before_and_after_close(tmp_path: Path) -> None:
    model, loss = classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    watch = train(model, loss, optimizer, store=tmp_path / "mine", name="Mine")
    assert watch.steps == 20
    assert watch.verdict in ("healthy", "fault", "cannot_tell")
    assert watch.store == str(tmp_path / "mine")
    assert "Mine: 20 steps watched" in watch.summary()
    assert watch.overhead.budget == 0.03 and watch.overhead.seconds > 0.0 and watch.overhead.peak_bytes > 0
    assert watch.overhead.to_dict()["period"]["overshoot"] == 1.0
    assert [step for step, _ in watch.readings("loss")] == list(range(20))
    assert repr(watch).startswith("<thalweg.Watch: 20 steps")
    watch.close()  # again is nothing


def test_findings_are_typed() -> None:
    model = Quadratic([1.0, 2.0])
    watch = train(model, model, torch.optim.SGD(model.parameters(), lr=1e200), closure=False)
    found = {finding.code: finding for finding in watch.findings}
    assert watch.verdict == "fault" and "non_finite" in found
    finding = found["non_finite"]
    assert finding.severity == "fault" and finding.first_step <= finding.last_step and finding.message
    assert finding.to_dict()["code"] == "non_finite" and finding.to_dict()["step"][0] == finding.first_step
    assert "non_finite" in str(finding)
    assert all(isinstance(evidence, thalweg.Evidence) for evidence in finding.evidence)


def test_the_store_holds_readings_and_what_was_logged(tmp_path: Path) -> None:
    model, loss = small()
    with thalweg.Watch(model, torch.optim.SGD(model.parameters(), lr=0.1), store=tmp_path / "run", cadence=1) as watch:
        for _ in range(3):
            watch.backward(loss())
            watch.step()
        watch.log("accuracy", 0.75)
        watch.log("accuracy", 0.8, split="train")
    database = sqlite3.connect(tmp_path / "run/run.sqlite")
    losses = [value for (value,) in database.execute("SELECT value FROM readings WHERE quantity = 'loss' ORDER BY step")]
    assert losses == [value for _, value in watch.readings("loss")] and len(losses) == 3
    assert sorted(database.execute("SELECT name, split, value FROM metrics")) == [
        ("accuracy", "heldout", 0.75), ("accuracy", "train", 0.8)]


def test_overshoot_of_a_quadratic_is_what_the_algebra_says() -> None:
    """ρ of a step of gradient descent on ½ c w² is ½ ε c."""
    model = Quadratic([1.0])
    watch = train(model, model, torch.optim.SGD(model.parameters(), lr=0.5))
    for quantity in ("overshoot", "overshoot_secant"):
        values = [value for _, value in watch.readings(quantity)]
        assert values and values == pytest.approx([0.25] * len(values), rel=1e-4), quantity


# ---------------------------------------------------------------------------------------- steps are the optimizer's


def test_steps_are_counted_however_the_optimizer_is_stepped() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(6):
            watch.backward(loss())
            optimizer.step()
            schedule.step()
    assert watch.steps == 6
    assert [rate for _, rate in watch.readings("learning_rate")][-1] == pytest.approx(0.1 * 0.1**2)
    optimizer.step()
    assert watch.steps == 6  # it has let go


def test_step_returns_what_the_optimizer_returns() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer) as watch:
        watch.backward(loss())
        assert watch.step() is None

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            value = loss()
            watch.backward(value)
            return value

        assert isinstance(watch.step(closure), torch.Tensor)
    assert watch.steps == 2


def test_lbfgs_is_said_and_loss_and_gradient_are_watched() -> None:
    model = Quadratic([1.0, 2.0])
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(4):

            def closure() -> torch.Tensor:
                optimizer.zero_grad()
                value = model()
                watch.backward(value)
                return value

            watch.step(closure)
    assert any("LBFGS calls its closure several times" in note for note in watch.notes)
    assert watch.steps == 4 and len(watch.readings("loss")) == 4
    assert not watch.readings("overshoot")


def test_several_optimizers_make_one_step_together() -> None:
    model, loss = classifier()
    one = torch.optim.SGD(model.first.parameters(), lr=0.1)
    two = torch.optim.AdamW([*model.norm.parameters(), *model.last.parameters()], lr=0.01)
    with thalweg.Watch(model, [one, two], **EVERY_STEP) as watch:
        for step in range(6):
            one.zero_grad()
            two.zero_grad()
            watch.backward(loss())
            if step % 2 == 0:
                one.step()
                two.step()
            elif step == 1:
                one.step()  # the other leaves this step out
            else:
                assert watch.step() == [None, None]
    assert watch.steps == 6
    assert any("2 optimizers" in note for note in watch.notes)


def test_updates_by_hand() -> None:
    model, loss = small()
    with thalweg.Watch(model, None, **EVERY_STEP) as watch:
        for _ in range(5):
            for p in model.parameters():
                p.grad = None
            watch.backward(loss())
            with torch.no_grad():
                for p in model.parameters():
                    assert p.grad is not None
                    p -= 0.1 * p.grad
            watch.step()
    assert watch.steps == 5
    assert any("no optimizer" in note for note in watch.notes)
    assert watch.readings("overshoot")


# ------------------------------------------------------------------------------------------- a backward is not a step


def test_several_backwards_are_one_step_whose_loss_is_their_sum() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(3):
            optimizer.zero_grad()
            for _ in range(4):
                watch.backward(loss() / 4)
            expected = loss().item()
            watch.step()
    assert watch.steps == 3
    assert watch.readings("loss")[-1][1] == pytest.approx(expected)


def test_a_closure_is_refused_under_accumulation() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(3):
            for _ in range(2):
                watch.backward(loss() / 2, lambda: loss() / 2)
            watch.step()
    assert any("made of several backwards" in note for note in watch.notes)


@pytest.mark.parametrize("given", [True, False])
def test_a_gradient_scaler_is_taken_out_of_what_is_shown(given: bool) -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with thalweg.Watch(model, optimizer, scaler=scaler if given else None, **EVERY_STEP) as watch:
        for _ in range(3):
            optimizer.zero_grad()
            value = loss()
            watch.backward(scaler.scale(value))
            gradient = torch.cat([p.grad.flatten() for p in model.parameters()]) / 1024.0
            scaler.step(optimizer)
            scaler.update()
    assert watch.steps == 3
    assert watch.readings("loss")[-1][1] == pytest.approx(value.item())
    assert watch.readings("gradient_sq")[-1][1] == pytest.approx(gradient.square().sum().item())
    assert any("a gradient scaler is at work" in note for note in watch.notes) is not given


def test_a_loss_that_is_doubled_is_not_taken_for_a_scaled_one() -> None:
    model, loss = small()
    other = torch.amp.GradScaler("cpu", init_scale=2.0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        value = loss() * torch.tensor(2.0)
        watch.backward(value)
        watch.step()
    assert watch.readings("loss")[0][1] == pytest.approx(value.item())
    assert other.get_scale() == 2.0


def test_a_step_that_the_scaler_leaves_out_is_no_step() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with thalweg.Watch(model, optimizer, scaler=scaler, **EVERY_STEP) as watch:
        for step in range(4):
            optimizer.zero_grad()
            value = loss() * (math.inf if step == 1 else 1.0)
            watch.backward(scaler.scale(value))
            scaler.step(optimizer)
            scaler.update()
    assert watch.steps == 3
    assert all(math.isfinite(value) for _, value in watch.readings("loss"))


# --------------------------------------------------------------------------------------------------- impure forwards


def test_train_is_never_called_and_hidden_state_is_put_back() -> None:
    class Strict(Impure):
        def train(self, mode: bool = True) -> "Strict":
            raise AssertionError("train() was called")

    torch.manual_seed(0)
    watched, plain = Strict(), Impure()
    plain.load_state_dict(watched.state_dict())
    x = torch.randn(8, 4)
    for model in (plain, watched):
        torch.manual_seed(1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        if model is watched:
            train(model, lambda: watched(x).square().mean(), optimizer)
            continue
        for _ in range(20):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    assert watched.calls == plain.calls == 20
    assert torch.equal(watched.hidden, plain.hidden) and torch.equal(watched.mean, plain.mean)


def test_a_closure_that_calls_backward_is_given_up_and_leaves_the_gradients() -> None:
    model, loss = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def wrong() -> torch.Tensor:
        value = loss()
        value.backward()
        return value

    with thalweg.Watch(model, optimizer, **EVERY_STEP) as watch:
        for _ in range(3):
            optimizer.zero_grad()
            value = loss()
            (expected,) = torch.autograd.grad(value, [model.weight], retain_graph=True)
            watch.backward(value, wrong)
            watch.step()
            assert torch.equal(model.weight.grad, expected)
    assert any("the closure threw" in note for note in watch.notes)


# -------------------------------------------------------------------------------------------- said at construction


def test_what_is_odd_is_said_by_name(caplog: pytest.LogCaptureFixture) -> None:
    model = nn.ModuleDict({name: nn.Linear(2, 2, bias=False) for name in ("a", "b", "c", "d")})
    model["b"].weight = model["a"].weight
    model["c"].requires_grad_(False)
    stranger = nn.Parameter(torch.ones(5, 7))
    optimizer = torch.optim.SGD([model["a"].weight, stranger], lr=0.1)
    with caplog.at_level(logging.INFO, logger="thalweg"):
        watch = thalweg.Watch(model, optimizer)
    notes = "\n".join(watch.notes)
    assert "a.weight and b.weight are one parameter" in notes
    assert "frozen, and not watched: c.weight" in notes
    assert "does not step: d.weight" in notes
    assert "none of the model's, and not watched: parameter 1 of group 0, shape [5, 7]" in notes
    assert all(note in caplog.text for note in watch.notes)
    for note in watch.notes:
        assert note.split(":")[0] in " ".join(watch.summary().split())


def test_an_optimizer_of_somebody_else_is_watched_without_a_limit() -> None:
    class Mine(torch.optim.Optimizer):
        def __init__(self, parameters: Any) -> None:
            super().__init__(parameters, {"lr": 0.1})

        def step(self, closure: Any = None) -> None:
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p -= group["lr"] * p.grad

    model, loss = small()
    watch = train(model, loss, Mine(model.parameters()))
    assert watch.steps == 20 and any("Mine" in note for note in watch.notes)
    assert watch.readings("learning_rate")[0][1] == pytest.approx(0.1)


def test_an_optimizer_that_is_wrapped_is_found() -> None:
    class Wrapped:
        def __init__(self, optimizer: torch.optim.Optimizer) -> None:
            self.optimizer = optimizer

    model, loss = small()
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    with thalweg.Watch(model, Wrapped(inner)) as watch:  # type: ignore[arg-type]
        watch.backward(loss())
        inner.step()
    assert watch.steps == 1


def test_an_operation_without_second_derivative_is_named_once_and_forwards_go_on(caplog: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(0)
    model, x = nn.MultiheadAttention(8, 2), torch.randn(5, 3, 8)

    def loss() -> torch.Tensor:
        return model(x, x, x, need_weights=False)[0].square().mean()

    with caplog.at_level(logging.WARNING, logger="thalweg"):
        watch = train(model, loss, torch.optim.SGD(model.parameters(), lr=0.1))
    assert caplog.text.count("scaled_dot_product") == 1
    assert len(watch.readings("overshoot_secant")) > 1


def test_checks_of_the_level_are_silent_of_a_surrogate() -> None:
    model, loss = small()
    watch = train(model, loss, torch.optim.SGD(model.parameters(), lr=1e-9), steps=300, objective="surrogate",
                  cadence=50, closure=False)
    assert not [f for f in watch.findings if f.code in ("learning_rate_too_low", "plateau", "local_minimum")]
