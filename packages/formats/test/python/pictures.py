"""What Pillow reads of a picture: its mode, its size, and its values row by row."""

from PIL import Image


def read(file):
    with Image.open(file) as image:
        values = []
        for pixel in image.getdata():
            values.extend(pixel if isinstance(pixel, tuple) else [pixel])
        return {"mode": image.mode, "size": list(image.size), "values": values}
