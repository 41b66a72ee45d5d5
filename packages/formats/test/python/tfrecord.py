"""A TFRecord file by TensorFlow's record_writer.h and example.proto, with nothing but Python's own library and Pillow."""

import io
import json
import struct
import sys
from pathlib import Path

import pictures

# CRC-32C (RFC 3720): the polynomial of Castagnoli, bits reversed.
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        length, of_length = struct.unpack("<QI", data[:12])
        content = data[12 : 12 + length]
        (of_content,) = struct.unpack("<I", data[12 + length : 16 + length])
        assert (of_length, of_content) == (masked(data[:8]), masked(content))
        yield content
        data = data[16 + length :]


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """The fields of a message that are themselves bytes, as all of an example are down to its lists."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        assert tag & 7 == 2, tag
        length, at = varint(data, at)
        yield tag >> 3, data[at : at + length]
        at += length


def feature(data):
    # bytes_list, float_list, int64_list; numbers are packed.
    ((kind, content),) = fields(data)
    values = [value for _, value in fields(content)]
    if kind == 1:
        return values
    packed = b"".join(values)
    if kind == 2:
        return list(struct.unpack(f"<{len(packed) // 4}f", packed))
    numbers, at = [], 0
    while at < len(packed):
        number, at = varint(packed, at)
        numbers.append(number)
    return numbers


def example(data):
    ((_, features),) = fields(data)
    named = {}
    for _, entry in fields(features):
        parts = dict(fields(entry))
        named[parts[1].decode()] = feature(parts[2])
    picture = pictures.read(io.BytesIO(named.pop("image/encoded")[0]))
    texts = {key: [v.decode() if isinstance(v, bytes) else v for v in values] for key, values in named.items()}
    return {"picture": picture, "features": texts}


files = sorted(Path(sys.argv[1]).glob("*.tfrecord"))
json.dump([example(record) for file in files for record in records(file.read_bytes())], sys.stdout)
