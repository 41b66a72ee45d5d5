"""A VOC dataset: boxes by the devkit's words (counted from 1, the last pixel included), numbers of segmentation by Pillow."""

import json
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

import pictures
from PIL import Image

root = Path(sys.argv[1])


def box(parent):
    bounds = parent.find("bndbox")
    left, top, right, bottom = (float(bounds.findtext(key)) for key in ("xmin", "ymin", "xmax", "ymax"))
    return [left - 1, top - 1, right - left + 1, bottom - top + 1]


def labeled(file):
    annotation = tree.parse(file).getroot()
    size = annotation.find("size")
    picture = pictures.read(root / annotation.findtext("folder") / annotation.findtext("filename"))
    stated = [int(size.findtext(key)) for key in ("width", "height", "depth")]
    assert stated == [*picture["size"], {"L": 1, "RGB": 3}[picture["mode"]]]
    objects = [
        {
            "name": one.findtext("name"),
            "pose": one.findtext("pose"),
            "flags": [one.findtext(key) for key in ("truncated", "occluded", "difficult")],
            "box": box(one),
            "parts": [[part.findtext("name"), box(part)] for part in one.findall("part")],
        }
        for one in annotation.findall("object")
    ]
    return {"picture": picture, "segmented": annotation.findtext("segmented"), "objects": objects}


def segmentation(kind):
    read = {}
    for file in sorted((root / kind).iterdir()):
        picture = pictures.read(file)
        with Image.open(file) as image:
            colors = image.getpalette()
        read[file.stem] = {**picture, "palette": [colors[3 * n : 3 * n + 3] for n in range(256)]}
    return read


def lists(kind):
    return {file.stem: file.read_text().split() for file in sorted((root / "ImageSets" / kind).iterdir())}


json.dump(
    {
        "labels": {file.stem: labeled(file) for file in sorted((root / "Annotations").iterdir())},
        "objects": segmentation("SegmentationObject"),
        "classes": segmentation("SegmentationClass"),
        "names": (root / "classes.txt").read_text().splitlines(),
        "main": lists("Main"),
        "segmented": lists("Segmentation"),
    },
    sys.stdout,
)
