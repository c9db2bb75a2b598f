"""Python's websockets. `serve PORT [plain]`: an echo. `ask PORT COUNT`: a client. Their messages are those of window.mjs."""

import asyncio
import hashlib
import json
import os
import ssl
import struct
import sys

import websockets

IN_FLIGHT = int(os.environ.get("BULK_IN_FLIGHT", 64))
FOLDER = os.environ.get("BULK_TLS")


def message_of(n):
    unit = f"{n} ä€ ".encode()
    size = 0 if n % 97 == 0 else 70_000 if n % 1009 == 0 else n * 31 % 400
    data = unit * -(-size // len(unit))
    return data[::-1] if n % 5 == 0 else data.decode()


class Fold:
    def __init__(self):
        self.hash, self.count = hashlib.sha256(), 0

    def add(self, message):
        is_text = isinstance(message, str)
        data = message.encode() if is_text else message
        self.hash.update(struct.pack(">BI", not is_text, len(data)) + data)
        self.count += 1

    def end(self):
        return {"count": self.count, "sha256": self.hash.hexdigest()}


def secure(purpose):
    if FOLDER is None:
        return None
    context = ssl.create_default_context(purpose)
    if purpose is ssl.Purpose.CLIENT_AUTH:
        context.load_cert_chain(f"{FOLDER}/server.crt", f"{FOLDER}/server.key")
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def serve(port, compression):
    context = secure(ssl.Purpose.CLIENT_AUTH)
    async with websockets.serve(echo, "127.0.0.1", port, ssl=context, compression=compression):
        await asyncio.Event().wait()


async def ask(port, count):
    scheme = "ws" if FOLDER is None else "wss"
    sent, got = Fold(), Fold()
    async with websockets.connect(
        f"{scheme}://127.0.0.1:{port}/bulk", ssl=secure(ssl.Purpose.SERVER_AUTH), proxy=None
    ) as socket:
        for n in range(count):
            message = message_of(n)
            sent.add(message)
            await socket.send(message)
            if n >= IN_FLIGHT:
                got.add(await socket.recv())
        while got.count < count:
            got.add(await socket.recv())
    print(json.dumps({"sent": sent.end(), "got": got.end()}))


act, port, *rest = sys.argv[1:]
asyncio.run(serve(int(port), None if rest else "deflate") if act == "serve" else ask(int(port), int(rest[0])))
