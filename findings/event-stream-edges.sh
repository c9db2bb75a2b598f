#!/usr/bin/env bash
# Four clients of Server-Sent Events read four streams that the HTML standard (§9.2.6) leaves no doubt about: a byte order mark at the
# beginning is skipped; an event without data is not dispatched; neither is an event that the end of the stream cuts off; CR alone
# ends a line.
#
# Seen with httpx-sse 0.4.3 (httpx 0.28.1) and sseclient-py 1.9.0 (requests 2.32.5) in Python, eventsource 4.0.0 and undici 7.16.0 in Node:
#                  bom     no-data   cut-off   cr
#   standard:      a       a         a         a, b
#   httpx-sse:     nothing (empty),a a         a, b
#   sseclient-py:  nothing a         a, b      a, b
#   eventsource:   a       a         a         a
#   undici:        a       a         a         a, b
# The two in Python lose the first event after a mark, since its first field has another name then. eventsource holds an event that ends in
# CR CR until a further byte tells that no LF follows. So what a client took need not be what a capture rightly shows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'httpx==0.28.1' 'httpx-sse==0.4.3' 'sseclient-py==1.9.0' 'requests==2.32.5'
(cd "$folder" && echo '{}' > package.json && npm install --silent --no-audit --no-fund 'eventsource@4.0.0' 'undici@7.16.0')
cat > "$folder/client.mjs" <<'JS'
const [name, port] = process.argv.slice(2);
const { EventSource } = await import(name);
const source = new EventSource(`http://127.0.0.1:${port}/`);
const seen = [];
for (const type of ['message', 'x']) source.addEventListener(type, ({ data }) => seen.push(data));
// The server has sent all and closed: the client would connect again.
source.onerror = () => {
  source.close();
  setTimeout(() => {
    console.log(JSON.stringify(seen));
    process.exit();
  }, 100);
};
JS
cat > "$folder/ask.py" <<'PY'
import json, socket, subprocess, sys, threading
import httpx, httpx_sse, requests, sseclient
folder = sys.argv[1]
STREAMS = {
    "bom": b"\xef\xbb\xbfdata: a\n\n",
    "no-data": b"event: x\n\ndata: a\n\n",
    "cut-off": b"data: a\n\ndata: b\n",
    "cr": b"data: a\r\rdata: b\r\r",
}
EXPECTED = {
    "httpx-sse": {"bom": [], "no-data": ["", "a"], "cut-off": ["a"], "cr": ["a", "b"]},
    "sseclient-py": {"bom": [], "no-data": ["a"], "cut-off": ["a", "b"], "cr": ["a", "b"]},
    "eventsource": {"bom": ["a"], "no-data": ["a"], "cut-off": ["a"], "cr": ["a"]},
    "undici": {"bom": ["a"], "no-data": ["a"], "cut-off": ["a"], "cr": ["a", "b"]},
}

def serve(body):
    server = socket.create_server(("127.0.0.1", 0))
    def answer():
        client, _ = server.accept()
        while b"\r\n\r\n" not in client.recv(4096):
            pass
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body)
        client.close()
        server.close()
    threading.Thread(target=answer, daemon=True).start()
    return server.getsockname()[1]

def ask(name, port):
    url = f"http://127.0.0.1:{port}/"
    if name == "httpx-sse":
        with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
            return [event.data for event in source.iter_sse()]
    if name == "sseclient-py":
        return [event.data for event in sseclient.SSEClient(requests.get(url, stream=True)).events()]
    command = ["node", "client.mjs", name, str(port)]
    return json.loads(subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30).stdout)

changed = False
for name, expected in EXPECTED.items():
    seen = {stream: ask(name, serve(body)) for stream, body in STREAMS.items()}
    print(f"{name}: {json.dumps(seen)}")
    changed |= seen != expected
sys.exit("the behaviour has changed" if changed else 0)
PY
"$folder/venv/bin/python" "$folder/ask.py" "$folder"
