"""A loop without an optimizer: the weights are changed by hand."""

import argparse

import thalweg
import torch
from torch import nn


def main(steps: int = 500, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    x = torch.randn(256, 4)
    y = (x @ torch.tensor([[1.0], [-2.0], [0.5], [3.0]])).tanh()
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    with thalweg.Watch(model, None, store=store, cadence=cadence) as watch:
        for _ in range(steps):
            model.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            watch.backward(loss)  # was: loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    if p.grad is not None:
                        p.sub_(p.grad, alpha=0.1)
            watch.step()  # new: says that the update is done
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--store", default="runs/by-hand")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
