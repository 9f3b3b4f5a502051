"""What can be said before the first step, of any model and one batch."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from . import _core
from ._arguments import module, trainable, whole
from ._closures import Loss, frozen
from ._survey import survey
from ._taps import tapping

# Adam's, in the order they are tried.
_RATES = (1e-3, 1e-2, 1e-4)


@dataclass(frozen=True)
class Fit:
    """Steps of Adam on the one batch alone. promised: what the first step gains to first order, rate · ‖g‖₁; where all
    the steps together gain less than that, they lead nowhere."""

    rate: float
    steps: int
    first_loss: float
    last_loss: float
    promised: float

    @property
    def falls(self) -> bool:
        return self.first_loss - self.last_loss > self.promised

    @property
    def halved(self) -> bool:
        return self.first_loss - self.last_loss > 0.5 * abs(self.first_loss)


@dataclass(frozen=True)
class StableRate:
    """The largest rate at which plain gradient descent on this batch is stable here: 2/λmax, within [low, high]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Layer:
    """The start of a layer. symmetric: share of its units with the weights and the gradient of another; spectral_scale:
    ‖W‖₂ √(columns / rows), by how much it can amplify; pull: ‖∂L/∂W‖ ‖W‖ / L."""

    layer: str
    units: int
    spectral_scale: float
    symmetric: float
    pull: float


@dataclass(frozen=True)
class Heard:
    """What a module puts out: √ of the mean square, correlation of two rows, and the gradient that comes back to it."""

    layer: str
    rms: float
    correlation: float
    gradient_rms: float


@dataclass(frozen=True)
class Check:
    """What `thalweg.check` found. `problems` is empty where nothing is wrong; `str()` of it is for reading."""

    loss: float
    parameters: int
    repeats: bool
    without_gradient: list[str]
    not_finite: list[str]
    missing_second_derivatives: list[str]
    fit: Fit | None = None
    stable_rate: StableRate | None = None
    layers: list[Layer] = field(default_factory=list)
    signal: list[Heard] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        return "fault" if self.problems else "healthy"

    def to_dict(self) -> dict[str, Any]:
        return {"schema": 1, "verdict": self.verdict, **asdict(self)}

    def __str__(self) -> str:
        lines = [f"loss       {self.loss:.6g}, {self.parameters:,} trainable parameters"]
        if self.fit:
            fit = self.fit
            lines.append(f"one batch  loss {fit.first_loss:.4g} to {fit.last_loss:.4g} in {fit.steps} steps of Adam, "
                         f"rate {fit.rate:g}")
        if self.stable_rate:
            rate = self.stable_rate
            lines.append(f"SGD        stable up to a rate of {rate.value:.3g} [{rate.low:.3g}, {rate.high:.3g}] (2/λmax)")
        lines += _drawn(self.layers, self.signal)
        lines += [f"note       {note}" for note in self.notes]
        lines += [f"fault      {problem}" for problem in self.problems]
        return "\n".join([*lines, f"verdict    {self.verdict}"])


def _drawn(layers: list[Layer], signal: list[Heard], most: int = 40) -> list[str]:
    """A line a layer: what it puts out, how it amplifies, how the gradient pulls at it."""
    heard = {layer.layer: layer for layer in signal}
    lines = []
    for layer in layers[:most]:
        out = heard.get(layer.layer)
        rms = f"outputs of {out.rms:.2g}, " if out else ""
        copies = f", {layer.symmetric:.0%} copies" if layer.symmetric > 0.0 else ""
        lines.append(f"layer      {layer.layer}: {rms}amplifies up to {layer.spectral_scale:.2g}-fold, "
                     f"pull {layer.pull:.2g}{copies}")
    return lines + ([f"layer      … {len(layers) - most} more"] if len(layers) > most else [])


@contextmanager
def _weights_put_back(parameters: list[nn.Parameter]) -> Iterator[None]:
    kept = [(p, p.detach().clone(), p.grad) for p in parameters]
    try:
        yield
    finally:
        for p, values, gradient in kept:
            p.data.copy_(values)
            p.grad = gradient


def _gradients(loss: torch.Tensor, parameters: list[nn.Parameter]) -> list[torch.Tensor | None]:
    return list(torch.autograd.grad(loss, parameters, allow_unused=True))


def _fit(loss: Loss, parameters: list[nn.Parameter], rate: float, steps: int) -> Fit:
    with _weights_put_back(parameters):
        optimizer = torch.optim.Adam(parameters, lr=rate)
        first = promised = scale = math.nan
        for step in range(steps):
            value = loss()
            gradients = _gradients(value, parameters)
            if step == 0:
                sizes = [g.abs().double() for g in gradients if g is not None and g.numel() > 0]
                first, promised = value.item(), rate * sum(size.sum().item() for size in sizes)
                scale = max((size.max().item() for size in sizes), default=0.0) or 1.0
            for p, gradient in zip(parameters, gradients):
                p.grad = None if gradient is None else gradient / scale  # Adam's ε is for gradients near one
            optimizer.step()
        return Fit(rate, steps, first, loss().item(), promised)


