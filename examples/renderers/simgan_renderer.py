"""The renderer's side of the protocol in docs/renderers.md, over HTTP and over stdin and stdout.

Copy this file beside your renderer. It needs Python 3.8 or newer and nothing else, so it also runs inside Blender.

A renderer is a function from a request to its parts:

    def render(request):
        ...
        return {"annotation": {"x": 3.5, "y": 4.5}, "image": png_bytes}

`request` is a dict with `seed`, `index`, `random` (16 numbers in [0, 1)), `image` (width and height where the plugin has
a size, channels, bits) and `parameters`. The same request must give the same picture: draw all that is random from
`request["random"]`, or from `generator(request)`. Further parts, such as a mask, are named bytes.
"""

import hashlib
import json
import os
import random
import sys
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

VERSION = 1

# A request is a few hundred bytes and the user's parameters.
MOST_REQUEST_BYTES = 1 << 20


class Unrenderable(Exception):
    """Raised by a renderer for a request that it can never render; its text is shown to the user, and nobody asks again."""


def generator(request):
    """A random.Random for renderers that need more random numbers than a request brings."""
    return random.Random("{seed!r} {index!r}".format(**request))


def read_request(text):
    request = json.loads(text)
    if request.get("version") != VERSION:
        raise Unrenderable("This renderer speaks version %d of the protocol, not %r." % (VERSION, request.get("version")))
    return request


def encode_parts(parts):
    """The parts in their order, each as bytes, with the SHA-256 of the image, by which damage on the way is seen."""
    parts = dict(parts)
    # JSON knows no NaN; this raises a ValueError that says so.
    parts["annotation"] = json.dumps(parts["annotation"], allow_nan=False).encode("utf-8")
    parts["sha256"] = hashlib.sha256(parts["image"]).hexdigest().encode("ascii")
    return parts


# HTTP: POST /render, answered with multipart/form-data (RFC 7578).


def encode_multipart(parts):
    boundary = uuid.uuid4().hex
    body = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (boundary.encode("ascii"), name.encode("ascii"), content)
        for name, content in encode_parts(parts).items()
    )
    return "multipart/form-data; boundary=" + boundary, body + b"--%s--\r\n" % boundary.encode("ascii")


def serve_http(render, port=0, host="127.0.0.1", threads=True):
    """Serves until it is interrupted. Port 0 takes a free one; the address is printed.

    threads=False renders one request at a time, in the calling thread, as programs such as Blender need.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Seconds of silence after which an idle connection is closed.
        timeout = 60

        def do_POST(self):
            length = int(self.headers.get("Content-Length") or -1)
            if self.path != "/render" or not 0 <= length <= MOST_REQUEST_BYTES:
                self.close_connection = True
                return self.answer(400, "text/plain", b"Expected POST /render with JSON.")
            body = self.rfile.read(length)
            try:
                content_type, answer = encode_multipart(render(read_request(body)))
            except Unrenderable as error:
                return self.answer(422, "text/plain; charset=utf-8", str(error).encode("utf-8"))
            except Exception as error:  # The server goes on; a status of 500 is asked again.
                text = "%s: %s" % (type(error).__name__, error)
                return self.answer(500, "text/plain; charset=utf-8", text.encode("utf-8"))
            return self.answer(200, content_type, answer)

        def answer(self, status, content_type, body):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if not threads:
                # A connection that is kept would hold the only thread.
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = (ThreadingHTTPServer if threads else HTTPServer)((host, port), Handler)
    print("http://%s:%d" % server.server_address[:2], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


# stdin and stdout: a line of JSON for a request, a frame for an answer.


def encode_frame(parts):
    encoded = encode_parts(parts)
    header = {"parts": [{"name": name, "size": len(content)} for name, content in encoded.items()]}
    return json.dumps(header).encode("ascii") + b"\n" + b"".join(encoded.values())


def serve_stdio(render):
    """Serves until stdin ends. Whatever else is printed to stdout, by libraries too, goes to stderr from here on.

    An exception other than Unrenderable ends the process; it is started again, and the request asked again.
    """
    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answers.write(b"simgan-renderer %d\n" % VERSION)
    answers.flush()
    for line in sys.stdin.buffer:
        try:
            answers.write(encode_frame(render(read_request(line))))
        except Unrenderable as error:
            answers.write(json.dumps({"error": str(error)}).encode("ascii") + b"\n")
        answers.flush()
