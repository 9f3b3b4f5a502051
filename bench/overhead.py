"""What a watch costs in a Python loop, and whether it says so itself.

    ./dev bench overhead [NETWORK…] [--seconds 60] [--budget 0.03] [--cadence 0] [--instruments auto] [--no-closure]

Two copies of a network are trained beside each other in blocks of a tenth of a second, one plainly, one watched, in an
order that changes with each pair of blocks. 'truth' is the time (of this thread's CPU: others use the machine, too) of the
watched blocks over that of the plain ones, less one, with a 95% interval over the pairs; 'promised' and 'first' are what the watch says of itself (first looks are
aside); 'every' is how many steps lie between two looks of an instrument. One thread, Fashion-MNIST, batch 128; 'tiny' is
a regression of 32 rows by 8 inputs.
"""
import argparse
import json
import math
import random
import time

import torch
from torch import nn
from python_loop import images_and_labels, network

import thalweg

NETWORKS = ("mlp", "cnn", "cnn_norm", "lstm", "transformer", "tiny")


class Transformer(nn.Module):
    """The rows of an image as a sequence."""

    def __init__(self):
        super().__init__()
        self.into = nn.Linear(28, 64)
        layer = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.1, batch_first=True)
        self.body, self.out = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(64, 10)

    def forward(self, x):
        return self.out(self.body(self.into(x.squeeze(1))).mean(1))


def make(kind):
    if kind == "transformer":
        return Transformer()
    if kind == "tiny":
        return nn.Sequential(nn.Linear(8, 1))
    if kind == "cnn_norm":
        return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Flatten(), nn.Dropout(0.2), nn.Linear(32 * 49, 10))
    return network(kind)


class Arm:
    """A network of its own, trained by an ordinary loop."""

    def __init__(self, kind, data, options):
        torch.manual_seed(1)
        self.model, (self.x, self.y) = make(kind), data
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.criterion = nn.MSELoss() if kind == "tiny" else nn.CrossEntropyLoss()
        self.order = torch.Generator().manual_seed(2)
        self.rows = 32 if kind == "tiny" else 128
        self.watch = options and thalweg.Watch(self.model, self.optimizer, **options["watch"])
        self.closure = options and options["closure"]

    def block(self, steps):
        rows = [torch.randint(len(self.x), (self.rows,), generator=self.order) for _ in range(steps)]
        start = time.thread_time()
        for chosen in rows:
            x, y = self.x[chosen], self.y[chosen]
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            if self.watch is None:
                loss.backward()
                self.optimizer.step()
            elif self.closure:
                self.watch.backward(loss, lambda: self.criterion(self.model(x), y))
                self.watch.step()
            else:
                self.watch.backward(loss)
                self.watch.step()
        return time.thread_time() - start


def data_for(kind, images):
    if kind != "tiny":
        return images
    x = torch.randn(4096, 8, generator=torch.Generator().manual_seed(3))
    return x, x.sum(1, keepdim=True)


def measure(kind, images, arguments):
    data = data_for(kind, images)
    options = {"closure": not arguments.no_closure,
               "watch": {"budget": arguments.budget, "cadence": arguments.cadence, "instruments": arguments.instruments}}
    plain, watched = Arm(kind, data, None), Arm(kind, data, options)
    plain.block(20)
    steps = max(1, int(0.1 / (plain.block(20) / 20)))
    watched.block(20)
    pairs, deadline = [], time.perf_counter() + arguments.seconds
    while time.perf_counter() < deadline:
        if random.random() < 0.5:
            a = plain.block(steps)
            b = watched.block(steps)
        else:
            b = watched.block(steps)
            a = plain.block(steps)
        pairs.append((a, b))
    return row(kind, pairs, watched.watch, steps)


def row(kind, pairs, watch, steps):
    plain, seen = (sum(p[k] for p in pairs) for k in (0, 1))
    truth = seen / plain - 1
    # The interval of a ratio of sums, by the residuals of the pairs.
    n = len(pairs)
    spread = math.sqrt(sum((b - (1 + truth) * a) ** 2 for a, b in pairs) / (n - 1))
    half = 1.96 * spread * math.sqrt(n) / plain
    said = watch.overhead
    return {"network": kind, "step_ms": 1e3 * plain / (n * steps), "steps": watch.steps, "truth": truth, "half": half,
            "promised": said.share, "first": said.first / said.trained, "shares": said.by_instrument, "peak_mb": said.peak_bytes / 1e6,
            "every": {name: round(every) for name, every in said.period.items() if math.isfinite(every)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--budget", type=float, default=0.03)
    parser.add_argument("--cadence", type=int, default=0)
    parser.add_argument("--instruments", default="auto")
    parser.add_argument("--no-closure", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.networks) - set(NETWORKS):
        parser.error(f"no network {', '.join(sorted(unknown))}; there are: {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    random.seed(0)
    images = images_and_labels()
    if not arguments.json:
        print("network       ms/step  steps   truth              promised  first   peak MB  every")
    for kind in arguments.networks or NETWORKS:
        r = measure(kind, images, arguments)
        if arguments.json:
            print(json.dumps(r), flush=True)
            continue
        every = ", ".join(f"{name} {steps:,}" for name, steps in sorted(r["every"].items(), key=lambda e: e[1]))
        print(f"{r['network']:12}  {r['step_ms']:7.3f}  {r['steps']:6,}  {r['truth']:6.1%} ±{r['half']:5.1%}"
              f"      {r['promised']:6.1%}  {r['first']:6.1%}  {r['peak_mb']:7.1f}  {every}", flush=True)


if __name__ == "__main__":
    main()
