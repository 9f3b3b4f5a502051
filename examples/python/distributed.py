"""Two ranks of DistributedDataParallel on Gloo. Each rank writes its own store: runs/distributed, runs/distributed-rank1."""

import argparse
import tempfile

import thalweg
import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import spawn

RANKS = 2


def work(rank: int, meeting: str, steps: int, store: str | None, cadence: int) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=RANKS)
    torch.manual_seed(0)
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1)))
    torch.manual_seed(rank)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    with thalweg.Watch(model, optimizer, store=store, cadence=cadence) as watch:
        for _ in range(steps):
            x = torch.randn(64, 8)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), x.prod(1, keepdim=True))
            watch.backward(loss)  # was: loss.backward()
            watch.step()  # was: optimizer.step()
        if rank == 0:
            print(watch.summary())
    distributed.destroy_process_group()


def main(steps: int = 300, store: str | None = None, cadence: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spawn(work, (f"{folder}/meeting", steps, store, cadence), nprocs=RANKS)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--store", default="runs/distributed")
    given = parser.parse_args()
    main(given.steps, given.store)
