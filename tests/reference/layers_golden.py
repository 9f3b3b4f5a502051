"""Every layer type as torch computes it: writes tests/model/layers_golden.json.

    python3 tests/reference/layers_golden.py

Networks are small torch.nn modules in float64, named as Thalweg names its layers, so that the parameters' names are compared too.
Inputs, weights and targets follow formulas that the test repeats; kept are the output, the gradient and a Hessian-vector
product of L = ½ Σ (output − target)².
"""

import json
import math
import pathlib
from collections import OrderedDict

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
VOCABULARY = 5


def wave(shape, rate, phase, size):
    count = math.prod(shape)
    return torch.tensor([size * math.sin(rate * (i + 1) + phase) for i in range(count)]).reshape(shape)


class Last:
    """A recurrent layer's last state."""

    def forward(self, x):
        return super().forward(x)[0][:, -1]


class All:
    def forward(self, x):
        return super().forward(x)[0]


class LastLSTM(Last, nn.LSTM): ...
class LastRNN(Last, nn.RNN): ...
class AllGRU(All, nn.GRU): ...


class Rows(nn.Module):
    """An image [channels, height, width] read row by row."""

    def forward(self, x):
        return torch.stack([x[:, :, row].flatten(1) for row in range(x.shape[2])], 1)


class LearnedPositions(nn.Embedding):
    def __init__(self, time, *args):
        super().__init__(*args)
        self.positions = nn.Parameter(torch.zeros(time, self.embedding_dim))

    def forward(self, x):
        return super().forward(x) + self.positions


