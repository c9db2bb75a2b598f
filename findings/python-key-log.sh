#!/usr/bin/env bash
# Which clients and servers of Python write the key log that SSLKEYLOGFILE names (RFC 9850). Each makes or answers one request.
#
# Seen with Python 3.11, urllib3 2.5.0, requests 2.32.5, httpx 0.28.1, aiohttp 3.13.2, tornado 6.5.2, pycurl 7.45.7, gunicorn 23.0.0,
# hypercorn 0.17.3, uvicorn 0.38.0, werkzeug 3.1.3, daphne 4.2.1:
#   clients          certificates checked  not checked
#   urllib.request   keys                  keys
#   urllib3          keys                  keys
#   requests         keys                  keys
#   httpx            keys                  no file
#   aiohttp          keys                  a file without keys
#   tornado          keys                  keys
#   pycurl           keys                  keys
#   servers: gunicorn and hypercorn write keys; uvicorn, werkzeug and daphne write no file.
# Two clients lose their keys when they do not check certificates, since they make another kind of context then; and what serves one
# application by ASGI writes keys, and another server with the same files does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q requests==2.32.5 urllib3==2.5.0 httpx==0.28.1 aiohttp==3.13.2 tornado==6.5.2 pycurl==7.45.7 \
  gunicorn==23.0.0 hypercorn==0.17.3 uvicorn==0.38.0 werkzeug==3.1.3 daphne==4.2.1
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key.pem" -out "$folder/ca.pem" -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2> "$folder/openssl.txt"
cat > "$folder/client.py" <<'PY'
# One request of one client, with SSLKEYLOGFILE in the environment of the process.
import asyncio, ssl, sys

name, mode, port, ca = sys.argv[1:]
checks = mode == "checked"
url = f"https://localhost:{port}/"

def urllib_request():
    import urllib.request
    context = None if checks else ssl._create_unverified_context()
    urllib.request.urlopen(url, context=context).read()

def urllib3_():
    import urllib3
    pool = urllib3.PoolManager(ca_certs=ca) if checks else urllib3.PoolManager(cert_reqs="CERT_NONE")
    pool.request("GET", url)

def requests_():
    import requests
    requests.get(url, verify=ca if checks else False)

def httpx_():
    import httpx
    httpx.get(url, verify=checks)

async def aiohttp_():
    import aiohttp
    async with aiohttp.ClientSession() as session, session.get(url, ssl=checks) as answer:
        await answer.read()

async def tornado_():
    from tornado.httpclient import AsyncHTTPClient
    await AsyncHTTPClient().fetch(url, validate_cert=checks)

def pycurl_():
    import io, pycurl
    curl = pycurl.Curl()
    curl.setopt(curl.URL, url)
    curl.setopt(curl.WRITEDATA, io.BytesIO())
    curl.setopt(curl.CAINFO, ca)
    if not checks:
        curl.setopt(curl.SSL_VERIFYPEER, 0)
    curl.perform()

run = {"urllib.request": urllib_request, "urllib3": urllib3_, "requests": requests_, "httpx": httpx_,
       "aiohttp": aiohttp_, "tornado": tornado_, "pycurl": pycurl_}[name]
if asyncio.iscoroutinefunction(run):
    asyncio.run(run())
else:
    run()
PY
cat > "$folder/app.py" <<'PY'
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

if __name__ == "__main__":
    import sys
    from werkzeug.serving import run_simple
    run_simple("127.0.0.1", int(sys.argv[1]), wsgi, ssl_context=("ca.pem", "key.pem"))
PY
cat > "$folder/try.py" <<'PY'
import os, socket, ssl, subprocess, sys, threading, time, urllib.request

folder = sys.argv[1]
bin = f"{folder}/venv/bin"
ca, key = f"{folder}/ca.pem", f"{folder}/key.pem"
EXPECTED = {
    "urllib.request": ["keys", "keys"],
    "urllib3": ["keys", "keys"],
    "requests": ["keys", "keys"],
    "httpx": ["keys", "no file"],
    "aiohttp": ["keys", "a file without keys"],
    "tornado": ["keys", "keys"],
    "pycurl": ["keys", "keys"],
    "gunicorn": ["keys"],
    "hypercorn": ["keys"],
    "uvicorn": ["no file"],
    "werkzeug": ["no file"],
    "daphne": ["no file"],
}

def written(log):
    if not os.path.exists(log):
        return "no file"
    with open(log) as file:
        return "keys" if any(line.strip() and not line.startswith("#") for line in file) else "a file without keys"

def answer(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    while True:
        client, _ = server.accept()
        with context.wrap_socket(client, server_side=True) as tls:
            while b"\r\n\r\n" not in tls.recv(65536):
                pass
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

def of_client(name, port):
    seen = []
    for mode in ["checked", "unchecked"]:
        log = f"{folder}/{name}-{mode}.log"
        env = {**os.environ, "SSLKEYLOGFILE": log, "SSL_CERT_FILE": ca, "PYTHONWARNINGS": "ignore"}
        subprocess.run([f"{bin}/python", f"{folder}/client.py", name, mode, str(port), ca], env=env, check=True)
        seen.append(written(log))
    return seen

def commands(port):
    files = ["--certfile=ca.pem", "--keyfile=key.pem"]
    ssl_files = ["--ssl-certfile=ca.pem", "--ssl-keyfile=key.pem"]
    return {
        "gunicorn": [f"{bin}/gunicorn", *files, f"--bind=127.0.0.1:{port}", "app:wsgi"],
        "hypercorn": [f"{bin}/hypercorn", *files, f"--bind=127.0.0.1:{port}", "app:asgi"],
        "uvicorn": [f"{bin}/uvicorn", *ssl_files, f"--port={port}", "app:asgi"],
        "werkzeug": [f"{bin}/python", "app.py", str(port)],
        "daphne": [f"{bin}/daphne", "-e", f"ssl:{port}:privateKey=key.pem:certKey=ca.pem:interface=127.0.0.1", "app:asgi"],
    }

def of_server(name):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = f"{folder}/{name}.log"
    env = {**os.environ, "SSLKEYLOGFILE": log}
    with open(f"{folder}/{name}.txt", "wb") as output:
        process = subprocess.Popen(commands(port)[name], cwd=folder, env=env, stdout=output, stderr=output)
    try:
        context = ssl.create_default_context(cafile=ca)
        for _ in range(200):
            try:
                if urllib.request.urlopen(f"https://localhost:{port}/", context=context).read() == b"ok":
                    return [written(log)]
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{name} does not answer: {open(f'{folder}/{name}.txt').read()}")
    finally:
        process.terminate()
        process.wait(20)

server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=answer, args=(server,), daemon=True).start()
changed = False
for name, expected in EXPECTED.items():
    seen = of_server(name) if name in commands(0) else of_client(name, server.getsockname()[1])
    print(f"{name}: {', '.join(seen)}", flush=True)
    changed |= seen != expected
if changed:
    sys.exit("this is not what was seen")
PY
env -u SSLKEYLOGFILE "$folder/venv/bin/python" "$folder/try.py" "$folder"
