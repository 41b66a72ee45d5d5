"""Archives as NumPy writes them: plain and compressed, of whole numbers and of floats, and of two orders that are not read."""

import sys
from pathlib import Path

import numpy

folder = Path(sys.argv[1])
numbers = numpy.arange(2 * 10 * 12)
numpy.savez(
    folder / "a-plain.npz",
    images=(numbers % 256).astype(numpy.uint8).reshape(2, 10, 12),
    labels=numpy.array([7, 3]),
    gaze=numpy.array([[0.25, -1], [1e-9, 2]]),
)
numpy.savez_compressed(
    folder / "b-compressed.npz",
    x_train=(numbers * 100).astype(numpy.uint16).reshape(2, 10, 12, 1),
    y_train=numpy.array([1, 0], numpy.int32),
    x_test=numpy.linspace(-2, 2, 10 * 12 * 3, dtype=numpy.float64).reshape(1, 10, 12, 3),
)
numpy.savez_compressed(
    folder / "c-half.npz", x=(numbers / 8 - 3).astype(numpy.float16).reshape(2, 10, 12)
)
transposed = numbers.astype(numpy.uint8).reshape(12, 10, 2).T
numpy.savez(folder / "d-fortran.npz", x=transposed)
numpy.savez(folder / "e-big-endian.npz", x=numbers.astype(">f4").reshape(2, 10, 12))
