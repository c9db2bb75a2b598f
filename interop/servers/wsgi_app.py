"""The answers as a WSGI application (PEP 3333)."""

from http.client import responses

from answers import answer


def upload(environ):
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated") or environ.get("HTTP_TRANSFER_ENCODING"):
        return stream.read()
    return stream.read(int(environ.get("CONTENT_LENGTH") or 0))


def app(environ, start_response):
    made = answer(environ["PATH_INFO"], upload(environ))
    headers = list(made.headers)
    if made.has_length:
        headers.append(("content-length", str(len(made.body))))
    elif made.kind == "status" and made.status not in (204, 304):
        headers.append(("content-length", "0"))
    start_response(f"{made.status} {responses[made.status]}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else made.pieces
