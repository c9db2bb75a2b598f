#!/usr/bin/env bash
# Two readers of captures in Python find HTTP responses: scapy in a savefile, by its TCPSession; dpkt in the bytes of a connection. Here a
# connection has three responses: one of the body "a", the response that is named, and one of the body "z". Each is valid: a chunk may
# have an extension and a chunked body trailers (RFC 9112 §7.1.1, §7.1.2); 204 and 304 never have a body, though a 304 may say
# how long that of a 200 would be (§6.3, RFC 9110 §8.6); 103 comes before the response proper; and a body may end with the connection.
#
# Seen with scapy 2.8.0 and dpkt 1.9.8:
#                      scapy                                  dpkt
#   length             right                                  right
#   chunked            right                                  right
#   chunk extension    the chunks as they are are the body    an error; "z" is lost
#   trailers           both responses are lost                "hello", then an error; "z" is lost
#   204                the body is the response "z"           right
#   304                the body is the response "z"           right
#   304 with a length  the body is "HTTP/"; "z" is lost       right
#   103                the body is the response "z"           right
#   to the end         right                                  the body is empty, then an error
# The next response on a connection is lost or becomes a body, mostly without a word: counts of responses are too low.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q scapy==2.8.0 dpkt==1.9.8
cat > ask.py <<'PY'
import logging
logging.disable(logging.CRITICAL)
import dpkt
from scapy.all import IP, TCP, Ether, Raw, TCPSession, sniff, wrpcap
from scapy.layers.http import HTTPResponse

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BEFORE = OK + b"Content-Length: 1\r\n\r\na"
AFTER = OK + b"Content-Length: 1\r\n\r\nz"
RESPONSES = {
    "length": OK + b"Content-Length: 5\r\n\r\nhello",
    "chunked": CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    "chunk extension": CHUNKED + b"5;a=b\r\nhello\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"5\r\nhello\r\n0\r\nx: y\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "304": b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
    "304 with a length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
    "to the end": OK + b"\r\nhello",
}

def by_scapy(parts):
    sequence, packets = 1000, []
    frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="192.0.2.1", dst="192.0.2.2")
    for part in parts:
        packets.append(frame / TCP(sport=80, dport=40000, seq=sequence, ack=1, flags="PA") / Raw(part))
        sequence += len(part)
    packets.append(frame / TCP(sport=80, dport=40000, seq=sequence, ack=1, flags="FA"))
    wrpcap("capture.pcap", packets)
    found = [each for each in sniff(offline="capture.pcap", session=TCPSession) if HTTPResponse in each]
    return [(each[HTTPResponse].Status_Code.decode(), each[Raw].load.decode() if Raw in each else "") for each in found]

def by_dpkt(parts):
    rest, found = b"".join(parts), []
    while rest:
        try:
            response = dpkt.http.Response(rest)
        except dpkt.UnpackError:
            return [*found, "error"]
        found.append((response.status, response.body.decode()))
        rest = response.data
    return found

for name, response in RESPONSES.items():
    parts = [BEFORE, response] if name == "to the end" else [BEFORE, response, AFTER]
    for reader, read in {"scapy": by_scapy, "dpkt": by_dpkt}.items():
        print(f"{name}, {reader}: {read(parts)}")
PY
cat > expected <<'TXT'
length, scapy: [('200', 'a'), ('200', 'hello'), ('200', 'z')]
length, dpkt: [('200', 'a'), ('200', 'hello'), ('200', 'z')]
chunked, scapy: [('200', 'a'), ('200', 'hello'), ('200', 'z')]
chunked, dpkt: [('200', 'a'), ('200', 'hello'), ('200', 'z')]
chunk extension, scapy: [('200', 'a'), ('200', '5;a=b\r\nhello\r\n0\r\n\r\n'), ('200', 'z')]
chunk extension, dpkt: [('200', 'a'), 'error']
trailers, scapy: [('200', 'a')]
trailers, dpkt: [('200', 'a'), ('200', 'hello'), 'error']
204, scapy: [('200', 'a'), ('204', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz')]
204, dpkt: [('200', 'a'), ('204', ''), ('200', 'z')]
304, scapy: [('200', 'a'), ('304', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz')]
304, dpkt: [('200', 'a'), ('304', ''), ('200', 'z')]
304 with a length, scapy: [('200', 'a'), ('304', 'HTTP/')]
304 with a length, dpkt: [('200', 'a'), ('304', ''), ('200', 'z')]
103, scapy: [('200', 'a'), ('103', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz')]
103, dpkt: [('200', 'a'), ('103', ''), ('200', 'z')]
to the end, scapy: [('200', 'a'), ('200', 'hello')]
to the end, dpkt: [('200', 'a'), ('200', ''), 'error']
TXT
venv/bin/python ask.py | tee seen
cmp expected seen
