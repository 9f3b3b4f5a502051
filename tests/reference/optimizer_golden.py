"""Golden steps of torch.optim: writes tests/optim/optimizer_golden.json.

    python3 tests/reference/optimizer_golden.py

Two parameters, six steps, the same gradients in every case. Weights after the first step and the last.
"""
import json
import pathlib

import torch

STEPS = 6
CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.1)),
    "sgd_decay": (torch.optim.SGD, dict(lr=0.1, weight_decay=0.05)),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.05)),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)),
    "adam": (torch.optim.Adam, dict(lr=0.01)),
    "adam_decay": (torch.optim.Adam, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05)),
    "adamw": (torch.optim.AdamW, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05)),
    "nadamw": (torch.optim.NAdam, dict(lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.05, decoupled_weight_decay=True)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-3, weight_decay=0.05)),
    "rmsprop_momentum": (torch.optim.RMSprop, dict(lr=0.01, alpha=0.9, eps=1e-3, momentum=0.8, weight_decay=0.05)),
}


def flat(parameters):
    return [float(x) for p in parameters for x in p.detach().flatten()]


def run(make, options, dtype, weights, gradients, clip):
    parameters = [w.to(dtype).clone().requires_grad_() for w in weights]
    groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": options["lr"] / 4, "weight_decay": 0.0}]
    optimizer = make(groups, **options)
    path = []
    for step in gradients:
        for p, g in zip(parameters, step):
            p.grad = g.to(dtype).clone()
        if clip:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        optimizer.step()
        path.append(flat(parameters))
    return [path[0], path[-1]]


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)  # NAdam keeps its product of momenta in the default type
    torch.manual_seed(1)
    shapes = [(3, 5), (7,)]
    weights = [torch.randn(s).float() for s in shapes]
    gradients = [[(torch.randn(s) * (0.3 + t)).float() for s in shapes] for t in range(STEPS)]
    cases = {}
    for name, (make, options) in CASES.items():
        for dtype in (torch.float32, torch.float64):
            for clip in (0.0, 2.5):
                key = f"{name}/{str(dtype)[6:]}/{'clipped' if clip else 'free'}"
                cases[key] = run(make, options, dtype, weights, gradients, clip)
    golden = dict(torch=torch.__version__, weights=flat(weights), gradients=[flat(g) for g in gradients], paths=cases)
    target = pathlib.Path(__file__).parents[1] / "optim" / "optimizer_golden.json"
    target.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
