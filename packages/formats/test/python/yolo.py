"""A YOLO dataset of outlines: Pillow fills them, so finely that the centers of pixels are told apart."""

import json
import sys
from pathlib import Path

import pictures
from PIL import Image, ImageDraw

root = Path(sys.argv[1])
# Each pixel is so many wide, of which the middle one counts.
FINE = 32


def filled(numbers, width, height):
    image = Image.new("L", (width * FINE, height * FINE))
    points = [
        (x * width * FINE - 0.5, y * height * FINE - 0.5) for x, y in zip(numbers[::2], numbers[1::2])
    ]
    ImageDraw.Draw(image).polygon(points, fill=1)
    middle = FINE // 2
    return [
        image.getpixel((x * FINE + middle, y * FINE + middle)) for y in range(height) for x in range(width)
    ]


def labeled(file):
    picture = pictures.read(root / "images" / file.parent.name / f"{file.stem}.png")
    objects = []
    for line in file.read_text().splitlines():
        number, *numbers = line.split(" ")
        objects.append({"class": int(number), "pixels": filled([*map(float, numbers)], *picture["size"])})
    return {"picture": picture, "split": file.parent.name, "objects": objects}


json.dump({file.stem: labeled(file) for file in sorted((root / "labels").glob("*/*.txt"))}, sys.stdout)
