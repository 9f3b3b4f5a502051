"""thalweg.check: what can be said before the first step."""

import json
import math

import pytest
import thalweg
import torch
from models import Quadratic, classifier, same, state_of
from torch import nn


def test_a_healthy_network() -> None:
    model, loss = classifier()
    found = thalweg.check(model, loss)
    assert found.verdict == "healthy" and not found.problems
    assert found.repeats and found.loss == pytest.approx(0.69, abs=0.1)
    assert found.fit is not None and found.fit.falls
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == "healthy"
    assert "verdict    healthy" in str(found)


def test_leaves_no_trace() -> None:
    model, loss = classifier()
    loss().backward()
    before = state_of(model)
    thalweg.check(model, loss)
    assert same(before, state_of(model))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_stable_rate_is_two_over_the_largest_eigenvalue(scale: float) -> None:
    model = Quadratic([4.0 * scale, 1.0 * scale])
    found = thalweg.check(model, model)
    assert found.verdict == "healthy", found.problems
    assert found.stable_rate is not None
    assert found.stable_rate.low <= 0.5 / scale * (1 + 1e-9) and found.stable_rate.high >= 0.5 / scale * (1 - 1e-9)
    assert found.stable_rate.value == pytest.approx(0.5 / scale)


def test_parameters_that_no_gradient_reaches_are_named() -> None:
    model = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(2, 1), "cut": nn.Linear(2, 1)})
    x = torch.randn(4, 2)
    found = thalweg.check(model, lambda: (model["used"](x) + model["cut"](x).detach()).square().mean())
    assert found.without_gradient == ["unused.weight", "unused.bias", "cut.weight", "cut.bias"]
    assert found.verdict == "fault" and "unused.weight" in found.problems[0]


def test_a_closure_that_draws_another_batch_each_time() -> None:
    model, batches = nn.Linear(2, 1), iter(torch.randn(1000, 4, 2))
    found = thalweg.check(model, lambda: model(next(batches)).square().mean(), curvature=False)
    assert not found.repeats and "the same random state differ" in found.problems[0]


def test_a_loss_or_gradient_that_is_not_finite() -> None:
    infinite = Quadratic([1.0, math.inf])
    assert "before the first step" in thalweg.check(infinite, infinite).problems[0]
    model = nn.Linear(1, 1)
    found = thalweg.check(model, lambda: model(torch.zeros(1, 1)).mul(0.0).sum().sqrt())
    assert found.not_finite == ["weight", "bias"] and found.fit is None
    assert "the gradient of weight, bias is not finite" in found.problems[0]


def test_a_batch_that_cannot_be_fitted() -> None:
    """Gradients that lead nowhere: their sign is turned."""
    model = Quadratic([1.0, 2.0])
    model.w.register_hook(lambda gradient: -gradient)
    found = thalweg.check(model, model, curvature=False)
    assert any("cannot be fitted" in problem for problem in found.problems)


def test_a_gradient_that_is_zero() -> None:
    model = Quadratic([0.0, 0.0])
    assert "the gradient is zero" in thalweg.check(model, model).problems[0]


def test_no_second_derivative_is_a_note_not_a_fault() -> None:
    model = nn.MultiheadAttention(8, 2)
    x = torch.randn(5, 3, 8)
    found = thalweg.check(model, lambda: model(x, x, x, need_weights=False)[0].square().mean())
    assert any("scaled_dot_product" in name for name in found.missing_second_derivatives)
    assert found.verdict == "healthy" and found.stable_rate is None
    assert any("no second derivative" in note for note in found.notes)


def two_layers() -> tuple[nn.Sequential, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))
    return model, torch.randn(32, 4), torch.randint(0, 3, (32,))


def test_units_that_start_as_copies_are_named() -> None:
    model, x, y = two_layers()
    healthy = thalweg.check(model, lambda: nn.functional.cross_entropy(model(x), y))
    assert [layer.symmetric for layer in healthy.layers] == [0.0, 0.0] and healthy.verdict == "healthy"
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    found = thalweg.check(model, lambda: nn.functional.cross_entropy(model(x), y))
    assert [(layer.layer, layer.symmetric) for layer in found.layers] == [("0", 1.0), ("2", 0.0)]
    assert found.verdict == "fault" and any("100% of the 6 units of 0" in problem for problem in found.problems)


def test_a_last_layer_that_starts_at_zero_is_no_fault() -> None:
    model, x, y = two_layers()
    nn.init.zeros_(model[2].weight)
    nn.init.zeros_(model[2].bias)
    found = thalweg.check(model, lambda: nn.functional.cross_entropy(model(x), y))
    assert found.verdict == "healthy" and all(layer.symmetric == 0.0 for layer in found.layers)


def test_scales_and_signal_are_those_of_the_model() -> None:
    model, x, y = two_layers()
    found = thalweg.check(model, lambda: nn.functional.cross_entropy(model(x), y))
    weight = model[0].weight.detach().double()
    assert found.layers[0].spectral_scale == pytest.approx(
        torch.linalg.matrix_norm(weight, 2).item() * math.sqrt(4 / 6), rel=1e-3)
    outputs = {layer.layer: layer.rms for layer in found.signal}
    assert outputs["0"] == pytest.approx(model[0](x).square().mean().sqrt().item(), rel=1e-4)
    assert "amplifies up to" in str(found)


def test_wrong_arguments() -> None:
    model = Quadratic([1.0])
    with pytest.raises(ValueError, match="steps is 0"):
        thalweg.check(model, model, steps=0)
    with pytest.raises(TypeError, match="model is a str"):
        thalweg.check("model", model)  # type: ignore[arg-type]
