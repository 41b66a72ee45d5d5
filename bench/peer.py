"""The same steps in PyTorch, in its fastest layout for CPUs. Reads one request per line and writes one answer per line, as JSON.

On a GPU if BENCH_TORCH_DEVICE is "cuda": in float32, without TF32, each step until it is done.

Request: {"network": "eyes" | "hands" | "quick" | "pictures", "batch": n, "threads": n, "step": "G" | "D" | "refine"}; answer: {"ms": ...}.
"""
import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


DEVICE = torch.device(os.environ.get("BENCH_TORCH_DEVICE", "cpu"))
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


class Block(nn.Module):
    def __init__(self, width, mode="zeros"):
        super().__init__()
        self.a = nn.Conv2d(width, width, 3, padding=1, padding_mode=mode)
        self.b = nn.Conv2d(width, width, 3, padding=1, padding_mode=mode)

    def forward(self, x):
        return F.relu(self.b(F.relu(self.a(x))) + x)


def refiner(stem, blocks):
    return nn.Sequential(
        nn.Conv2d(1, 64, stem, padding=stem // 2), nn.ReLU(),
        *[Block(64) for _ in range(blocks)], nn.Conv2d(64, 1, 1), nn.Tanh(),
    )


class QuickRefiner(nn.Module):
    """The refiner of the recipe quick: gray and a noise channel in, a difference out."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 32, 3, padding=1, padding_mode="reflect"), nn.ReLU(),
            Block(32, "reflect"), Block(32, "reflect"), nn.Conv2d(32, 1, 1),
        )

    def forward(self, x):
        noise = torch.randn_like(x) * 0.5
        return (x + self.layers(torch.cat([x, noise], 1))).clamp(-1, 1)


class PictureRefiner(nn.Module):
    """The refiner of the plugin images: RGB and a noise channel in, a difference out."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(4, 32, 3, padding=1, padding_mode="reflect"), nn.ReLU(),
            Block(32, "reflect"), Block(32, "reflect"), nn.Conv2d(32, 3, 1),
        )

    def forward(self, x):
        noise = torch.randn(x.shape[0], 1, *x.shape[2:]) * 0.5
        return (x + self.layers(torch.cat([x, noise], 1))).clamp(-1, 1)


def same(kernel, stride, size):
    """Padding of TensorFlow's "same": half before and half after, an odd pixel after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Same(nn.Module):
    """A convolution or max pooling whose output has the size of the input divided by the stride, rounded up."""

    def __init__(self, layer, kernel, stride):
        super().__init__()
        self.layer, self.kernel, self.stride = layer, kernel, stride

    def forward(self, x):
        top, bottom = same(self.kernel, self.stride, x.shape[2])
        left, right = same(self.kernel, self.stride, x.shape[3])
        fill = float("-inf") if isinstance(self.layer, nn.MaxPool2d) else 0.0
        if (top, left) == (bottom, right) and isinstance(self.layer, nn.Conv2d):
            return F.conv2d(x, self.layer.weight, self.layer.bias, self.stride, (top, left))
        return self.layer(F.pad(x, (left, right, top, bottom), value=fill))


def discriminator(layers):
    made, channels = [], 1
    for kind, kernel, stride, filters in layers:
        if kind == "pool":
            made.append(Same(nn.MaxPool2d(kernel, stride), kernel, stride))
        else:
            made += [Same(nn.Conv2d(channels, filters, kernel, stride), kernel, stride), nn.ReLU()]
            channels = filters
    return nn.Sequential(*made, nn.Conv2d(channels, 2, 1))


EYES_DISCRIMINATOR = [("conv", 3, 2, 96), ("conv", 3, 2, 64), ("pool", 3, 1, 0), ("conv", 3, 1, 32), ("conv", 1, 1, 32)]
NETWORKS = {
    "quick": {"size": (35, 55), "refiner": QuickRefiner, "discriminator": EYES_DISCRIMINATOR},
    "eyes": {
        "size": (35, 55), "refiner": lambda: refiner(3, 4),
        "discriminator": EYES_DISCRIMINATOR,
    },
    "hands": {
        "size": (224, 224), "refiner": lambda: refiner(7, 10),
        "discriminator": [("conv", 7, 4, 96), ("conv", 5, 2, 64), ("pool", 3, 2, 0), ("conv", 3, 2, 32), ("conv", 1, 1, 32)],
    },
}


class Pictures:
    """Refinement of whole pictures, without training."""

    def __init__(self, batch):
        torch.manual_seed(1)
        self.refiner = PictureRefiner().to(memory_format=torch.channels_last)
        self.images = (torch.rand(batch, 3, 1080, 1920) * 2 - 1).to(memory_format=torch.channels_last)

    def refine(self):
        with torch.no_grad():
            self.refiner(self.images)


class Peer:
    def __init__(self, network, batch):
        torch.manual_seed(1)
        spec = NETWORKS[network]
        layout = torch.channels_last
        self.refiner = spec["refiner"]().to(DEVICE, memory_format=layout)
        self.discriminator = discriminator(spec["discriminator"]).to(DEVICE, memory_format=layout)
        images = lambda: (torch.rand(batch, 1, *spec["size"]) * 2 - 1).to(DEVICE, memory_format=layout)
        self.synthetic, self.real = images(), images()
        self.of_refiner = torch.optim.Adam(self.refiner.parameters(), 1e-3, (0.5, 0.999))
        self.of_discriminator = torch.optim.Adam(self.discriminator.parameters(), 1e-3, (0.5, 0.999))

    @staticmethod
    def judged(logits, label):
        return F.cross_entropy(logits, torch.full(logits.shape[:1] + logits.shape[2:], label, device=DEVICE))

    def G(self):
        self.of_refiner.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        refined = self.refiner(self.synthetic)
        loss = self.judged(self.discriminator(refined), 0) + 0.1 * (refined - self.synthetic).abs().mean()
        loss.backward()
        self.of_refiner.step()
        self.discriminator.requires_grad_(True)

    def D(self):
        self.of_discriminator.zero_grad(set_to_none=True)
        loss = self.judged(self.discriminator(self.synthetic), 1) + self.judged(self.discriminator(self.real), 0)
        (loss / 2).backward()
        self.of_discriminator.step()

    def refine(self):
        with torch.no_grad():
            self.refiner(self.synthetic)


def main():
    if DEVICE.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no CUDA")
    print(json.dumps({"version": torch.__version__}), flush=True)
    torch.set_flush_denormal(True)
    peers = {}
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        key = (request["network"], request["batch"])
        if key not in peers:
            peers.clear()
            peers[key] = Pictures(key[1]) if key[0] == "pictures" else Peer(*key)
        step = getattr(peers[key], request["step"])
        start = time.perf_counter()
        step()
        if DEVICE.type == "cuda":
            torch.cuda.synchronize()
        print(json.dumps({"ms": (time.perf_counter() - start) * 1000}), flush=True)


main()
