"""A regression by L-BFGS, which calls its closure several times a step: loss and gradient are watched."""

import argparse

import thalweg
import torch
from torch import nn


def main(steps: int = 20, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    x = torch.linspace(-3.0, 3.0, 200).unsqueeze(1)
    y = torch.sin(2.0 * x)
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe")
    with thalweg.Watch(model, optimizer, store=store, cadence=cadence) as watch:

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            watch.backward(loss)  # was: loss.backward()
            return loss

        for _ in range(steps):
            watch.step(closure)  # was: optimizer.step(closure)
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--store", default="runs/lbfgs")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
