"""An imagefolder: each line of metadata.jsonl is JSON, and the files that it names are pictures."""

import json
import sys
from pathlib import Path

import pictures

root = Path(sys.argv[1])
rows = []
for line in (root / "metadata.jsonl").read_text(encoding="utf-8").splitlines():
    columns = json.loads(line)
    named = [key for key in columns if key.endswith("file_name")]
    files = {key.replace("file_name", ""): pictures.read(root / columns.pop(key)) for key in named}
    rows.append({"files": files, "columns": columns})
json.dump(rows, sys.stdout)
