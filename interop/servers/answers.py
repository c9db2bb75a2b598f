"""What a server of the interop test answers, for servers in Python. The target is /ID/KIND/SIZE."""

import gzip
import hashlib
from dataclasses import dataclass

PIECE_BYTES = 4000


@dataclass
class Answer:
    status: int
    headers: list  # of (name, value), without any that frames the body
    body: bytes
    kind: str

    @property
    def has_length(self):
        return self.kind not in ("chunked", "gzip-chunked", "close", "status")

    @property
    def pieces(self):
        return [self.body[at : at + PIECE_BYTES] for at in range(0, len(self.body), PIECE_BYTES)]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def answer(target, upload):
    _, ident, kind, number = target.split("/")
    number = int(number)
    headers = [("x-got", ident), ("x-got-length", str(len(upload))), ("x-got-sha256", sha256(upload))]
    if kind == "status":
        return Answer(number, headers, b"", kind)
    line = ident.encode() + b"\n"
    content = upload if kind == "echo" else (line * (number // len(line) + 1))[:number]
    headers += [("x-length", str(len(content))), ("x-sha256", sha256(content))]
    headers += [("content-type", "application/octet-stream" if kind == "echo" else "text/plain")]
    if kind.startswith("gzip"):
        headers += [("content-encoding", "gzip")]
        content = gzip.compress(content)
    return Answer(200, headers, content, kind)
