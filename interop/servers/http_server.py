"""Python's http.server. `http_server.py PORT HTTP/1.0|HTTP/1.1`"""

import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from answers import answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = sys.argv[2]

    def upload(self):
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def do(self):
        made = answer(self.path, self.upload())
        keeps = self.protocol_version == "HTTP/1.1" and self.request_version == "HTTP/1.1"
        chunked = not made.has_length and keeps and made.kind not in ("close", "status")
        self.send_response(made.status)
        for name, value in made.headers:
            self.send_header(name, value)
        if made.has_length:
            self.send_header("content-length", str(len(made.body)))
        elif chunked:
            self.send_header("transfer-encoding", "chunked")
        elif made.kind == "status" and made.status not in (204, 304):
            self.send_header("content-length", "0")
        if made.kind == "close":
            self.send_header("connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if made.kind == "reset":
            self.reset(made.body[: len(made.body) // 2])
            return
        for piece in made.pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def reset(self, data):
        self.wfile.write(data)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    # Clients come several at a time; five in the queue are too few for them.
    request_queue_size = 128

    def handle_error(self, *_):
        pass  # A client went away, which some are meant to.


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
