"""A renderer in Blender: a bright cross on a dark ground, as examples/plugin-crosses has it, lit and seen by a camera.

It follows Blender's documented Python API (https://docs.blender.org/api/current/), and was run with Blender 3.4.1 as Debian
12 has it, without a display. Where Blender is installed, this repository's tests run it; elsewhere they check its syntax.

On stdin and stdout, one Blender for each request in progress:

    simgan-cli simulate --plugin crosses --threads 2 \\
      --renderer-command "blender --background --factory-startup --python-exit-code 1 --python examples/renderers/blender/renderer.py"

Or behind an address, one request at a time because Blender's API belongs to its main thread:

    blender --background --factory-startup --python examples/renderers/blender/renderer.py -- 8000
    simgan-cli simulate --plugin crosses --renderer http://127.0.0.1:8000 --threads 1
"""

import math
import os
import sys
import tempfile
from pathlib import Path

import bpy
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simgan_renderer import Unrenderable, serve_http, serve_stdio  # noqa: E402

# Blender units that the camera sees from side to side.
EXTENT = 2.0


def build_scene():
    """Everything that is the same in all pictures; returns what moves."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = 16
    # Not every build has a denoiser, and what it draws differs between versions.
    scene.cycles.use_denoising = False
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    # Values as they are, without a film's response.
    scene.view_settings.view_transform = "Standard"

    world = bpy.data.worlds.new("Ground")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.05, 0.05, 0.05, 1.0)
    scene.world = world

    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = EXTENT
    camera.location = (0.0, 0.0, 5.0)
    scene.collection.objects.link(camera)
    scene.camera = camera

    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", type="SUN"))
    scene.collection.objects.link(sun)

    cross = bpy.data.objects.new("Cross", None)
    scene.collection.objects.link(cross)
    for size in ((0.36, 0.04, 0.04), (0.04, 0.36, 0.04)):
        bpy.ops.mesh.primitive_cube_add(size=1.0)
        bar = bpy.context.active_object
        bar.scale = size
        bar.parent = cross
    return cross, sun


def render(request):
    image, place = request["image"], request["random"]
    if image["channels"] != 1:
        raise Unrenderable("Only gray pictures are rendered.")
    scene = bpy.context.scene
    scene.render.resolution_x = image.get("width", 24)
    scene.render.resolution_y = image.get("height", 24)
    scene.render.image_settings.color_mode = "BW"
    scene.render.image_settings.color_depth = str(image["bits"])

    # All that is random comes with the request; Cycles' own noise is seeded from it, too.
    CROSS.location = ((place[0] - 0.5) * EXTENT * 0.5, (place[1] - 0.5) * EXTENT * 0.5, 0.0)
    SUN.data.energy = 1.0 + 2.0 * place[2]
    SUN.rotation_euler = ((place[3] - 0.5) * math.pi / 3, (place[4] - 0.5) * math.pi / 3, 0.0)
    scene.cycles.seed = int(place[5] * 2**31)
    bpy.context.view_layer.update()

    handle, file = tempfile.mkstemp(suffix=".png")
    os.close(handle)
    try:
        scene.render.filepath = file
        bpy.ops.render.render(write_still=True)
        png = Path(file).read_bytes()
    finally:
        os.unlink(file)

    # From the bottom left corner in [0, 1] to pixels from the top left corner.
    seen = world_to_camera_view(scene, scene.camera, Vector(CROSS.location))
    annotation = {"x": seen.x * scene.render.resolution_x, "y": (1.0 - seen.y) * scene.render.resolution_y}
    return {"annotation": annotation, "image": png}


CROSS, SUN = build_scene()
own_arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
if own_arguments:
    serve_http(render, port=int(own_arguments[0]), threads=False)
else:
    serve_stdio(render)
