#!/usr/bin/env bash
# A header of the PROXY protocol need not name a client: `PROXY UNKNOWN` in version 1, the command LOCAL in version 2, as HAProxy begins its
# own health checks (haproxy.org, proxy-protocol.txt §2.1, §2.2). In version 2 further values (TLV) may follow the addresses and count in the
# header's length, for example the value that only fills up (NOOP). Three parsers read such headers, each with an HTTP request after it.
#
# Seen with proxy-protocol-js 4.0.6 and @balena/proxy-protocol-parser 1.0.2 in Node, proxy-protocol 0.11.3 in Python:
#                                   PROXY UNKNOWN          LOCAL      addresses and NOOP
#   proxy-protocol.txt              no client              no client  the client; the request is after it
#   proxy-protocol-js               refused                no client  the client; 7 bytes of NOOP, then the request
#   @balena/proxy-protocol-parser   client "\r\n" by IPv6,  no client  the client
#                                   server "GET"
#   proxy-protocol                  no client              no client  the client; the request is after it
# A server with the first refuses health checks in version 1, and finds no HTTP from a proxy that fills up its headers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q 'proxy-protocol==0.11.3'
(
  cd "$folder" && echo '{}' > package.json &&
    npm install --silent --no-audit --no-fund 'proxy-protocol-js@4.0.6' '@balena/proxy-protocol-parser@1.0.2'
)
cat > "$folder/headers.py" <<'PY'
# Each header, with a request after it, in hex.
import json
SIGNATURE = "0d0a0d0a000d0a515549540a"
ADDRESSES = "c0000201" "c633640a" "9c40" "0050"  # 192.0.2.1:40000 to 198.51.100.10:80
NOOP = "04" "0004" "00000000"
REQUEST = b"GET / HTTP/1.1\r\n\r\n".hex()
print(json.dumps({
    "unknown": b"PROXY UNKNOWN\r\n".hex() + REQUEST,
    "local": SIGNATURE + "20" "00" "0000" + REQUEST,
    "noop": SIGNATURE + "21" "11" "0013" + ADDRESSES + NOOP + REQUEST,
}))
PY
cat > "$folder/ask.cjs" <<'JS'
const { V1ProxyProtocol, V2ProxyProtocol } = require('proxy-protocol-js');
const { decode } = require('@balena/proxy-protocol-parser');
const headers = Object.entries(require('./headers.json')).map(([name, hex]) => [name, Buffer.from(hex, 'hex')]);

function ofProxyProtocolJs(name, bytes) {
  if (name === 'unknown') {
    const { source } = V1ProxyProtocol.parse(bytes.toString('latin1'));
    return source.ipAddress;
  }
  const { proxyAddress, data } = V2ProxyProtocol.parse(new Uint8Array(bytes));
  const client = proxyAddress.sourceAddress?.address.join('.') ?? 'no client';
  return `${client}, ${bytes.length - data.length} bytes of header, then ${Buffer.from(data).subarray(0, 10).toString('latin1')}`;
}
function ofBalena(name, bytes) {
  const { remoteFamily, remoteAddress, localAddress } = decode(bytes);
  return `${remoteFamily} ${remoteAddress}, ${localAddress}`;
}
for (const [parser, of] of Object.entries({ 'proxy-protocol-js': ofProxyProtocolJs, '@balena/proxy-protocol-parser': ofBalena })) {
  for (const [name, bytes] of headers) {
    let said;
    try {
      said = of(name, bytes);
    } catch (error) {
      said = error.name;
    }
    console.log(`${parser}, ${name}: ${JSON.stringify(said)}`);
  }
}
JS
cat > "$folder/ask.py" <<'PY'
import asyncio, json
from proxyprotocol.detect import ProxyProtocolDetect
from proxyprotocol.reader import ProxyProtocolReader

async def main():
    for name, text in json.load(open("headers.json")).items():
        stream = asyncio.StreamReader()
        stream.feed_data(bytes.fromhex(text))
        stream.feed_eof()
        result = await ProxyProtocolReader(ProxyProtocolDetect()).read(stream)
        rest = await stream.read()
        client = getattr(result, "peername", None)
        said = f"{client[0] if client else 'no client'}, {len(text) // 2 - len(rest)} bytes of header, then {rest[:10].decode('latin1')}"
        print(f"proxy-protocol, {name}: {json.dumps(said)}")

asyncio.run(main())
PY
cat > "$folder/expected" <<'TXT'
proxy-protocol-js, unknown: "V1ProxyProtocolParseError"
proxy-protocol-js, local: "no client, 16 bytes of header, then GET / HTTP"
proxy-protocol-js, noop: "192.0.2.1, 28 bytes of header, then \u0004\u0000\u0004\u0000\u0000\u0000\u0000GET"
@balena/proxy-protocol-parser, unknown: "IPv6 \r\n, GET"
@balena/proxy-protocol-parser, local: "undefined undefined, undefined"
@balena/proxy-protocol-parser, noop: "IPv4 192.0.2.1, 198.51.100.10"
proxy-protocol, unknown: "no client, 15 bytes of header, then GET / HTTP"
proxy-protocol, local: "no client, 16 bytes of header, then GET / HTTP"
proxy-protocol, noop: "192.0.2.1, 35 bytes of header, then GET / HTTP"
TXT
cd "$folder"
venv/bin/python headers.py > headers.json
{ node ask.cjs && venv/bin/python ask.py; } | tee seen
cmp expected seen
