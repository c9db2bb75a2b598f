#!/usr/bin/env bash
# The value of Expect is case-insensitive (RFC 9110 §10.1.1), and Java's HttpClient writes `100-Continue`. Three Python servers
# compare it in lower case only: they send no 100, and the client holds its body back until it gives up waiting.
#
# Seen with cheroot 11.1.2, gevent 26.9.0, tornado 6.6.1:
#   cheroot: 100-continue -> 100, 100-Continue -> silence
#   gevent: 100-continue -> 100, 100-Continue -> silence
#   tornado: 100-continue -> 100, 100-Continue -> silence
# In a capture such a request has a head, a pause as long as the client's timeout, and then its body or none at all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'cheroot==11.1.2' 'gevent==26.9.0' 'tornado==6.6.1'
cat > "$folder/server.py" <<'PY'
import socket, sys
kind = sys.argv[1]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]

def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

def said():
    print(port, flush=True)

if kind == "cheroot":
    from cheroot import wsgi
    server = wsgi.Server(("127.0.0.1", port), app)
    server.prepare()
    said()
    server.serve()
elif kind == "gevent":
    from gevent.pywsgi import WSGIServer
    server = WSGIServer(("127.0.0.1", port), app, log=None, error_log=None)
    server.start()
    said()
    server.serve_forever()
else:
    import asyncio, tornado.web
    class Echo(tornado.web.RequestHandler):
        def post(self):
            self.write(self.request.body)
    async def main():
        tornado.web.Application([("/", Echo)]).listen(port, "127.0.0.1")
        said()
        await asyncio.Event().wait()
    asyncio.run(main())
PY
cat > "$folder/ask.py" <<'PY'
import socket, subprocess, sys
expected = {"100-continue": "100", "100-Continue": "silence"}
changed = False
for kind in ("cheroot", "gevent", "tornado"):
    server = subprocess.Popen([sys.executable, sys.argv[1], kind], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(server.stdout.readline())
        seen = {}
        for value in expected:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
                client.sendall(f"POST / HTTP/1.1\r\nHost: h\r\nExpect: {value}\r\nContent-Length: 2\r\n\r\n".encode())
                try:
                    answer = client.recv(100).decode().split(" ")[1]
                except TimeoutError:
                    answer = "silence"
                client.sendall(b"ok")
            seen[value] = answer
        print(f"{kind}: " + ", ".join(f"{value} -> {answer}" for value, answer in seen.items()))
        changed |= seen != expected
    finally:
        server.kill()
        server.wait()
sys.exit("the behaviour has changed" if changed else 0)
PY
"$folder/venv/bin/python" "$folder/ask.py" "$folder/server.py"
