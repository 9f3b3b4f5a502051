"""thalweg.connect: two modules, and the way between them."""

import json
import math

import pytest
import thalweg
import torch
from torch import nn

DATA = torch.Generator().manual_seed(0)
ROWS = torch.randn(256, 6, generator=DATA)
CLASSES = (ROWS[:, :3].argmax(1) + (ROWS[:, 5] > 0).long()) % 3
IMAGES = torch.randn(64, 1, 6, 6, generator=DATA)
IMAGE_CLASSES = torch.randint(3, (64,), generator=DATA)


def evaluate(model: nn.Module) -> list[float]:
    model.eval()
    return [nn.functional.cross_entropy(model(x), y).item() for x, y in zip(ROWS.split(64), CLASSES.split(64))]


def trained(seed: int, norm: bool = False) -> nn.Sequential:
    torch.manual_seed(seed)
    layers: list[nn.Module] = [nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 32)]
    model = nn.Sequential(*layers, *([nn.BatchNorm1d(32)] if norm else []), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(ROWS), CLASSES).backward()
        optimizer.step()
    return model


def rearranged(model: nn.Sequential) -> nn.Sequential:
    """The same function: the first layer's units in another order, half of them with the other sign."""
    other = trained(1)
    other.load_state_dict(model.state_dict())
    order = torch.randperm(32, generator=torch.Generator().manual_seed(3))
    sign = torch.tensor([1.0, -1.0]).repeat(16)
    with torch.no_grad():
        other[0].weight.copy_(model[0].weight[order] * sign[:, None])
        other[0].bias.copy_(model[0].bias[order] * sign)
        other[2].weight.copy_(model[2].weight[:, order] * sign)
    return other


def test_a_rearranged_network_is_found_to_be_the_same() -> None:
    a = trained(0)
    b = rearranged(a)
    found = thalweg.connect(a, b, evaluate, constant=math.log(3))
    assert found.verdict == "same"
    assert found.barriers["unaligned"] > 0.05
    assert abs(found.barriers["aligned by weights"]) < 1e-5
    assert "weight by weight" in found.reasons[-1]
    assert found.bits == pytest.approx(2 * math.lgamma(33) / math.log(2) + 32)


def test_text_dictionary_and_models_as_they_were() -> None:
    a, b = trained(0, norm=True), trained(1, norm=True)
    a.train()
    before = [{k: v.clone() for k, v in m.state_dict().items()} for m in (a, b)]
    found = thalweg.connect(a, b, evaluate, constant=math.log(3), points=5)
    for model, state in zip((a, b), before, strict=True):
        assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert a.training
    assert list(found.barriers) == ["unaligned", "aligned by weights", "aligned by weights, statistics repaired"]
    assert json.loads(json.dumps(found.to_dict()))["verdict"] == found.verdict
    assert "Barrier" in str(found) and found.verdict in repr(found)


def test_a_convolution_that_is_flattened_by_hand() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.act, self.pool, self.head = nn.Conv2d(1, 5, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(20, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.pool(self.act(self.conv(x))).view(len(x), -1))

    torch.manual_seed(0)
    a, b = Net(), Net()
    b.load_state_dict(a.state_dict())
    with torch.no_grad():
        order = torch.tensor([3, 0, 4, 1, 2])
        b.conv.weight.copy_(a.conv.weight[order])
        b.conv.bias.copy_(a.conv.bias[order])
        b.head.weight.copy_(a.head.weight.view(3, 5, 4)[:, order].reshape(3, 20))
    found = thalweg.connect(a, b, lambda m: nn.functional.cross_entropy(m(IMAGES), IMAGE_CLASSES))
    assert found.to_dict()["alignments"][0]["similarity"] == pytest.approx(1.0)
    assert found.verdict == "cannot_tell" and "constant" in found.would_take


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([nn.Linear(6, 4), nn.PReLU(), nn.Linear(4, 3)], r"layer '1' \(PReLU\) is not known"),
        ([nn.Linear(6, 4), nn.Softplus(), nn.Linear(4, 3)], "Softplus"),
    ],
)
def test_what_is_not_known_is_named(layers: list[nn.Module], words: str) -> None:
    model = nn.Sequential(*layers)
    with pytest.raises(ValueError, match=words):
        thalweg.connect(model, model, evaluate)


def test_what_is_no_module_is_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(6, 4), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(torch.relu(self.first(x)))

    with pytest.raises(ValueError, match="between 'first' and 'second'"):
        thalweg.connect(Net(), Net(), evaluate)


def test_wrong_arguments() -> None:
    a = trained(0)
    with pytest.raises(ValueError, match=r"'0.weight' has the shape \[32, 6\] in the one and \[8, 6\]"):
        thalweg.connect(a, nn.Sequential(nn.Linear(6, 8)), evaluate)
    with pytest.raises(ValueError, match="points is 2"):
        thalweg.connect(a, a, evaluate, points=2)
    with pytest.raises(TypeError, match="gave a str"):
        thalweg.connect(a, a, lambda m: (m(ROWS), ["no"])[1])
    with pytest.raises(ValueError, match="did not call the model"):
        thalweg.connect(a, a, lambda m: 1.0)
    with pytest.raises(KeyError, match="mine"):
        thalweg.connect(a, a, lambda m: {}["mine"])
