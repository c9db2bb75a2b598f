#!/usr/bin/env bash
# A server with grpclib in Python refuses a call of a method that it does not have. The protocol of gRPC over HTTP/2 wants a content-type in every
# answer, also in an answer that is only its status ("Trailers-Only → HTTP-Status Content-Type Trailers").
#
# Seen with grpclib 0.4.9 (h2 4.4.1): the answer is :status 200, grpc-status 12, grpc-message "Method not found", without a content-type.
# Clients such as grpcio 1.85.3 report UNIMPLEMENTED all the same. A tool that knows gRPC by the content-type alone counts a success.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q grpclib==0.4.9 h2==4.4.1
cat > "$folder/ask.py" <<'PY'
import asyncio
import h2.connection, h2.events
from grpclib.encoding.base import CodecBase
from grpclib.server import Server


class Bytes(CodecBase):
    __content_subtype__ = 'proto'

    def encode(self, message, message_type):
        return message

    def decode(self, data, message_type):
        return data


async def main():
    server = Server([], codec=Bytes())
    await server.start('127.0.0.1', 0)
    port = server._server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    client = h2.connection.H2Connection()
    client.initiate_connection()
    call = [(':method', 'POST'), (':scheme', 'http'), (':path', '/shop.Cups/Sell'), (':authority', 'shop.test')]
    client.send_headers(1, call + [('te', 'trailers'), ('content-type', 'application/grpc')])
    client.send_data(1, bytes(5), end_stream=True)
    writer.write(client.data_to_send())
    while data := await asyncio.wait_for(reader.read(65536), 10):
        for event in client.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                print(*(b': '.join(field).decode() for field in event.headers), sep='\n')
                writer.close()
                server.close()
                return


asyncio.run(main())
PY
seen=$("$folder/venv/bin/python" "$folder/ask.py")
echo "$seen"
grep -q '^grpc-status: 12$' <<< "$seen"
! grep -qi '^content-type' <<< "$seen"
