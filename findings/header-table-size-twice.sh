#!/usr/bin/env bash
# A server with h2 in Python (hypercorn, Twisted and others use it) gets SETTINGS_HEADER_TABLE_SIZE twice in one frame, 0 and then 512, in the
# middle of a connection, as `nghttp -c 0 -c 512` sends it. RFC 9113 §6.5.3 wants the values processed in their order, and RFC 7541 §4.2
# that the next header block announces the smallest size of them before the last: 20 3fe103 in hexadecimal.
#
# Seen with h2 4.4.1 and hpack 4.2.0: the next block is 3fe10388be. It announces 512 only, and its last field refers to an entry of
# the time before. A client that went to 0 has no such entry, and has to end the connection with COMPRESSION_ERROR (nghttp 1.52.0 does: "Some
# requests were not processed"). So the answer is right on the wire, the capture shows it, and the client never got it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0
cat > "$folder/ask.py" <<'PY'
import struct
import h2.config, h2.connection
from hpack import Encoder


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + payload


server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
server.initiate_connection()
encoder = Encoder()
blocks = []


def ask(stream, before=b''):
    fields = [(':method', 'GET'), (':scheme', 'http'), (':path', '/'), (':authority', 'shop.test')]
    server.receive_data(before + frame(1, 5, stream, encoder.encode(fields)))
    server.data_to_send()
    server.send_headers(stream, [(':status', '200'), ('x-cup', 'blue')], end_stream=True)
    blocks.append(server.data_to_send()[9:].hex())


ask(1, b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + frame(4, 0, 0))
ask(3, frame(4, 0, 0, struct.pack('>HIHI', 1, 0, 1, 512)))
print(*blocks)
PY
seen=$("$folder/venv/bin/python" "$folder/ask.py")
echo "$seen"
[[ $seen == *' 3fe10388be' ]]