class Sinusoids(nn.Embedding):
    def forward(self, x):
        width = self.embedding_dim
        table = [[(math.cos if i % 2 else math.sin)(t / 10000 ** (2 * (i // 2) / width)) for i in range(width)]
                 for t in range(x.shape[1])]
        return super().forward(x) + torch.tensor(table)


class OneHot(nn.Module):
    def forward(self, x):
        return nn.functional.one_hot(x, VOCABULARY).to(torch.float64)


class OnAxis2(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Attention(nn.MultiheadAttention):
    def __init__(self, width, heads, causal):
        super().__init__(width, heads, batch_first=True)
        self.causal = causal

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1]) if self.causal else None
        return super().forward(x, x, x, attn_mask=mask, need_weights=False)[0]


class Block(nn.TransformerEncoderLayer):
    def __init__(self, width, heads, hidden):
        super().__init__(width, heads, hidden, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)

    def forward(self, x):
        return super().forward(x, src_mask=nn.Transformer.generate_square_subsequent_mask(x.shape[1]))


class Residual(nn.Module):
    def __init__(self, projection=None, **inner):
        super().__init__()
        self.inner = list(inner)
        for name, module in inner.items():
            self.add_module(name, module)
        self.projection = projection

    def forward(self, x):
        y = x
        for name in self.inner:
            y = getattr(self, name)(y)
        return y + (self.projection(x) if self.projection is not None else x)


def tokens(*shape):
    count = math.prod(shape)
    return torch.tensor([(7 * i + 3) % VOCABULARY for i in range(count)]).reshape(shape)


def case(name, rows, *modules, vocabulary=False):
    named = OrderedDict(m if isinstance(m, tuple) else (f"_{i}", m) for i, m in enumerate(modules))
    network = nn.Sequential(named)
    x = tokens(*rows) if vocabulary else wave(rows, 2.3, 0.4, 0.8).requires_grad_()
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for k, parameter in enumerate(parameters.values()):
            parameter.copy_(wave(parameter.shape, 1.7, 0.9 * k, 0.5))
    inputs = list(parameters.values()) + ([] if vocabulary else [x])
    with sdpa_kernel(SDPBackend.MATH):
        output = network(x)
        loss = 0.5 * ((output - wave(output.shape, 0.6, 0.0, 1.0)) ** 2).sum()
        gradients = torch.autograd.grad(loss, inputs, create_graph=True)
        directions = [wave(p.shape, 1.3, 0.5 * k, 0.3) for k, p in enumerate(inputs)]
        products = torch.autograd.grad(sum((g * v).sum() for g, v in zip(gradients, directions)), inputs,
                                       allow_unused=True, materialize_grads=True)
    flat = lambda tensor: [float(f"{v:.12g}") for v in tensor.flatten().tolist()]
    return {
        "name": name,
        "input": list(rows),
        "parameters": [{"name": n, "shape": list(p.shape)} for n, p in parameters.items()],
        "output": {"shape": list(output.shape), "values": flat(output)},
        "gradients": [flat(g) for g in gradients],
        "products": [flat(p) for p in products],
        "buffers": {n: flat(b) for n, b in network.named_buffers() if "batches" not in n},
    }


def cases():
    linear = lambda name, *args, **kw: (name, nn.Linear(*args, **kw))
    yield case("linear", (3, 5), linear("linear1", 5, 4), nn.Tanh(), linear("linear2", 4, 2, bias=False))
    yield case("linear_on_sequence", (2, 4, 3), linear("linear1", 3, 2), nn.Sigmoid())
    yield case("conv", (2, 2, 7, 6), ("conv1", nn.Conv2d(2, 3, 3, stride=2, padding=1)), nn.ReLU(), nn.Flatten(),
               linear("linear1", 36, 2))
    yield case("conv_relu_pool", (2, 1, 7, 6), ("conv1", nn.Conv2d(1, 3, 3, padding=1)), nn.ReLU(), nn.MaxPool2d(2),
               nn.Flatten(), linear("linear1", 27, 2))
    yield case("pools", (2, 1, 9, 9), ("conv1", nn.Conv2d(1, 2, 2, bias=False)), nn.MaxPool2d(3, 1), nn.AvgPool2d(2, 2),
               nn.AvgPool2d(3))
    yield case("batch_norm", (3, 2, 3, 3), ("batch_norm1", nn.BatchNorm2d(2)), nn.Tanh())
    yield case("batch_norm_of_vectors", (4, 3), ("batch_norm1", nn.BatchNorm1d(3, eps=0.1, momentum=0.3)))
    yield case("batch_norm_axis_2", (2, 2, 3, 2), ("batch_norm1", OnAxis2(3)))
    yield case("layer_norm", (2, 3, 4), ("layer_norm1", nn.LayerNorm(4)))
    yield case("layer_norm_of_images", (2, 2, 3, 2), ("layer_norm1", nn.LayerNorm((2, 3, 2))))
    yield case("group_norm", (2, 4, 3, 2), ("group_norm1", nn.GroupNorm(2, 4)), nn.Tanh())
    yield case("group_norm_of_vectors", (3, 6), ("group_norm1", nn.GroupNorm(3, 6, eps=0.1)))
    yield case("embedding", (2, 3), ("embedding1", LearnedPositions(3, VOCABULARY, 4)), vocabulary=True)
    yield case("embedding_sinusoidal", (2, 3), ("embedding1", Sinusoids(VOCABULARY, 5)), vocabulary=True)
    yield case("one_hot", (2, 3), ("one_hot1", OneHot()), linear("linear1", VOCABULARY, 2), nn.Tanh(), vocabulary=True)
    yield case("rnn", (2, 4, 3), ("rnn1", LastRNN(3, 3, 2, batch_first=True)))
    yield case("gru", (2, 4, 3), ("gru1", AllGRU(3, 2, batch_first=True)))
    yield case("lstm", (2, 4, 3), ("lstm1", LastLSTM(3, 2, 2, batch_first=True)))
    yield case("lstm_on_image", (2, 2, 3, 2), ("rows", Rows()), ("lstm1", LastLSTM(4, 2, batch_first=True)))
    yield case("attention", (2, 3, 4), ("attention1", Attention(4, 2, False)))
    yield case("attention_causal", (2, 3, 4), ("attention1", Attention(4, 2, True)))
    yield case("transformer", (2, 3, 4), ("transformer1", Block(4, 2, 6)))
    yield case("residual", (2, 3), ("residual1", Residual(linear1=nn.Linear(3, 4), act=nn.Tanh(), linear2=nn.Linear(4, 3))),
               nn.ReLU())
    yield case("residual_linear_projection", (2, 3),
               ("residual1", Residual(nn.Linear(3, 2, bias=False), linear1=nn.Linear(3, 2), act=nn.Tanh())))
    yield case("residual_conv_projection", (2, 2, 5, 4),
               ("residual1", Residual(nn.Conv2d(2, 3, 1, stride=2, bias=False),
                                      conv1=nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False))))
    for name, module in dict(relu=nn.ReLU(), tanh=nn.Tanh(), sigmoid=nn.Sigmoid(), softmax=nn.Softmax(-1), gelu=nn.GELU(),
                             elu=nn.ELU(), selu=nn.SELU(), leaky_relu=nn.LeakyReLU(), silu=nn.SiLU()).items():
        yield case(f"activation_{name}", (2, 3), linear("linear1", 3, 3), module)
    yield case("softmax_of_one", (2, 3), linear("linear1", 3, 1), nn.Softmax(-1))


lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases())
target = pathlib.Path(__file__).parents[1] / "model" / "layers_golden.json"
target.write_text(f'{{"vocabulary":{VOCABULARY},"cases":[\n{lines}\n]}}\n')
