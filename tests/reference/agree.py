"""The loss curve of an example, by an independent PyTorch script of the same recipe.

    python tests/reference/agree.py THALWEG EXAMPLE FOLDER

Two ways, with safetensors exchanged both ways:
  1. thalweg draws the initial weights and the batches (train --dump); PyTorch trains on them.
  2. PyTorch draws the initial weights; thalweg starts from them (train --weights), on the same batches.
Each time the two loss curves must agree: to rounding at first, later to what rounding grows to. Dropout is off, since the two programs draw
different masks. Prints the largest relative difference of each way; exits with 1 where they disagree.
"""
import json
import math
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STEPS = 24
FIRST, FIRST_TOLERANCE, TOLERANCE = 5, 5e-6, 2e-3


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1, self.linear1 = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.linear1(self.lstm1(x.squeeze(1))[0][:, -1])


class Characters(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, 96), nn.Embedding(64, 96)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(96, 4, 384, dropout=0.0, activation="gelu", batch_first=True, norm_first=True) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(96), nn.Linear(96, vocabulary)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(1))
        h = self.token(x) + self.position(torch.arange(x.size(1)))
        for block in self.blocks:
            h = block(h, src_mask=mask, is_causal=True)
        return self.head(self.norm(h)).transpose(1, 2)


class Example:
    """What the recipe says, in PyTorch's words. `names`: PyTorch's parameter names to thalweg's."""

    def __init__(self, name, vocabulary):
        self.clip = None
        if name == "fashion_mlp":
            self.model = nn.Sequential(nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
            self.names = {"1": "linear1", "3": "linear2", "5": "linear3"}
            self.peak, self.rate = 1e-3, lambda t: min(0.5 * (1 + math.cos(math.pi * t / STEPS)), (t + 1) / round(0.05 * STEPS))
            self.groups = lambda m: [{"params": list(m.parameters()), "weight_decay": 0.01}]
            self.kind = torch.optim.AdamW
        elif name == "fashion_cnn":
            self.model = nn.Sequential(
                nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10))
            self.names = {"0": "conv1", "3": "conv2", "7": "linear1", "9": "linear2"}
            self.peak, self.rate = 2e-3, self.one_cycle
            self.groups = lambda m: [{"params": list(m.parameters()), "weight_decay": 0.01}]
            self.kind = torch.optim.AdamW
        elif name == "rows_lstm":
            self.model, self.names = Rows(), {}
            self.peak, self.rate = 2e-3, lambda t: min(0.5 * (1 + math.cos(math.pi * t / STEPS)), (t + 1) / 100)
            self.groups = lambda m: [{"params": list(m.parameters())}]
            self.kind, self.clip = torch.optim.Adam, 1.0
        elif name == "char_transformer":
            self.model = Characters(vocabulary)
            self.names = {"token.weight": "embedding1.weight", "position.weight": "embedding1.positions", "blocks.0": "transformer1",
                          "blocks.1": "transformer2", "norm": "layer_norm1", "head": "linear1"}
            self.peak, self.rate = 2e-3, lambda t: min(0.5 * (1 + math.cos(math.pi * t / STEPS)), (t + 1) / 50)
            self.kind, self.clip = torch.optim.AdamW, 1.0
            self.groups = self.without_bias
        else:
            sys.exit(f"no such example: {name}")

    @staticmethod
    def one_cycle(t):
        x, peak = t / STEPS, 0.3
        if x < peak:
            return 1 / 25 + (1 - 1 / 25) * 0.5 * (1 - math.cos(math.pi * x / peak))
        return 0.5 * (1 + math.cos(math.pi * (x - peak) / (1 - peak)))

    def without_bias(self, model):
        named = [(self.name_of(n), p) for n, p in model.named_parameters()]
        return [{"params": [p for n, p in named if not n.endswith(".bias")], "weight_decay": 0.05},
                {"params": [p for n, p in named if n.endswith(".bias")], "weight_decay": 0.0}]

    def name_of(self, torch_name):
        for prefix, name in self.names.items():
            if torch_name == prefix or torch_name.startswith(prefix + "."):
                return name + torch_name[len(prefix):]
        return torch_name

    def weights(self):
        return {self.name_of(n): p.detach().clone() for n, p in self.model.named_parameters()}

    def load(self, weights):
        with torch.no_grad():
            for n, p in self.model.named_parameters():
                p.copy_(weights[self.name_of(n)])

    def losses(self, batches):
        optimizer, losses = self.kind(self.groups(self.model), lr=self.peak), []
        for t in range(STEPS):
            for group in optimizer.param_groups:
                group["lr"] = self.peak * self.rate(t)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.model(batches[f"x{t}"]), batches[f"y{t}"])
            loss.backward()
            if self.clip:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
            optimizer.step()
            losses.append(loss.item())
        return losses


def thalweg_losses(binary, name, folder, overrides, extra):
    out = folder / f"run{len(list(folder.iterdir()))}"
    command = [binary, "train", ROOT / f"examples/{name}.toml", "--out", out, "--quiet", *extra]
    for setting in [f"stop.steps={STEPS}", "threads=1", "checkpoint.every=1000000", *overrides]:
        command += ["--set", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([binary, "export", out, "--to", "json", folder / "export.json"], check=True, stdout=subprocess.DEVNULL)
    document = json.loads((folder / "export.json").read_text())
    (folder / "export.json").unlink()
    return [r["value"] for r in document["readings"] if r["quantity"] == "loss"]


def agreement(way, ours, theirs):
    if len(ours) != STEPS:
        sys.exit(f"{way}: {len(ours)} losses for {STEPS} steps")
    difference = [abs(a - b) / abs(b) for a, b in zip(ours, theirs)]
    first, later = max(difference[:FIRST]), max(difference)
    print(f"{way}: first {FIRST} steps {first:.1e}, all {STEPS} steps {later:.1e} (relative); loss {theirs[0]:.4f} to {theirs[-1]:.4f}")
    return first <= FIRST_TOLERANCE and later <= TOLERANCE


def main():
    binary, name, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    overrides = ["model.layers.1.p=0.0"] if name == "fashion_mlp" else []
    ours = thalweg_losses(binary, name, folder, overrides, ["--dump", folder / "dump", "--dump-batches", str(STEPS)])
    initial, batches = load_file(folder / "dump/initial.safetensors"), load_file(folder / "dump/batches.safetensors")
    example = Example(name, initial.get("embedding1.weight", torch.empty(0)).size(0))
    if set(example.weights()) != set(initial):
        sys.exit(f"names differ: {set(example.weights()) ^ set(initial)}")
    torch_weights = example.weights()
    example.load(initial)
    good = agreement("thalweg's weights", ours, example.losses(batches))

    save_file(torch_weights, folder / "torch.safetensors")
    ours = thalweg_losses(binary, name, folder, overrides, ["--weights", folder / "torch.safetensors"])
    example = Example(name, initial.get("embedding1.weight", torch.empty(0)).size(0))
    example.load(torch_weights)
    good &= agreement("PyTorch's weights", ours, example.losses(batches))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
