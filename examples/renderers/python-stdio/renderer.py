"""A renderer on stdin and stdout, which is started by the command that needs it. Python's standard library alone.

    simgan-cli simulate --plugin crosses --renderer-command "python3 examples/renderers/python-stdio/renderer.py"
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crosses import render  # noqa: E402
from simgan_renderer import serve_stdio  # noqa: E402

serve_stdio(render)