def _best_fit(loss: Loss, parameters: list[nn.Parameter], steps: int) -> Fit:
    fits: list[Fit] = []
    for rate in _RATES:
        fits.append(_fit(loss, parameters, rate, steps))
        if fits[-1].halved:
            break
    return min(fits, key=lambda fit: fit.last_loss if math.isfinite(fit.last_loss) else math.inf)


def _stable_rate(model: nn.Module, closure: Loss, notes: list[str]) -> StableRate | None:
    largest = survey(model, closure, top=1, trace=False).top
    if not largest or not math.isfinite(largest[0].value):
        notes.append("λmax could not be found")
        return None
    if largest[0].low <= 0.0:
        notes.append(f"λmax is {largest[0].value:.3g}, not above zero within its error: it sets no limit to SGD's rate")
        return None
    return StableRate(2.0 / largest[0].value, 2.0 / largest[0].high, 2.0 / largest[0].low)


# Half of a layer's units are copies of others: as thalweg/diagnose/symmetric_initialization.h.
_SYMMETRIC = 0.5


def _layers(model: nn.Module, names: list[str], parameters: list[nn.Parameter],
            gradients: list[torch.Tensor | None], loss: float) -> list[Layer]:
    """Of all layers with a matrix but embeddings, whose rows are no units."""
    tables = {id(module.weight) for module in model.modules() if isinstance(module, (nn.Embedding, nn.EmbeddingBag))}
    kept = [i for i, p in enumerate(parameters) if id(p) not in tables and p.is_floating_point()]
    found = _core.weights_at_start([(names[i], parameters[i]) for i in kept], [gradients[i] for i in kept], loss)
    return [Layer(**layer) for layer in found]


def _signal(model: nn.Module, loss: Loss, notes: list[str]) -> list[Heard]:
    tap = tapping(model)
    if tap is None:
        notes.append("the model's layers cannot be heard: it is compiled, or has none")
        return []
    return [Heard(**layer) for layer in _core.signal_at_start(tap, loss)]


def _copies(layers: list[Layer]) -> list[str]:
    return [f"{layer.symmetric:.0%} of the {layer.units} units of {layer.layer} start as copies of another: equal "
            "weights get equal gradients, and no step tells them apart; draw them at random"
            for layer in layers if layer.symmetric >= _SYMMETRIC]


def _names(names: list[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _problems(loss: float, second: float, without: list[str], not_finite: list[str]) -> list[str]:
    problems = []
    if not math.isfinite(loss):
        problems.append(f"the loss is {loss} before the first step")
    elif second != loss:
        problems.append(f"two forwards with the same random state differ: {loss!r} and {second!r}; the closure draws "
                        "another batch each time, or changes what it computes from")
    if without:
        problems.append(f"no gradient reaches {_names(without)}: the loss does not depend on them, or on the way there "
                        "is a detach(), .data or no_grad()")
    if not_finite:
        problems.append(f"the gradient of {_names(not_finite)} is not finite")
    return problems


@torch.enable_grad()
def check(model: nn.Module, closure: Callable[[], torch.Tensor], *, steps: int = 50, curvature: bool = True) -> Check:
    """Looks at a model and one batch before the first step.

    closure    () -> loss of the batch; it is called a few hundred times
    steps      of Adam on the batch alone, to see whether it can be fitted at all
    curvature  whether λmax is looked for, which bounds the rate of SGD

    Parameters, .grad, buffers, random state and what modules hold are afterwards what they were, bit for bit.
    """
    whole("steps", steps, 1)
    names, parameters = (list(column) for column in zip(*trainable(module("model", model))))
    loss = frozen(model, closure)
    value = loss()
    gradients = _gradients(value, parameters)
    missing = _core.missing_second_derivatives(loss(), parameters)
    without = [name for name, g in zip(names, gradients) if g is None]
    not_finite = [name for name, g in zip(names, gradients) if g is not None and not bool(g.isfinite().all())]
    again = loss().item()
    problems = _problems(value.item(), again, without, not_finite)
    notes = [f"no second derivative: {_names(missing)}; curvature cannot be measured"] if missing else []
    fit = rate = None
    layers: list[Layer] = []
    signal: list[Heard] = []
    if math.isfinite(value.item()) and not not_finite:
        layers = _layers(model, names, parameters, gradients, value.item())
        signal = _signal(model, loss, notes)
        problems += _copies(layers)
    if math.isfinite(value.item()) and not not_finite:
        fit = _best_fit(loss, parameters, steps)
        if fit.promised == 0.0:
            problems.append("the gradient is zero: nothing can be learnt from here")
        elif not fit.falls:
            problems.append(f"this one batch cannot be fitted: {steps} steps of Adam took the loss from "
                            f"{fit.first_loss:.4g} to {fit.last_loss:.4g}")
        if curvature and not missing:
            rate = _stable_rate(model, closure, notes)
    return Check(loss=value.item(), parameters=sum(p.numel() for p in parameters), repeats=again == value.item(),
                 without_gradient=without, not_finite=not_finite, missing_second_derivatives=missing, fit=fit,
                 stable_rate=rate, layers=layers, signal=signal, problems=problems, notes=notes)
