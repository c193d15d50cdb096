"""Small hand-made networks, each with one thing that exporters write in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, weight_norm

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NETS", "Net"]


class MLP(nn.Module):
    """Three linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(20, 50)
        self.fc2 = nn.Linear(50, 30, bias=False)
        self.head = nn.Linear(30, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.gelu(self.fc2(F.relu(self.fc1(x)))))


class Tied(nn.Module):
    """A head that is the embedding."""

    def __init__(self, bias: bool = False) -> None:
        super().__init__()
        self.emb = nn.Embedding(40, 16)
        self.fc = nn.Linear(16, 16)
        self.out = nn.Linear(16, 40, bias=bias)
        self.out.weight = self.emb.weight

    def forward(self, i: Tensor) -> Tensor:
        return self.out(torch.relu(self.fc(self.emb(i))))


class TiedByProduct(nn.Module):
    """A head that multiplies by the transposed embedding, or by a scaled one."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.emb = nn.Embedding(40, 16)
        self.fc = nn.Linear(16, 16)
        self.scale = scale

    def forward(self, i: Tensor) -> Tensor:
        x = torch.relu(self.fc(self.emb(i)))
        return x @ self.emb.weight.T if self.scale == 1 else (x * self.scale) @ self.emb.weight.t()


class TiedTwoWays(nn.Module):
    """One embedding for an encoder, a decoder and the head, as in T5 and BART."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Embedding(40, 16)
        self.encoder = nn.Linear(16, 16)
        self.decoder = nn.Linear(16, 16)
        self.head = nn.Linear(16, 40, bias=False)
        self.head.weight = self.shared.weight

    def forward(self, i: Tensor, j: Tensor) -> Tensor:
        x = self.encoder(self.shared(i)).mean(1, keepdim=True)
        return self.head(x + self.decoder(self.shared(j)))


class Recurrent(nn.Module):
    """A recurrent layer between an embedding and a linear layer."""

    def __init__(self, kind: Any = nn.LSTM, **settings: Any) -> None:
        super().__init__()
        size = settings.get("proj_size") or 14 * (2 if settings.get("bidirectional") else 1)
        self.emb = nn.Embedding(30, 12)
        self.rnn = kind(12, 14, batch_first=True, **settings)
        self.fc = nn.Linear(size, 5)

    def forward(self, i: Tensor) -> Tensor:
        y, _ = self.rnn(self.emb(i))
        return self.fc(y[:, -1])


