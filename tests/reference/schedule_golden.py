"""Golden rates of torch.optim.lr_scheduler: writes tests/optim/schedule_golden.json.

    python3 tests/reference/schedule_golden.py

The rate at each of 60 steps, peak rate 0.5, planned run 50 steps (beyond it torch's cosine would rise again, so those stop there).
"""
import json
import math
import pathlib

import torch
from torch.optim import lr_scheduler as lrs

PEAK, PLANNED = 0.5, 50
# torch counts the steps between the ends of one cycle: its 51 points are our steps 0 to 50.
CASES = {
    "step": (60, lambda o: lrs.StepLR(o, step_size=7, gamma=0.3)),
    "multistep": (60, lambda o: lrs.MultiStepLR(o, milestones=[5, 20, 21], gamma=0.5)),
    "exponential": (60, lambda o: lrs.ExponentialLR(o, gamma=math.exp(-0.07))),
    "linear": (60, lambda o: lrs.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=PLANNED)),
    "polynomial": (60, lambda o: lrs.PolynomialLR(o, total_iters=PLANNED, power=2.0)),
    "cosine": (51, lambda o: lrs.CosineAnnealingLR(o, T_max=PLANNED, eta_min=0.1 * PEAK)),
    "cosine_restarts": (60, lambda o: lrs.CosineAnnealingWarmRestarts(o, T_0=6, T_mult=2, eta_min=0.1 * PEAK)),
    "one_cycle": (51, lambda o: lrs.OneCycleLR(
        o, max_lr=PEAK, total_steps=PLANNED + 1, pct_start=(0.3 * PLANNED + 1) / (PLANNED + 1), div_factor=25.0,
        final_div_factor=1 / (25.0 * 0.1), cycle_momentum=False)),
}
# What the plateau is told, and the rate after each; patience 2, factor 0.5, threshold 0.1.
LOSSES = [1.0, 0.95, 0.94, 0.93, 0.5, 0.48, 0.47, 0.46, 0.46, 0.46, 0.2, float("nan"), 0.3, 0.3, 0.3]


def rates(steps, make):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    scheduler = make(optimizer)
    out = []
    for _ in range(steps):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return out


def plateau():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    scheduler = lrs.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0.1)
    out = []
    for loss in LOSSES:
        scheduler.step(loss)
        out.append(optimizer.param_groups[0]["lr"])
    return out


def main():
    golden = {name: rates(steps if name != "one_cycle" else steps - 1, make) for name, (steps, make) in CASES.items()}
    golden["plateau"] = plateau()
    golden["torch"] = torch.__version__
    target = pathlib.Path(__file__).parents[1] / "optim" / "schedule_golden.json"
    target.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
