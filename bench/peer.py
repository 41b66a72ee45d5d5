"""The same steps in PyTorch. Reads one request per line and writes one answer per line, as JSON.

BENCH_TORCH_DEVICE is "cpu", "cuda", or "any": a GPU where there is one. On a CPU in channels_last, its fastest layout
there; on a GPU in float32 in the usual layout, and in TF32 in channels_last, each step until its loss is read.

Request: {"network": "eyes" | "hands" | "quick" | "pictures", "batch": n, "threads": n, "step": "G" | "D" | "refine",
"side"?: n, "mode"?: "float32" | "float32 graph" | "TF32" | "TF32 graph"}; answer: {"ms": ...} or {"error": ...}.
"""
import json
import os
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


WANTED = os.environ.get("BENCH_TORCH_DEVICE", "cpu")
DEVICE = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if WANTED == "any" else WANTED)
# Tries the algorithms of each convolution, and takes the fastest.
torch.backends.cudnn.benchmark = True


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
            return self.refiner(self.images)


class Peer:
    def __init__(self, network, batch, mode, side):
        torch.manual_seed(1)
        spec = NETWORKS[network]
        size = (side, side) if side else spec["size"]
        is_plain = DEVICE.type == "cuda" and "TF32" not in mode
        layout = torch.contiguous_format if is_plain else torch.channels_last
        self.refiner = spec["refiner"]().to(DEVICE, memory_format=layout)
        self.discriminator = discriminator(spec["discriminator"]).to(DEVICE, memory_format=layout)
        images = lambda: (torch.rand(batch, 1, *size) * 2 - 1).to(DEVICE, memory_format=layout)
        self.synthetic, self.real = images(), images()
        # A graph needs what its steps count to be on the GPU.
        options = {"fused": True, "capturable": True} if "graph" in mode and DEVICE.type == "cuda" else {}
        self.of_refiner = torch.optim.Adam(self.refiner.parameters(), 1e-3, (0.5, 0.999), **options)
        self.of_discriminator = torch.optim.Adam(self.discriminator.parameters(), 1e-3, (0.5, 0.999), **options)
        self.labels = {}

    def judged(self, logits, label):
        shape = logits.shape[:1] + logits.shape[2:]
        if (shape, label) not in self.labels:
            self.labels[shape, label] = torch.full(shape, label, device=DEVICE)
        return F.cross_entropy(logits, self.labels[shape, label])

    def G(self):
        self.of_refiner.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        refined = self.refiner(self.synthetic)
        loss = self.judged(self.discriminator(refined), 0) + 0.1 * (refined - self.synthetic).abs().mean()
        loss.backward()
        self.of_refiner.step()
        self.discriminator.requires_grad_(True)
        return loss

    def D(self):
        self.of_discriminator.zero_grad(set_to_none=True)
        loss = self.judged(self.discriminator(self.synthetic), 1) + self.judged(self.discriminator(self.real), 0)
        (loss / 2).backward()
        self.of_discriminator.step()
        return loss

    def refine(self):
        with torch.no_grad():
            return self.refiner(self.synthetic)


def graphed(step):
    """The step as a CUDA graph, which launches all of its kernels at once."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = step()
    return lambda: (graph.replay(), result)[1]


def prepared(peer, step, mode):
    run = getattr(peer, step)
    return graphed(run) if DEVICE.type == "cuda" and "graph" in mode else run


def measured(step):
    start = time.perf_counter()
    result = step()
    if DEVICE.type == "cuda":
        # As a training does: each loss is read.
        result.flatten()[0].item()
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1000


def main():
    if DEVICE.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no CUDA")
    name = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "the processor"
    print(json.dumps({"version": torch.__version__, "device": name}), flush=True)
    torch.set_flush_denormal(True)
    peers = {}
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        mode = request.get("mode") or "float32"
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "TF32" in mode
        try:
            # Each step of a mode has networks of its own: a graph holds on to theirs.
            key = (request["network"], request["batch"], request["step"], mode, request.get("side"))
            if key not in peers:
                if next(iter(peers), key)[:2] != key[:2]:
                    peers.clear()
                peer = Pictures(key[1]) if key[0] == "pictures" else Peer(*key[:2], *key[3:])
                peers[key] = prepared(peer, request["step"], mode)
            answer = {"ms": measured(peers[key])}
        except Exception as error:
            answer = {"error": str(error).split("\n")[0]}
        print(json.dumps(answer), flush=True)


main()