class Cell(nn.Module):
    """A recurrent cell called in a loop."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.cell = kind(10, 12)
        self.fc = nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.zeros(x.shape[0], 12)
        c = torch.zeros(x.shape[0], 12)
        for t in range(3):
            if isinstance(self.cell, nn.LSTMCell):
                h, c = self.cell(x[:, t], (h, c))
            else:
                h = self.cell(x[:, t], h)
        return self.fc(h)


class Convolutions(nn.Module):
    """Convolutions plain, depthwise, pointwise, grouped and transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, padding=1)
        self.bn = nn.BatchNorm2d(12)
        self.dw = nn.Conv2d(12, 12, 3, groups=12, padding=1)
        self.pw = nn.Conv2d(12, 24, 1, bias=False)
        self.gr = nn.Conv2d(24, 24, 3, groups=4, padding=1)
        self.up = nn.ConvTranspose2d(24, 10, 2, stride=2)
        self.upg = nn.ConvTranspose2d(10, 8, 2, stride=2, groups=2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pw(F.relu(self.dw(F.relu(self.bn(self.stem(x))))))
        x = self.upg(self.up(F.relu(self.gr(x))))
        return self.fc(x.mean((2, 3)))


class Convolutions13(nn.Module):
    """Convolutions in one and three dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv1d(6, 8, 5)
        self.dw1 = nn.Conv1d(8, 8, 3, groups=8)
        self.t1 = nn.ConvTranspose1d(8, 5, 4)
        self.c3 = nn.Conv3d(2, 4, 3)
        self.t3 = nn.ConvTranspose3d(4, 3, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return self.t1(self.dw1(self.c1(a))).mean() + self.t3(self.c3(b)).mean()


class ConvWithin(nn.Module):
    """Convolutions whose batch norms exporters fold into them, and linear layers on images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.mix = nn.Linear(16, 12)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return self.mix(x.permute(0, 2, 3, 1)).mean((1, 2))


class Attention(nn.Module):
    """Attention of torch, to itself or across."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.att = nn.MultiheadAttention(24, 4, **({"batch_first": True} | settings))
        self.ln = nn.LayerNorm(24)

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        k, v = (others * 2)[:2] if others else (x, x)
        return self.ln(x + self.att(x, k, v, need_weights=False)[0])


class AttentionWeights(nn.Module):
    """Attention of torch that gives its weights, too: another code path."""

    def __init__(self) -> None:
        super().__init__()
        self.att = nn.MultiheadAttention(24, 4, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, w = self.att(x, x, x)
        return y, w


class Encoder(nn.Module):
    """An encoder of torch."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(24, 4, 50, batch_first=True, **settings)
        self.enc = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.enc(x)


class Decoder(nn.Module):
    """A decoder of torch: attention to itself and across."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(24, 4, 50, batch_first=True)
        self.dec = nn.TransformerDecoder(layer, 2)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        return self.dec(x, memory)


class Gated(nn.Module):
    """Gate and up in one projection, taken apart in several ways."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.name = "up_gate" if way in ("glu", "split") else "gate_up"
        setattr(self, self.name, nn.Linear(20, 60, bias=way == "glu"))
        self.down = nn.Linear(30, 20, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = getattr(self, self.name)(x)
        if self.way == "glu":
            return self.down(F.glu(y, -1))
        if self.way == "chunk":
            g, u = y.chunk(2, -1)
        elif self.way == "slice":
            g, u = y[..., :30], y[..., 30:]
        elif self.way == "split":
            u, g = y.split(30, -1)
        elif self.way == "unbind":
            g, u = y.unflatten(-1, (2, 30)).unbind(-2)
        else:  # every other row
            g, u = y[..., ::2], y[..., 1::2]
        return self.down(F.silu(g) * u)


class Fused(nn.Module):
    """q, k and v in one projection, taken apart in several ways."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.qkv = nn.Linear(24, 72)
        self.proj = nn.Linear(24, 24)

    def parts(self, y: Tensor) -> Any:
        B, N = y.shape[:2]
        if self.way == "unbind":  # timm
            return y.reshape(B, N, 3, 4, 6).permute(2, 0, 3, 1, 4).unbind(0)
        if self.way == "index":
            y = y.reshape(B, N, 3, 4, 6).permute(2, 0, 3, 1, 4)
            return y[0], y[1], y[2]
        if self.way == "select":
            y = y.view(B, N, 3, 4, 6)
            return [y[:, :, i].transpose(1, 2) for i in range(3)]
        if self.way == "heads":  # GPT-NeoX: each head has its q, k and v
            y = y.view(B, N, 4, 18).transpose(1, 2)
            return y.chunk(3, -1)
        if self.way == "bloom":
            y = y.view(B, N, 4, 3, 6)
            return [y[..., i, :].transpose(1, 2) for i in range(3)]
        if self.way == "chunk":
            parts: Any = y.chunk(3, -1)
        elif self.way == "split":
            parts = y.split(24, dim=2)
        elif self.way == "tensor_split":
            parts = y.tensor_split(3, -1)
        elif self.way == "slice":
            parts = y[..., :24], y[..., 24:48], y[..., 48:]
        elif self.way == "narrow":
            parts = [y.narrow(-1, 24 * i, 24) for i in range(3)]
        else:  # an index of rows
            parts = [y.index_select(-1, torch.arange(24) + 24 * i) for i in range(3)]
        return [p.view(B, N, 4, 6).transpose(1, 2) for p in parts]

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.parts(self.qkv(x))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(x.shape))


class FusedMulti(nn.Module):
    """q, k and v of different sizes in one projection."""

    def __init__(self) -> None:
        super().__init__()
        self.c_attn = nn.Linear(24, 40)
        self.proj = nn.Linear(24, 24)

    def forward(self, x: Tensor) -> Tensor:
        B, N, C = x.shape
        q, k, v = self.c_attn(x).split([24, 8, 8], dim=2)
        q = q.view(B, N, 3, 8).transpose(1, 2)
        k, v = (t.view(B, N, 1, 8).transpose(1, 2).expand(B, 3, N, 8) for t in (k, v))
        y = F.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(B, N, C))


class FusedCross(nn.Module):
    """q apart, k and v in one projection of another input."""

    def __init__(self) -> None:
        super().__init__()
        self.to_q = nn.Linear(24, 24, bias=False)
        self.to_kv = nn.Linear(18, 48, bias=False)
        self.to_out = nn.Linear(24, 24)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        k, v = self.to_kv(y).chunk(2, dim=-1)
        q, k, v = (t.unflatten(-1, (4, 6)).transpose(1, 2) for t in (self.to_q(x), k, v))
        z = F.scaled_dot_product_attention(q, k, v)
        return self.to_out(z.transpose(1, 2).flatten(2))


class Experts(nn.Module):
    """Experts as one parameter."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.router = nn.Linear(16, 4)
        self.way = way
        self.w1 = nn.Parameter(torch.randn(4, 16, 24))
        self.w2 = nn.Parameter(torch.randn(4, 24, 16))

    def forward(self, x: Tensor) -> Tensor:
        p = self.router(x).softmax(-1)
        if self.way == "einsum":
            h = torch.einsum("td,edf->tef", x, self.w1).relu()
            y = torch.einsum("tef,efd->ted", h, self.w2)
            return (y * p[..., None]).sum(1)
        if self.way == "bmm":
            y = torch.bmm(torch.bmm(x[None].expand(4, -1, -1), self.w1).relu(), self.w2)
        else:  # a product that is repeated along an axis
            y = torch.matmul(torch.matmul(x[None], self.w1).relu(), self.w2)
        return (y * p.T[..., None]).sum(0)

    def effective(self) -> dict[str, dict[str, Tensor]]:
        return {
            name: {str(e): w.T for e, w in enumerate(getattr(self, name))} for name in ("w1", "w2")
        }


class ExpertsOuter(nn.Module):
    """Experts as one parameter (experts, out, in), in Einsums that batch over them."""

    def __init__(self) -> None:
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(4, 24, 16))
        self.w2 = nn.Parameter(torch.randn(4, 16, 24))

    def forward(self, x: Tensor) -> Tensor:
        h = torch.einsum("bed,efd->bef", x, self.w1).relu()
        return torch.einsum("bef,edf->bed", h, self.w2)

    def effective(self) -> dict[str, dict[str, Tensor]]:
        return {
            name: {str(e): w for e, w in enumerate(getattr(self, name))} for name in ("w1", "w2")
        }


class ExpertsList(nn.Module):
    """Experts as modules, every one computed."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(16, 3, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 16)) for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        p = self.router(x).softmax(-1)
        every = torch.stack([expert(x) for expert in self.experts], -1)
        return (every * p[..., None, :]).sum(-1)


class Bilinear(nn.Module):
    """A bilinear layer: a matrix for each output."""

    def __init__(self) -> None:
        super().__init__()
        self.b = nn.Bilinear(8, 9, 5)
        self.fc = nn.Linear(5, 4)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.fc(self.b(x, y))


class Normed(nn.Module):
    """Weight norm and spectral norm left in the network."""

    def __init__(self, way: str) -> None:
        super().__init__()
        if way == "old":
            self.w = weight_norm(nn.Linear(12, 20))
            self.s = nn.utils.spectral_norm(nn.Linear(20, 8))
        else:
            self.w = parametrizations.weight_norm(nn.Linear(12, 20))
            self.s = parametrizations.spectral_norm(nn.Linear(20, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.s(F.relu(self.w(x)))


class NormedConvolution(nn.Module):
    """Weight norm of convolutions, as in vocoders."""

    def __init__(self) -> None:
        super().__init__()
        self.pre = parametrizations.weight_norm(nn.Conv1d(6, 8, 3))
        self.up = parametrizations.weight_norm(nn.ConvTranspose1d(8, 5, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.up(F.relu(self.pre(x)))


class Products(nn.Module):
    """Parameters in products from either side."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(12, 20))
        self.l = nn.Parameter(torch.randn(7, 20))
        self.c = nn.Parameter(torch.randn(9, 7))

    def forward(self, x: Tensor) -> Tensor:
        z = F.linear(x @ self.a, self.l)
        return (self.c @ z.T).T


class Scaled(nn.Module):
    """A product with a factor: alpha of a Gemm."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(12, 20)
        self.head = nn.Linear(20, 7)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.addmm(self.fc.bias, x, self.fc.weight.t(), beta=0.5, alpha=0.25)
        return self.head(y)

    def effective(self) -> dict[str, Tensor]:
        return {"fc.weight": 0.25 * self.fc.weight}


class Adapter(nn.Module):
    """A low-rank update beside a layer, or added to its weight."""

    def __init__(self, merged: bool) -> None:
        super().__init__()
        self.merged = merged
        self.base = nn.Linear(20, 30)
        self.A = nn.Linear(20, 4, bias=False)
        self.B = nn.Linear(4, 30, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.merged:
            W = self.base.weight + 0.5 * (self.B.weight @ self.A.weight)
            return F.linear(x, W, self.base.bias)
        return self.base(x) + 0.5 * self.B(self.A(x))

    def effective(self) -> dict[str, Any]:
        if not self.merged:
            return {}
        W = self.base.weight + 0.5 * (self.B.weight @ self.A.weight)
        return {"base.weight": W, "A.weight": {}, "B.weight": {}}


class Masked(nn.Module):
    """Pruned weights: a mask that is multiplied, or chooses."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.fc = nn.Linear(16, 24)
        self.head = nn.Linear(24, 5)
        self.register_buffer("mask", torch.rand(24, 16, generator=torch.Generator().manual_seed(1)))

    def weight(self) -> Tensor:
        mask = self.mask > 0.4
        if self.way == "multiply":
            return self.fc.weight * mask.float()
        return torch.where(mask, self.fc.weight, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(F.linear(x, self.weight(), self.fc.bias)))

    def effective(self) -> dict[str, Tensor]:
        return {"fc.weight": self.weight()}


class Bag(nn.Module):
    """A bag of embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.EmbeddingBag(30, 12, mode="mean")
        self.fc = nn.Linear(12, 4)

    def forward(self, i: Tensor) -> Tensor:
        return self.fc(self.e(i))


class Shared(nn.Module):
    """One linear layer called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(16, 16)
        self.g = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.g(self.f(F.relu(self.f(x))))


class SharedBlocks(nn.Module):
    """One block called three times, as in ALBERT, and another that holds the same layer."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Linear(16, 24), nn.GELU(), nn.Linear(24, 16))
        self.again = nn.ModuleDict({"up": self.block[0], "down": nn.Linear(24, 16)})

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = x + self.block(x)
        return self.again["down"](self.again["up"](x))


class Positions(nn.Module):
    """Tables of words, positions and types, added up."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(40, 16, padding_idx=0)
        self.types = nn.Embedding(2, 16)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 6)

    def forward(self, i: Tensor, t: Tensor) -> Tensor:
        return self.head(self.norm(self.words(i) * 4.0 + self.types(t)))


