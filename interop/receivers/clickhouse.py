"""ClickHouse's engine (chDB) behind its HTTP interface, as far as a POST with `query`, settings in the URL and gzip go: `clickhouse.py PORT`.

The statements and the lines are read by the engine itself; the HTTP server is ours.
"""

import gzip
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

database = session.Session()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        settings = dict(parse_qsl(urlsplit(self.path).query))
        statement = settings.pop("query", "")
        try:
            for name, value in settings.items():
                database.query(f"SET {name} = '{value}'")
            answer = database.query(f"{statement}\n{body.decode()}".strip(), "JSONEachRow").bytes() or b""
            status = 200
        except Exception as error:
            answer, status = str(error).encode(), 400
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
