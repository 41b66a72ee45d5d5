"""The simulator of examples/plugin-crosses in Python: a bright cross on a dark ground, written as PNG by zlib alone, and its mask."""

import struct
import zlib

from simgan_renderer import Unrenderable


def render(request):
    image, parameters = request["image"], request["parameters"]
    width, height = image.get("width", 24), image.get("height", 24)
    arm = parameters.get("arm", 4)
    if image["channels"] != 1 or image["bits"] != 8:
        raise Unrenderable("Only gray pictures of 8 bits are drawn.")
    if not isinstance(arm, int) or not 1 <= arm < min(width, height) // 2 - 1:
        raise Unrenderable("arm is %r, which does not fit %d x %d pictures." % (arm, width, height))
    place = request["random"]
    x = arm + 1 + int(place[0] * (width - 2 * arm - 2))
    y = arm + 1 + int(place[1] * (height - 2 * arm - 2))
    bright = 150 + int(place[2] * 80)

    def is_cross(column, row):
        across, down = abs(column - x), abs(row - y)
        return min(across, down) == 0 and max(across, down) <= arm

    def drawn(inside, outside):
        rows = [[inside if is_cross(column, row) else outside for column in range(width)] for row in range(height)]
        return gray_png(width, height, map(bytes, rows))

    # Points count from the outer corner of the top left pixel, so a pixel's center is at + 0.5.
    return {"annotation": {"x": x + 0.5, "y": y + 0.5}, "image": drawn(bright, 60), "mask": drawn(255, 0)}


def gray_png(width, height, rows):
    """8-bit gray rows as a PNG file (W3C, Portable Network Graphics)."""

    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    # Each row begins with its filter: 0, none.
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
