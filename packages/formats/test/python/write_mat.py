"""MATLAB's files as SciPy writes them, plain or compressed."""

import sys

import numpy
from scipy.io import savemat

file, compressed = sys.argv[1:]
savemat(
    file,
    {
        "pixels": numpy.array([[1, 3, 5], [2, 4, 255]], numpy.uint8),
        "gaze": numpy.array([[0.1, -0.3], [1e-9, -6]]),
        "many": numpy.array([[-1, 0, 70000]], numpy.int32),
        "single": numpy.array([[0.5]], numpy.float32),
        "files": numpy.array([["0001.jpg"], ["ä.jpg"]], dtype=object),
        "data": {"left": {"pose": numpy.eye(2)}, "note": "p00"},
    },
    do_compression=compressed == "compressed",
)
