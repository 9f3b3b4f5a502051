"""The frozen curvature problems P1 to P4 in PyTorch, for the comparison in bench/curvature.py.

problem.json says how each was made, reference.json what is known of its Hessian in float64 (Lanczos with full
reorthogonalisation, exact traces where they could be had; P4 dense).
"""
import pathlib
import torch
from torch import nn
from safetensors.torch import load_file

HERE = pathlib.Path(__file__).resolve().parent

# ------------------------------------------------------------------ models
def mlp():
    return nn.Sequential(nn.Linear(784, 128), nn.Tanh(), nn.Linear(128, 64), nn.Tanh(), nn.Linear(64, 10))


def convnet():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x, mask):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4).unbind(0)
        a = (q @ k.transpose(-2, -1)) / (d // self.h) ** 0.5 + mask
        y = (torch.softmax(a, -1) @ v).transpose(1, 2).reshape(b, t, d)
        x = x + self.proj(y)
        return x + self.fc2(nn.functional.gelu(self.fc1(self.ln2(x))))


class CharTransformer(nn.Module):
    """Pre-LN causal transformer; input (B,T) int64; output (B*T, V) logits; no dropout, untied head."""

    def __init__(self, vocab, d=64, heads=4, layers=2, ctx=64):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, d), nn.Embedding(ctx, d)
        self.blocks = nn.ModuleList([Block(d, heads) for _ in range(layers)])
        self.lnf, self.head = nn.LayerNorm(d), nn.Linear(d, vocab)
        self.register_buffer("mask", torch.full((ctx, ctx), float("-inf")).triu(1), persistent=False)

    def forward(self, idx):
        t = idx.shape[1]
        x = self.tok(idx) + self.pos(torch.arange(t))
        m = self.mask[:t, :t].to(x.dtype)
        for b in self.blocks:
            x = b(x, m)
        return self.head(self.lnf(x)).flatten(0, 1)


P4_IN, P4_H, P4_OUT = 4, 8, 2      # 8 hidden units = 6 trained + 1 duplicate + 1 zero unit


def saddle_net(h=P4_H):
    return nn.Sequential(nn.Linear(P4_IN, h), nn.Tanh(), nn.Linear(h, P4_OUT))


def make(name, vocab=None):
    if name == "P1":
        return mlp(), nn.CrossEntropyLoss()
    if name == "P2":
        return convnet(), nn.CrossEntropyLoss()
    if name == "P3":
        return CharTransformer(vocab), nn.CrossEntropyLoss()
    if name == "P4":
        return saddle_net(), nn.MSELoss()
    raise KeyError(name)


# ------------------------------------------------------------------ load
def load(name, dtype=torch.float32):
    """-> (model, loss_fn, x, y) at the frozen point (float32 values, cast to dtype)."""
    t = load_file(str(HERE / f"{name}.safetensors"))
    vocab = t["param.head.weight"].shape[0] if name == "P3" else None
    model, loss = make(name, vocab)
    model.load_state_dict({k[6:]: v for k, v in t.items() if k.startswith("param.")}, strict=True)
    x, y = t["batch.x"], t["batch.y"]
    cast = lambda z: z.to(dtype) if z.is_floating_point() else z
    return model.to(dtype), loss, cast(x), cast(y)
