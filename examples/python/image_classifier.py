"""An image classifier: a small conv net with batch norm and dropout on Fashion-MNIST (Debian's dataset-fashion-mnist).

The two changed lines are marked.
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
import thalweg
import torch
from torch import nn

DATA = Path("/usr/share/datasets/fashion-mnist")


def read(name: str, header: int) -> torch.Tensor:
    with gzip.open(DATA / f"{name}-ubyte.gz") as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=header).copy())


def images(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = read(f"{part}-images-idx3", 16).reshape(-1, 1, 28, 28)
    return pixels, read(f"{part}-labels-idx1", 8).long()


def scaled(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels.float() / 255.0 - 0.286) / 0.353


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 7 * 7, 10))


def accuracy(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    model.eval()
    with torch.no_grad():
        right = (model(scaled(x)).argmax(1) == y).float().mean().item()
    model.train()
    return float(right)


def main(steps: int = 1000, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    x, y = images("train")
    held_x, held_y = (part[:1000] for part in images("t10k"))
    model, criterion = network(), nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    with thalweg.Watch(model, optimizer, store=store, cadence=cadence, planned_steps=steps) as watch:
        for step in range(steps):
            rows = torch.randint(len(x), (128,))
            optimizer.zero_grad()
            loss = criterion(model(scaled(x[rows])), y[rows])
            watch.backward(loss)  # was: loss.backward()
            watch.step()  # was: optimizer.step()
            schedule.step()
            if step % 200 == 199 or step == steps - 1:
                watch.log("accuracy", accuracy(model, held_x, held_y))
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--store", default="runs/image-classifier")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
