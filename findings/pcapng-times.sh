#!/usr/bin/env bash
# Three readers of pcapng in Python are asked when a packet came that was captured at 1 700 000 000 s. Each file is valid and says it in
# another way (draft-ietf-opsawg-pcapng §4.2, §4.3, §4.4): microseconds; 2^-20 s by if_tsresol; seconds to be added by if_tsoffset; a
# second interface that counts nanoseconds beside a first interface that counts microseconds; a Simple Packet Block, which has no
# time.
#
# Seen with dpkt 1.9.8, scapy 2.6.1, python-pcapng 2.1.1:
#                   microseconds  binary      offset      second      simple
#   dpkt            right         right       right       x 1000      no packet
#   scapy           right         right       - 1.6e9 s   right       the time of reading
#   python-pcapng   right         right       - 1.6e9 s   right       no time
# No reader is right in all. scapy shows a packet without a time as one of today; dpkt takes the resolution of the first interface
# for all, as happens where a capture of several interfaces was merged, and leaves packets without a time out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q dpkt==1.9.8 scapy==2.6.1 python-pcapng==2.1.1
cat > "$folder/ask.py" <<'PY'
import struct, sys, time
import dpkt, pcapng
from pcapng.blocks import EnhancedPacket, SimplePacket
from scapy.utils import PcapNgReader

folder = sys.argv[1]
TIME = 1_700_000_000
OFFSET = 1_600_000_000
IF_TSRESOL, IF_TSOFFSET = 9, 14
PACKET = bytes(12) + b"\x08\x00" + bytes(46)

def padded(value):
    return value + bytes(-len(value) % 4)

def block(kind, body):
    body = padded(body)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length

def option(code, value):
    return struct.pack("<HH", code, len(value)) + padded(value)

def interface(*options):
    return block(1, struct.pack("<HHI", 1, 0, 0) + b"".join(options) + (bytes(4) if options else b""))

def packet(number, stamp):
    head = struct.pack("<IIIII", number, stamp >> 32, stamp & 0xFFFFFFFF, len(PACKET), len(PACKET))
    return block(6, head + PACKET)

SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
FILES = {
    "microseconds": interface() + packet(0, TIME * 10**6),
    "binary": interface(option(IF_TSRESOL, bytes([0x80 | 20]))) + packet(0, TIME << 20),
    "offset": interface(option(IF_TSOFFSET, struct.pack("<q", OFFSET))) + packet(0, (TIME - OFFSET) * 10**6),
    "second": interface() + interface(option(IF_TSRESOL, bytes([9]))) + packet(1, TIME * 10**9),
    "simple": interface() + block(3, struct.pack("<I", len(PACKET)) + PACKET),
}
READERS = {
    "dpkt": lambda file: [stamp for stamp, _ in dpkt.pcapng.Reader(file)],
    "scapy": lambda file: [float(each.time) for each in PcapNgReader(file)],
    "python-pcapng": lambda file: [
        getattr(each, "timestamp", None)
        for each in pcapng.FileScanner(file)
        if isinstance(each, (EnhancedPacket, SimplePacket))
    ],
}
EXPECTED = {
    "dpkt": ["right", "right", "right", "x 1000", "no packet"],
    "scapy": ["right", "right", "- 1.6e9 s", "right", "the time of reading"],
    "python-pcapng": ["right", "right", "- 1.6e9 s", "right", "no time"],
}

def said(stamps):
    if stamps == []:
        return "no packet"
    [stamp] = stamps
    if stamp is None:
        return "no time"
    words = {TIME: "right", TIME * 1000: "x 1000", TIME - OFFSET: "- 1.6e9 s"}
    return words.get(stamp, "the time of reading" if abs(stamp - time.time()) < 60 else str(stamp))

changed = False
for name, read in READERS.items():
    row = []
    for file, blocks in FILES.items():
        path = f"{folder}/{file}.pcapng"
        with open(path, "wb") as written:
            written.write(SECTION + blocks)
        with open(path, "rb") as opened:
            row.append(said(read(opened)))
    print(f"{name}: {', '.join(row)}")
    changed |= row != EXPECTED[name]
if changed:
    sys.exit("this is not what was seen")
PY
"$folder/venv/bin/python" "$folder/ask.py" "$folder"
