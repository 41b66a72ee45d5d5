"""A frame in BlenderProc's layout (its WriterUtility.py): one dataset each, compressed with gzip, texts as bytes."""

import json
import sys
from pathlib import Path

import h5py
import numpy

folder = Path(sys.argv[1])
rows, columns = numpy.mgrid[0:10, 0:12]
inside = (columns >= 3) & (columns < 7) & (rows >= 2) & (rows < 5)
depth = (1 + rows * 12 + columns).astype(numpy.float32) / 7
# Where a ray hits nothing.
depth[0, 0] = 1e10
distance = (depth / 3).astype(numpy.float16)
attributes = [
    {"idx": 0, "category_id": 0, "name": "background"},
    {"idx": 2, "category_id": 3, "name": "Süzanne"},
]
with h5py.File(folder / "0.hdf5", "w") as file:
    for key, value in {
        "colors": (numpy.stack([rows, columns, rows * columns], axis=-1)).astype(numpy.uint8),
        "depth": depth,
        "distance": distance,
        "instance_segmaps": (inside * 2).astype(numpy.int64),
        "instance_attribute_maps": numpy.bytes_(json.dumps(attributes, ensure_ascii=False).encode()),
        "blender_proc_version": numpy.bytes_("2.7.0"),
    }.items():
        scalar = numpy.ndim(value) == 0
        file.create_dataset(key, data=value, **({} if scalar else {"compression": "gzip"}))
floats = {"depth": depth, "distance": distance.astype(numpy.float32)}
json.dump({key: values.tobytes().hex() for key, values in floats.items()}, sys.stdout)
