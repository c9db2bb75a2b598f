"""The answers as an ASGI application."""

from answers import answer


async def upload(receive):
    data = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        data += event.get("body", b"")
        if not event.get("more_body"):
            return data


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    data = await upload(receive)
    if data is None:
        return
    made = answer(scope["path"], data)
    headers = [(name.encode(), value.encode()) for name, value in made.headers]
    if made.has_length:
        headers.append((b"content-length", str(len(made.body)).encode()))
    elif made.kind == "status" and made.status not in (204, 304):
        headers.append((b"content-length", b"0"))
    await send({"type": "http.response.start", "status": made.status, "headers": headers})
    if scope["method"] != "HEAD":
        for piece in made.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
