"""A COCO file: labels of each picture in its order, masks unpacked as COCO's maskApi.c has it (rleFrString, rleDecode)."""

import json
import sys
from pathlib import Path

import numpy
import pictures

root = Path(sys.argv[1])
content = json.loads((root / "annotations" / "instances.json").read_text())
categories = {category["id"]: category for category in content["categories"]}


def unpacked(text):
    counts, at = [], 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            code = ord(text[at]) - 48
            value |= (code & 0x1F) << 5 * shift
            more = bool(code & 0x20)
            at += 1
            shift += 1
            if not more and code & 0x10:
                value |= -1 << 5 * shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
    return counts


def pixels(mask):
    counts = mask["counts"] if isinstance(mask["counts"], list) else unpacked(mask["counts"])
    inside = [index % 2 for index in range(len(counts))]
    columns = numpy.repeat(numpy.array(inside, numpy.uint8), counts)
    return columns.reshape(mask["size"], order="F").ravel().tolist()


def label(annotation):
    category = categories[annotation["category_id"]]
    shape = annotation["segmentation"]
    points = annotation.get("keypoints", [])
    return {
        "class": category["name"],
        "box": annotation["bbox"],
        "area": annotation["area"],
        "crowd": annotation["iscrowd"],
        "outlines": shape if isinstance(shape, list) else None,
        "mask": pixels(shape) if isinstance(shape, dict) else None,
        "keypoints": [
            [name, points[3 * n : 3 * n + 3]] for n, name in enumerate(category.get("keypoints", []))
        ]
        if points
        else None,
    }


found = [file for file in root.rglob("*") if file.suffix in (".png", ".jpg")]
result = []
for image in content["images"]:
    (file,) = [one for one in found if one.as_posix().endswith("/" + image["file_name"])]
    assert pictures.read(file)["size"] == [image["width"], image["height"]]
    own = [one for one in content["annotations"] if one["image_id"] == image["id"]]
    result.append([label(annotation) for annotation in own])
json.dump(result, sys.stdout)
