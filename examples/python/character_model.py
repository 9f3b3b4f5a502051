"""A character language model: a small transformer with gradient accumulation, clipping, autocast and a gradient scaler.

The text is made up by a small grammar, so that there is something to learn and nothing to download.
"""

import argparse
import random

import thalweg
import torch
from torch import nn

WIDTH, LENGTH, MICRO, BATCHES = 32, 48, 8, 4


def text(sentences: int = 2000) -> str:
    chosen = random.Random(0)
    who, does, what = (["the river", "a valley", "the walker", "some rain"], ["follows", "leaves", "finds", "fills"],
                       ["the lowest line", "a ridge", "another saddle", "the sea"])
    return "".join(f"{chosen.choice(who)} {chosen.choice(does)} {chosen.choice(what)}. " for _ in range(sentences))


class Characters(nn.Module):
    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.embedding, self.position = nn.Embedding(kinds, WIDTH), nn.Parameter(torch.zeros(LENGTH, WIDTH))
        self.block = nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, dropout=0.1, batch_first=True, norm_first=True)
        self.head = nn.Linear(WIDTH, kinds)
        self.head.weight = self.embedding.weight  # tied
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(LENGTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(self.block(self.embedding(x) + self.position, self.mask, is_causal=True))
        return scores


def main(steps: int = 300, store: str | None = None, cadence: int = 0) -> thalweg.Watch:
    torch.manual_seed(0)
    corpus = text()
    kinds = sorted(set(corpus))
    codes = torch.tensor([kinds.index(letter) for letter in corpus])
    model = Characters(len(kinds))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
    with thalweg.Watch(model, optimizer, store=store, scaler=scaler, cadence=cadence) as watch:
        for _ in range(steps):
            optimizer.zero_grad()
            for _ in range(BATCHES):
                starts = torch.randint(len(codes) - LENGTH, (MICRO,))
                rows = torch.stack([codes[start : start + LENGTH + 1] for start in starts])
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    scores = model(rows[:, :-1])
                loss = nn.functional.cross_entropy(scores.float().flatten(0, 1), rows[:, 1:].flatten()) / BATCHES
                watch.backward(scaler.scale(loss))  # was: scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)  # as it was: the watch counts the optimizer's own steps
            scaler.update()
    return watch


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--store", default="runs/character-model")
    given = parser.parse_args()
    print(main(given.steps, given.store).summary())
