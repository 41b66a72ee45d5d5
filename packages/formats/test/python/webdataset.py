"""A WebDataset: members of a tar archive that share a key, which ends at the first dot, are a sample."""

import io
import json
import sys
import tarfile
from pathlib import Path

import pictures

samples = {}
for shard in sorted(Path(sys.argv[1]).glob("*.tar")):
    with tarfile.open(shard, "r:") as archive:
        for member in archive:
            assert member.isfile(), member.name
            key, kind = member.name.split(".", 1)
            content = archive.extractfile(member).read()
            own = samples.setdefault(key, {})
            own[kind] = json.loads(content) if kind == "json" else pictures.read(io.BytesIO(content))
json.dump(samples, sys.stdout)
