#!/usr/bin/env bash
# A client may ask a WebSocket server for a window of 8 bits: `permessage-deflate; server_max_window_bits=8` (RFC 7692 §7.1.2.1). zlib
# cannot compress raw deflate with a window of 256 bytes, and three servers come to terms with that in three ways.
#
# Seen with websockets 15.0.1 and aiohttp 3.12.15 (Python), ws 8.18.3 (Node):
#   websockets: HTTP/1.1 500 Internal Server Error
#   aiohttp: HTTP/1.1 101 Switching Protocols, no extension
#   ws: HTTP/1.1 101 Switching Protocols, permessage-deflate; server_max_window_bits=8
# In a capture the first looks like a server that is broken; it serves every other client. ws says 8 and compresses with 9 bits, whose
# distances stay under 256 only because zlib keeps 262 bytes of its window for itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'websockets==15.0.1' 'aiohttp==3.12.15'
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund 'ws@8.18.3')
cat > "$folder/server.js" <<'JS'
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: true }, () => console.log(server.address().port));
JS
cat > "$folder/server.py" <<'PY'
import asyncio, sys
import websockets
from aiohttp import web

async def with_websockets():
    async def serve(socket):
        await socket.wait_closed()
    server = await websockets.serve(serve, "127.0.0.1", 0)
    return server.sockets[0].getsockname()[1]

async def with_aiohttp():
    async def serve(request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        return socket
    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner.addresses[0][1]

async def main():
    print(await {"websockets": with_websockets, "aiohttp": with_aiohttp}[sys.argv[1]](), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
PY
cat > "$folder/ask.py" <<'PY'
import socket, subprocess, sys
folder = sys.argv[1]
SERVERS = {
    "websockets": [sys.executable, f"{folder}/server.py", "websockets"],
    "aiohttp": [sys.executable, f"{folder}/server.py", "aiohttp"],
    "ws": ["node", f"{folder}/server.js"],
}
EXPECTED = {
    "websockets": "HTTP/1.1 500 Internal Server Error",
    "aiohttp": "HTTP/1.1 101 Switching Protocols, no extension",
    "ws": "HTTP/1.1 101 Switching Protocols, permessage-deflate; server_max_window_bits=8",
}

def offer(port, bits):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            f"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head and (more := client.recv(4096)):
            head += more
    status, *fields = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
    agreed = [field.split(": ", 1)[1] for field in fields if field.lower().startswith("sec-websocket-extensions")]
    return status if " 101 " not in status else f"{status}, {agreed[0] if agreed else 'no extension'}"

changed = False
for name, command in SERVERS.items():
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(server.stdout.readline())
        # The least that all three take shows that the request is a good one.
        assert offer(port, 9).endswith("server_max_window_bits=9"), offer(port, 9)
        seen = offer(port, 8)
        print(f"{name}: {seen}")
        changed |= seen != EXPECTED[name]
    finally:
        server.kill()
        server.wait()
sys.exit("the behaviour has changed" if changed else 0)
PY
"$folder/venv/bin/python" "$folder/ask.py" "$folder"
