"""Golden losses and gradients of torch.nn.functional: writes tests/train/loss_golden.json.

    python3 tests/reference/loss_golden.py
"""
import json
import pathlib

import torch
import torch.nn.functional as F


def main():
    torch.manual_seed(2)
    torch.set_default_dtype(torch.float64)
    z = torch.randn(6, 4) * 2
    sequence = torch.randn(3, 5, 4)
    p = torch.rand(6, 4) * 0.9 + 0.05
    real = torch.randn(6, 4) * 2
    labels = (torch.rand(6, 4) > 0.5).double()
    shares = torch.softmax(torch.randn(6, 4), 1)
    t = torch.tensor([0, 3, 1, 1, 2, 0])
    ts = torch.randint(0, 4, (3, 5))
    flat = lambda fn: lambda x: fn(x.flatten(0, 1), ts.flatten())
    cases = {
        "cross_entropy": (z, t, lambda x: F.cross_entropy(x, t)),
        "cross_entropy_smoothed": (z, t, lambda x: F.cross_entropy(x, t, label_smoothing=0.1)),
        "cross_entropy_shares": (z, shares, lambda x: F.cross_entropy(x, shares)),
        "cross_entropy_shares_smoothed": (z, shares, lambda x: F.cross_entropy(x, shares, label_smoothing=0.1)),
        "cross_entropy_sequence": (sequence, ts, flat(F.cross_entropy)),
        "cross_entropy_sum": (sequence, ts, flat(lambda x, y: F.cross_entropy(x, y, reduction="sum"))),
        "nll": (p, t, lambda x: F.nll_loss(x.log(), t)),
        "nll_smoothed": (p, t, lambda x: 0.9 * F.nll_loss(x.log(), t) - 0.1 * x.log().mean()),
        "nll_normalized": (p, t, lambda x: F.nll_loss((x / x.sum(1, keepdim=True)).log(), t)),
        "nll_shares": (p, shares, lambda x: -(shares * x.log()).sum(1).mean()),
        "mse": (z, real, lambda x: F.mse_loss(x, real)),
        "mse_sum": (z, real, lambda x: F.mse_loss(x, real, reduction="sum")),
        "mse_one_hot": (z, t, lambda x: F.mse_loss(x, F.one_hot(t, 4).double())),
        "mse_number": (z[:, :1], t, lambda x: F.mse_loss(x, t.double()[:, None])),
        "mae": (z, real, lambda x: F.l1_loss(x, real)),
        "huber": (z, real, lambda x: F.huber_loss(x, real, delta=0.7)),
        "bce": (p, labels, lambda x: -(labels * x.log() + (1 - labels) * (1 - x).log()).mean()),
        "bce_logits": (z, labels, lambda x: F.binary_cross_entropy_with_logits(x, labels)),
    }
    golden = {"torch": torch.__version__}
    for name, (outputs, targets, loss) in cases.items():
        x = outputs.clone().requires_grad_()
        value = loss(x)
        (g,) = torch.autograd.grad(value, x, create_graph=True)
        (second,) = torch.autograd.grad((g * g).sum(), x, allow_unused=True) if g.requires_grad else (None,)
        golden[name] = {
            "shape": list(outputs.shape), "outputs": outputs.flatten().tolist(),
            "target_shape": list(targets.shape), "targets": targets.flatten().tolist(),
            "loss": value.item(), "gradient": g.flatten().tolist(),
            "second": [] if second is None else (second + torch.zeros_like(outputs)).flatten().tolist(),
        }
    target = pathlib.Path(__file__).parents[1] / "train" / "loss_golden.json"
    target.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
