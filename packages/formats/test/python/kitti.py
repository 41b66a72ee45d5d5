"""A KITTI dataset: the columns of its devkit's readme, in its order."""

import json
import sys
from pathlib import Path

import pictures

root = Path(sys.argv[1])
names = "type truncated occluded alpha left top right bottom height width length x y z rotation_y score".split()


def labeled(line):
    columns = line.split(" ")
    assert len(columns) in (15, 16), line
    values = dict(zip(names, [columns[0], *map(float, columns[1:])]))
    # Pixels are counted from 0 at their centers.
    left, top, right, bottom = (values.pop(key) for key in ("left", "top", "right", "bottom"))
    return {**values, "box": [left + 0.5, top + 0.5, right - left, bottom - top]}


json.dump(
    {
        file.stem: {
            "picture": pictures.read(root / "image_2" / f"{file.stem}.png"),
            "objects": [labeled(line) for line in file.read_text().splitlines()],
        }
        for file in sorted((root / "label_2").iterdir())
    },
    sys.stdout,
)
