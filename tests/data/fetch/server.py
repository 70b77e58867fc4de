"""A web server on this machine that serves files as the public homes do, and misbehaves when told to."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """One address: what it holds, and how it behaves at each request; the last behaviour stays."""

    data: bytes = b""
    etag: str | None = None
    headers: dict = field(default_factory=dict)
    redirect: str | None = None
    behaviours: list = field(
        default_factory=lambda: ["well"]
    )  # well | cut:N | status:N | slow:N | no_ranges | no_length | no_version
    asked: list = field(default_factory=list)  # (Range, If-Range) of each request

    def __post_init__(self):
        if self.etag is None:
            self.etag = f'"{hashlib.sha256(self.data).hexdigest()[:16]}"'


class Home:
    """`with Home() as home: home.put("/a.zip", b"..."); home.url`."""

    def __init__(self):
        self.pages: dict[str, Page] = {}

    def put(self, path: str, data: bytes = b"", **how) -> Page:
        self.pages[path] = Page(data, **how)
        return self.pages[path]

    def __enter__(self):
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                serve(self, pages)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def serve(request, pages):
    request.close_connection = True
    page = pages.get(request.path.partition("?")[0])
    if page is None:
        return request.send_error(404)
    page.asked.append((request.headers.get("Range"), request.headers.get("If-Range")))
    behaviour = page.behaviours.pop(0) if len(page.behaviours) > 1 else page.behaviours[0]
    word, _, number = behaviour.partition(":")
    if word == "status":
        request.send_response(int(number))
        request.send_header("Content-Length", "0")
        request.send_header("Retry-After", "0")
        return request.end_headers()
    if page.redirect:
        request.send_response(302)
        request.send_header("Location", page.redirect)
        request.send_header("Content-Length", "0")
        for name, value in page.headers.items():
            request.send_header(name, value)
        return request.end_headers()
    return send(request, page, word, number)


def send(request, page, word, number):
    first, asked = 0, request.headers.get("Range")
    unasked = word == "no_version"  # a server that sends the piece of whatever it has, and does not say of what
    if asked and word != "no_ranges" and (unasked or request.headers.get("If-Range") == page.etag):
        first = int(asked.removeprefix("bytes=").rstrip("-"))
        if first >= len(page.data):
            request.send_response(416)
            request.send_header("Content-Length", "0")
            return request.end_headers()
    body = page.data[first:]
    request.send_response(206 if first else 200)
    if first:
        request.send_header("Content-Range", f"bytes {first}-{len(page.data) - 1}/{len(page.data)}")
    if word != "no_length":
        request.send_header("Content-Length", str(len(body)))
    if not unasked:
        request.send_header("ETag", page.etag)
    for name, value in page.headers.items():
        request.send_header(name, value)
    request.end_headers()
    if word == "cut":
        body = body[: int(number)]
    if word == "slow":
        request.wfile.write(body[: int(number)])
        request.wfile.flush()
        time.sleep(1.5)
        return None
    request.wfile.write(body)
    return None
