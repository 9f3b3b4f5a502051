"""thalweg.survey: the landscape at a point, for any module."""

import json
import math

import pytest
import thalweg
import torch
from models import Quadratic, classifier, same, state_of
from torch import nn


def test_eigenvalues_trace_and_verdict_of_a_known_saddle() -> None:
    model = Quadratic([3.0, 2.0, 1.0, -0.5])
    found = thalweg.survey(model, model, top=2, bottom=1)
    assert [e.value for e in found.top] == pytest.approx([3.0, 2.0])
    assert found.bottom[0].low <= -0.5 <= found.bottom[0].high
    assert found.bottom[0].converged
    assert found.trace[0] == pytest.approx(5.5)
    assert found.loss == pytest.approx(2.75)
    assert found.gradient_norm == pytest.approx(math.sqrt(9 + 4 + 1 + 0.25))
    assert found.verdict == "not_critical"
    with torch.no_grad():
        model.w.zero_()
    assert thalweg.survey(model, model).verdict == "saddle"


def test_the_landscape_of_several_batches_is_that_of_their_mean() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 1, dtype=torch.float64)
    batches = [(torch.randn(8, 3, dtype=torch.float64), torch.randn(8, 1, dtype=torch.float64)) for _ in range(4)]

    def loss(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    found = thalweg.survey(model, batches, loss=loss, top=1)
    inputs = torch.cat([torch.cat([x, torch.ones(8, 1, dtype=torch.float64)], 1) for x, _ in batches])
    assert found.top[0].value == pytest.approx(torch.linalg.eigvalsh(2.0 * inputs.T @ inputs / 32)[-1].item())
    closures = [lambda batch=batch: loss(batch) for batch in batches]
    assert thalweg.survey(model, closures, top=1).top[0].value == pytest.approx(found.top[0].value)
    sampled = thalweg.survey(model, batches[:1], loss=loss, independent=batches, top=1).to_dict()
    assert sampled["gradient"]["samples"] >= 4 and len(sampled["cross_fitted"]) > 0


def test_leaves_no_trace() -> None:
    model, loss = classifier()
    loss().backward()
    before = state_of(model)
    thalweg.survey(model, loss, slices=True)
    assert same(before, state_of(model))


def test_text_and_dictionary_say_the_same() -> None:
    model, loss = classifier()
    found = thalweg.survey(model, loss, top=1)
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == found.verdict
    assert found.to_dict()["schema"] == 1
    assert "Verdict" in str(found) and "eigenvalue" in str(found)
    assert found.verdict in repr(found)
    assert found.reasons and not found.would_take


def test_a_loss_that_is_not_finite_is_told() -> None:
    model = Quadratic([1.0, math.inf])
    found = thalweg.survey(model, model)
    assert found.verdict == "cannot_tell" and found.would_take
    assert not math.isfinite(found.loss)


def test_an_operation_without_second_derivative_is_named() -> None:
    model = nn.MultiheadAttention(8, 2, dropout=0.0)
    x = torch.randn(5, 3, 8)
    with pytest.raises(thalweg.NoSecondDerivative, match="scaled_dot_product"):
        thalweg.survey(model, lambda: model(x, x, x, need_weights=False)[0].square().mean())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"closure": lambda: 1.0}, TypeError, "is a float, and a torch.Tensor"),
        ({"closure": lambda: torch.ones(3, requires_grad=True)}, ValueError, r"the shape \[3\], and one number"),
        ({"closure": lambda: torch.ones(())}, ValueError, "has no graph"),
        ({"closure": 3}, TypeError, "closure is a int"),
        ({"closure": [1, 2]}, TypeError, "loss= is missing"),
        ({"closure": []}, ValueError, "no batch"),
        ({"top": 0}, ValueError, "top is 0, and it can be at least 1"),
        ({"top": 2.5}, TypeError, "top is a float"),
        ({"memory": 1.0}, ValueError, "memory is 1, and it can be at least"),
        ({"model": 1}, TypeError, "model is a int, and a torch.nn.Module"),
        ({"model": nn.Linear(1, 1).requires_grad_(False)}, ValueError, "no parameter"),
    ],
)
def test_wrong_arguments(arguments: dict[str, object], error: type[Exception], words: str) -> None:
    model = Quadratic([1.0])
    with pytest.raises(error, match=words):
        thalweg.survey(**{"model": model, "closure": model, **arguments})  # type: ignore[arg-type]


def test_a_closure_that_calls_backward_is_refused_and_grad_is_kept() -> None:
    model = Quadratic([1.0])
    model().backward()
    kept = model.w.grad.clone()

    def closure() -> torch.Tensor:
        loss = model()
        loss.backward()
        return loss

    with pytest.raises(ValueError, match=r"closure called backward\(\)"):
        thalweg.survey(model, closure)
    assert torch.equal(model.w.grad, kept)


def test_an_exception_in_the_closure_comes_through_and_everything_is_put_back() -> None:
    model, loss = classifier()
    calls = 0

    def closure() -> torch.Tensor:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyError("mine")
        return loss()

    before = state_of(model)
    with pytest.raises(KeyError, match="mine"):
        thalweg.survey(model, closure)
    assert same(before, state_of(model))


def test_progress_is_told_and_may_stop_it() -> None:
    model, loss = classifier()
    stages: set[str] = set()
    thalweg.survey(model, loss, top=1, progress=lambda stage, made, planned: stages.add(stage))
    assert any("eigenvalues" in stage for stage in stages)

    def stop(stage: str, made: int, planned: int) -> None:
        raise KeyboardInterrupt

    before = state_of(model)
    with pytest.raises(KeyboardInterrupt):
        thalweg.survey(model, loss, progress=stop)
    assert same(before, state_of(model))
