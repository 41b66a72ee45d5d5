"""Folders of CycleGAN: what is in each, as Pillow opens it."""

import json
import sys
from pathlib import Path

import pictures

folders = [folder for folder in sorted(Path(sys.argv[1]).iterdir()) if folder.is_dir()]
json.dump({folder.name: [pictures.read(file) for file in sorted(folder.iterdir())] for folder in folders}, sys.stdout)
