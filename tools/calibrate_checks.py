#!/usr/bin/env python3
"""Trains small real networks, healthy and sick, and writes what Thalweg would have read of them.

The checks of thalweg/diagnose are set and tested on these runs (tests/diagnose/corpus/README.md). Every run is a line
of `plan()`: a network, an optimizer, a schedule, a fault or none. Readings follow the program's own definitions: u is
the optimizer's real update, H the Hessian of the same mini-batch loss, and the extra forward has the step's random
state. Forward-only readings are taken every `--secant` steps, exact ones every `--exact`.

    tools/calibrate_checks.py --out tests/diagnose/corpus        # everything: some ten minutes on one core
    tools/calibrate_checks.py --out build/corpus --only 'mlp.*adam' --seeds 0
"""
import argparse
import gzip
import json
import math
import re
import struct
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from calibration_runs import plan

FASHION = Path("/usr/share/datasets/fashion-mnist")


def schedule(kind, step, steps):
    """The rate's multiplier at a step."""
    t, warmup = step / steps, 0.1
    if kind == "constant":
        return 1.0
    if kind == "linear":
        return 1.0 - t
    if kind == "step":
        return 0.1 ** (3 * step // steps)
    if kind == "restarts":
        return 0.5 * (1 + math.cos(math.pi * (4 * t % 1)))
    if kind == "warmup_cosine":
        return t / warmup + 1e-3 if t < warmup else 0.5 * (1 + math.cos(math.pi * (t - warmup) / (1 - warmup)))
    if kind == "inverse_sqrt":
        return min((step + 1) / (warmup * steps), math.sqrt(warmup * steps / (step + 1)))
    if kind == "one_cycle":
        up = 0.3
        return 0.04 + 0.48 * (1 - math.cos(math.pi * t / up)) if t < up else 0.5 * (1 + math.cos(math.pi * (t - up) / (1 - up)))
    if kind.startswith("creep"):
        return float(kind[5:]) ** t
    if kind.startswith("jump"):
        return 1.0 if t < 0.4 else float(kind[4:])
    raise ValueError(kind)


def read_idx(path):
    raw = gzip.open(path).read()
    shape = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def standardized(x, scaling):
    if scaling == "none":
        return x
    if scaling == "unit":
        return x / 255
    if scaling == "tiny":
        return x / 255 / 255
    if scaling == "uneven":
        return x / x.square().mean().sqrt()
    if x.shape[1] == 784:  # one channel of an image: one mean, one deviation
        return (x - x.mean()) / x.std()
    return (x - x.mean(0)) / x.std(0)


def dataset(spec, generator):
    if spec.data == "table":
        x = torch.randn(4000, 12, generator=generator)
        scales = 10.0 ** torch.linspace(-1, 3, 12)
        y = torch.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.5 * x[:, 3:4] - x[:, 11:12]
        y = (y - y.mean()) / y.std() + 0.1 * torch.randn(4000, 1, generator=generator)
        return standardized(x * scales + scales, spec.scaling), y
    x = torch.from_numpy(read_idx(FASHION / "train-images-idx3-ubyte.gz")[: spec.rows].astype(np.float32)).reshape(-1, 784)
    y = torch.from_numpy(read_idx(FASHION / "train-labels-idx1-ubyte.gz")[: spec.rows].astype(np.int64))
    wrong = torch.rand(len(y), generator=generator) < spec.noise
    y = torch.where(wrong, torch.randint(10, y.shape, generator=generator), y)
    return standardized(x, spec.scaling), y


class Rows(nn.Module):
    """An image as a sequence of 28 rows, through an LSTM or one block of attention."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        if kind == "lstm":
            self.core = nn.LSTM(28, 64, batch_first=True)
        else:
            self.embed = nn.Linear(28, 48)
            self.place = nn.Parameter(0.02 * torch.randn(28, 48))
            self.core = nn.TransformerEncoderLayer(48, 4, 96, dropout=0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(64 if kind == "lstm" else 48, 10)

    def forward(self, x):
        x = x.reshape(-1, 28, 28)
        if self.kind == "lstm":
            return self.head(self.core(x)[0][:, -1])
        return self.head(self.core(self.embed(x) + self.place).mean(1))


def network(spec):
    def conv(i, o, norm):
        return [nn.Conv2d(i, o, 3, 2, 1)] + ([nn.BatchNorm2d(o)] if norm else []) + [nn.ReLU()]

    norm = spec.net == "cnn_bn"
    build = {
        "mlp": lambda: nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Dropout(spec.dropout), nn.Linear(100, 10)),
        "tanh": lambda: nn.Sequential(nn.Linear(784, 50), nn.Tanh(), nn.Linear(50, 50), nn.Tanh(), nn.Linear(50, 10)),
        "wide": lambda: nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 10)),
        "deep": lambda: nn.Sequential(
            nn.Linear(784, 60), nn.Tanh(), *[m for _ in range(5) for m in (nn.Linear(60, 60), nn.Tanh())], nn.Linear(60, 10)
        ),
        "linear": lambda: nn.Linear(784, 10),
        "table": lambda: nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)),
        "cnn": lambda: nn.Sequential(
            nn.Unflatten(1, (1, 28, 28)), *conv(1, 8, norm), *conv(8, 16, norm), nn.Flatten(), nn.Dropout(spec.dropout), nn.Linear(784, 10)
        ),
        "lstm": lambda: Rows("lstm"),
        "transformer": lambda: Rows("transformer"),
    }
    net = build["cnn" if norm else spec.net]()
    if spec.std:
        for p in net.parameters():
            nn.init.normal_(p, std=spec.std) if p.ndim > 1 else nn.init.zeros_(p)
    return net


def optimizer(spec, parameters):
    if spec.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=spec.lr, momentum=spec.momentum)
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    return kinds[spec.optimizer](parameters, lr=spec.lr)


class Readings:
    """quantity → [(step, value, error)], and the per-parameter gradients of the last steps."""

    def __init__(self):
        self.series = {}
        self.parameters = []

    def put(self, step, quantity, value, error=math.nan):
        self.series.setdefault(quantity, []).append((step, float(value), float(error)))


def constant_loss(spec, y, criterion):
    if spec.loss == "mse":
        return criterion((y if y.ndim > 1 else nn.functional.one_hot(y, 10)).float().mean(0).expand(len(y), -1), y)
    return criterion((torch.bincount(y, minlength=10) / len(y)).log().expand(len(y), -1), y)


def look_before(spec, net, x, y, criterion, out):
    deviations = x.std(0) if spec.data == "table" else x.std().reshape(1)  # an image's column is its channel
    out.put(0, "input_mean", x.mean())
    out.put(0, "input_rms", x.square().mean().sqrt())
    out.put(0, "input_max_abs", x.abs().max())
    out.put(0, "input_scale_spread", deviations.max() / deviations.min())
    with torch.no_grad():
        out.put(0, "initial_loss", criterion(net(x[:1000]), y[:1000]))
    out.put(0, "constant_loss", constant_loss(spec, y, criterion))


def dot(a, b):
    return sum(float((p.detach().double() * q.detach().double()).sum()) for p, q in zip(a, b))


def train(spec, seed, secant, exact):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed + 1000)
    x, y = dataset(spec, generator)
    net = network(spec)
    mse = nn.MSELoss()
    criterion = nn.CrossEntropyLoss()
    if spec.loss == "mse":
        criterion = lambda o, t: mse(o, t if t.ndim > 1 else nn.functional.one_hot(t, 10).float())  # noqa: E731
    parameters = list(net.parameters())
    steps_by = optimizer(spec, parameters)
    out = Readings()
    look_before(spec, net, x, y, criterion, out)
    order, ended = torch.empty(0, dtype=torch.long), None
    for step in range(spec.steps):
        size = spec.batch if spec.batch > 0 else -spec.batch * 2 ** (5 * step // spec.steps)
        if len(order) < size:
            order = torch.randperm(len(x), generator=generator)
        rows, order = order[:size], order[size:]
        rate = spec.lr * schedule(spec.schedule, step, spec.steps)
        steps_by.param_groups[0]["lr"] = rate
        measure = Step(spec, net, parameters, criterion, x[rows], y[rows], step, out)
        measure.go(steps_by, rate, step % secant == 0, step % exact == 0)
        if not math.isfinite(measure.loss):
            ended = ended or step
            if step >= ended + 2:
                break
    return out


class Step:
    """One step of training, and what is read of it."""

    def __init__(self, spec, net, parameters, criterion, x, y, step, out):
        self.spec, self.net, self.parameters, self.criterion = spec, net, parameters, criterion
        self.x, self.y, self.step, self.out = x, y, step, out
        self.state = torch.get_rng_state()

    def forward(self):
        torch.set_rng_state(self.state)
        return self.criterion(self.net(self.x), self.y)

    def put(self, quantity, value, error=math.nan):
        self.out.put(self.step, quantity, value, error)

    def go(self, steps_by, rate, secant, exact):
        before = [p.detach().clone() for p in self.parameters]
        loss = self.forward()
        after_forward = torch.get_rng_state()
        gradients = torch.autograd.grad(loss, self.parameters)
        for p, g in zip(self.parameters, gradients):
            p.grad = g.clone()
        steps_by.step()
        updates = [p.detach() - b for p, b in zip(self.parameters, before)]
        self.loss = float(loss.detach())
        gg, gu = dot(gradients, gradients), dot(gradients, updates)
        self.put("loss", self.loss)
        self.put("gradient_sq", gg)
        self.put("update_sq", dot(updates, updates))
        self.put("weight_sq", dot(self.parameters, self.parameters))
        self.put("gradient_update", gu)
        self.put("learning_rate", rate)
        self.out.parameters.append({n: float(g.square().sum()) for (n, _), g in zip(self.net.named_parameters(), gradients)})
        if secant and math.isfinite(self.loss):
            self.look_again(gu)
        if exact and math.isfinite(self.loss):
            self.look_closer(before, gradients, updates, gu)
        torch.set_rng_state(after_forward)

    def look_again(self, gu):
        with torch.no_grad():
            change = float(self.forward()) - self.loss
        error = 4 * torch.finfo(torch.float32).eps * abs(self.loss)
        self.put("actual_change", change, error)
        self.put("curvature_secant", 2 * (change - gu), 2 * error)
        if gu:
            self.put("overshoot_secant", 1 + change / -gu, error / abs(gu))

    def look_closer(self, before, gradients, updates, gu):
        """gᵀHg and uᵀHu at the point before the step, by Hessian-vector products."""
        now = [p.detach().clone() for p in self.parameters]
        with torch.no_grad():
            for p, b in zip(self.parameters, before):
                p.copy_(b)
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            graph = torch.autograd.grad(self.forward(), self.parameters, create_graph=True)
            hg = torch.autograd.grad(graph, self.parameters, [g.detach() for g in gradients], retain_graph=True)
            hu = torch.autograd.grad(graph, self.parameters, updates)
        with torch.no_grad():
            for p, b in zip(self.parameters, now):
                p.copy_(b)
        uhu = dot(updates, hu)
        self.put("curvature_along_gradient", dot(gradients, hg))
        self.put("curvature_along_update", uhu)
        self.put("predicted_change", gu + 0.5 * uhu)
        if gu:
            self.put("overshoot", -0.5 * uhu / gu)


def rounded(value, digits):
    """JSON has no NaN: non-finite numbers are written as strings."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else str(value)


def packed(points, digits):
    """A series as {first, every, values[, errors]}, or with explicit steps where the cadence is not even."""
    steps = [s for s, _, _ in points]
    every = steps[1] - steps[0] if len(steps) > 1 else 1
    even = steps == list(range(steps[0], steps[0] + every * len(steps), every))
    series = {"first": steps[0], "every": every} if even else {"steps": steps}
    series["values"] = [rounded(v, digits) for _, v, _ in points]
    if not all(math.isnan(e) for _, _, e in points):
        series["errors"] = [rounded(e, 2) for _, _, e in points]
    return series


def changes_only(points):
    """A rate that does not change is written once: the reader repeats it."""
    return [p for i, p in enumerate(points) if i == 0 or p[1] != points[i - 1][1]]


KEPT = {  # digits kept
    "loss": 4, "gradient_sq": 3, "update_sq": 3, "weight_sq": 3, "learning_rate": 4, "actual_change": 3,
    "curvature_along_gradient": 3, "curvature_along_update": 3, "curvature_secant": 3, "overshoot": 3, "overshoot_secant": 3,
    "input_mean": 4, "input_rms": 4, "input_max_abs": 4, "input_scale_spread": 4, "initial_loss": 5, "constant_loss": 5,
}  # fmt: skip


def write(spec, seed, out, folder):
    series = {}
    for quantity, digits in KEPT.items():
        points = out.series.get(quantity)
        if points and quantity == "weight_sq":
            points = points[::8] + points[-3:]
        if points and quantity == "learning_rate":
            points = changes_only(points)
        if points:
            series[quantity] = packed(points, digits)
    last = len(out.parameters) - 1
    record = {
        "name": f"{spec.name}-{seed}", "fault": spec.fault, "severity": spec.severity if spec.fault else "", "also": spec.also, "optimizer": spec.optimizer, "planned_steps": spec.steps,
        "peak_learning_rate": max(v for _, v, _ in out.series["learning_rate"]), "last_step": last, "series": series,
    }  # fmt: skip
    if not math.isfinite(out.series["loss"][-1][1]):
        record["gradient_sq_by_parameter"] = [
            {"step": s, **{n: rounded(v, 3) for n, v in out.parameters[s].items()}} for s in range(max(0, last - 3), last + 1)
        ]
    text = json.dumps(record, separators=(",", ":")).encode()
    (folder / f"{spec.name}-{seed}.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True, help="folder for the corpus")
    arguments.add_argument("--only", default="", help="regular expression that a run's name must contain")
    arguments.add_argument("--seeds", default="0,1", help="seeds, comma separated")
    arguments.add_argument("--secant", type=int, default=12, help="steps between forward-only readings")
    arguments.add_argument("--exact", type=int, default=64, help="steps between exact readings")
    options = arguments.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    for spec in plan():
        for seed in map(int, options.seeds.split(",")):
            if not re.search(options.only, spec.name):
                continue
            start = time.time()
            out = train(spec, seed, options.secant, options.exact)
            write(spec, seed, out, options.out)
            losses = [v for _, v, _ in out.series["loss"]]
            ends = f"{losses[0]:.3g} → {np.median(losses[-20:]):.3g}"
            print(f"{spec.name}-{seed:<3} {spec.fault or 'healthy':<24} loss {ends}  {time.time() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