class Patches(nn.Module):
    """Patches of an image, as a convolution and as a product."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, 24, 4, stride=4)
        self.merge = nn.Linear(96, 24, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.proj(x)
        y = y.reshape(y.shape[0], 24, 2, 2, 2, 2).permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, 96)
        return self.merge(y)


@dataclass(frozen=True, slots=True)
class Net:
    """How to make a network and inputs for it."""

    make: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]


def _ids(*shape: int) -> Tensor:
    return torch.randint(1, 30, shape, generator=torch.Generator().manual_seed(2))


def _x(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


def _net(make: Callable[[], nn.Module], *shapes: tuple[int, ...], ids: bool = False) -> Net:
    return Net(make, lambda: tuple(_ids(*s) if ids else _x(*s) for s in shapes))


def _fused(way: str) -> Net:
    return _net(lambda: Fused(way), (2, 5, 24))


def _gated(way: str) -> Net:
    return _net(lambda: Gated(way), (2, 5, 20))


def _recurrent(kind: Any = nn.LSTM, **settings: Any) -> Net:
    return _net(lambda: Recurrent(kind, **settings), (2, 5), ids=True)


NETS: dict[str, Net] = {
    "mlp": _net(MLP, (4, 20)),
    "mlp3d": _net(MLP, (2, 4, 20)),
    "tied": _net(Tied, (2, 5), ids=True),
    "tied-bias": _net(lambda: Tied(bias=True), (2, 5), ids=True),
    "tied-product": _net(TiedByProduct, (2, 5), ids=True),
    "tied-scaled": _net(lambda: TiedByProduct(0.25), (2, 5), ids=True),
    "tied-encoder": _net(TiedTwoWays, (2, 5), (2, 3), ids=True),
    "lstm": _recurrent(),
    "bilstm2": _recurrent(num_layers=2, bidirectional=True),
    "lstmproj": _recurrent(proj_size=6),
    "gru": _recurrent(nn.GRU),
    "gru2": _recurrent(nn.GRU, num_layers=2),
    "bigru": _recurrent(nn.GRU, bidirectional=True),
    "rnn": _recurrent(nn.RNN),
    "birnn": _recurrent(nn.RNN, bidirectional=True, nonlinearity="relu"),
    "lstmcell": _net(lambda: Cell(nn.LSTMCell), (2, 3, 10)),
    "grucell": _net(lambda: Cell(nn.GRUCell), (2, 3, 10)),
    "rnncell": _net(lambda: Cell(nn.RNNCell), (2, 3, 10)),
    "conv": _net(Convolutions, (2, 3, 8, 8)),
    "conv13": _net(Convolutions13, (2, 6, 20), (2, 2, 6, 6, 6)),
    "convbn": _net(ConvWithin, (2, 3, 12, 12)),
    "patches": _net(Patches, (2, 3, 16, 16)),
    "mha": _net(Attention, (2, 5, 24)),
    "mha-time": _net(lambda: Attention(batch_first=False), (5, 2, 24)),
    "mha-weights": _net(AttentionWeights, (2, 5, 24)),
    "mhakv": _net(lambda: Attention(kdim=18, vdim=10), (2, 5, 24), (2, 6, 18), (2, 6, 10)),
    "crossmha": _net(Attention, (2, 5, 24), (2, 7, 24)),
    "enc": _net(Encoder, (2, 5, 24)),
    "enc-first": _net(lambda: Encoder(norm_first=True, activation="gelu"), (2, 5, 24)),
    "dec": _net(Decoder, (2, 5, 24), (2, 7, 24)),
    **{f"gated-{w}": _gated(w) for w in ("chunk", "slice", "split", "unbind", "other", "glu")},
    **{
        f"qkv-{way}": _fused(way)
        for way in (
            "unbind", "index", "select", "heads", "bloom", "chunk", "split", "tensor_split",
            "slice", "narrow", "rows",
        )
    },
    "qkv-sizes": _net(FusedMulti, (2, 5, 24)),
    "kv-cross": _net(FusedCross, (2, 5, 24), (2, 7, 18)),
    "experts-einsum": _net(lambda: Experts("einsum"), (6, 16)),
    "experts-bmm": _net(lambda: Experts("bmm"), (6, 16)),
    "experts-matmul": _net(lambda: Experts("matmul"), (6, 16)),
    "experts-outer": _net(ExpertsOuter, (6, 4, 16)),
    "experts-list": _net(ExpertsList, (6, 16)),
    "bilinear": _net(Bilinear, (3, 8), (3, 9)),
    "normed": _net(lambda: Normed("new"), (3, 12)),
    "normed-old": _net(lambda: Normed("old"), (3, 12)),
    "normed-conv": _net(NormedConvolution, (2, 6, 20)),
    "products": _net(Products, (3, 12)),
    "scaled": _net(Scaled, (3, 12)),
    "lora": _net(lambda: Adapter(merged=False), (3, 20)),
    "lora-3d": _net(lambda: Adapter(merged=False), (2, 3, 20)),
    "lora-merged": _net(lambda: Adapter(merged=True), (3, 20)),
    "mask-multiply": _net(lambda: Masked("multiply"), (3, 16)),
    "mask-where": _net(lambda: Masked("where"), (3, 16)),
    "embbag": _net(Bag, (3, 4), ids=True),
    "shared": _net(Shared, (3, 16)),
    "shared-blocks": _net(SharedBlocks, (2, 3, 16)),
    "positions": Net(Positions, lambda: (_ids(2, 5), _ids(2, 5) % 2)),
}  # fmt: skip
