"""A scene of BOP by its format's description: labels by number of picture, masks by number of picture and object."""

import json
import sys
from pathlib import Path

import pictures

root = Path(sys.argv[1])
labels = {name: json.loads((root / f"{name}.json").read_text()) for name in ("scene_gt", "scene_gt_info", "scene_camera")}


def below(folder):
    return {file.stem: pictures.read(file) for file in sorted((root / folder).glob("*.png"))}


json.dump(
    {**labels, **{folder: below(folder) for folder in ("rgb", "gray", "mask_visib", "depth")}},
    sys.stdout,
)
