"""A renderer behind an address. Python's standard library alone.

    python3 examples/renderers/python-http/renderer.py 8000
    simgan-cli simulate --plugin crosses --renderer http://127.0.0.1:8000
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crosses import render  # noqa: E402
from simgan_renderer import serve_http  # noqa: E402

serve_http(render, port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
