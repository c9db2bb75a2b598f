#!/usr/bin/env bash
# Metadata of gRPC whose name ends in -bin is base64. A name that comes twice may be sent as two fields or as a single field with a comma between
# the values, which means the same; libraries must split such a field before they decode it (grpc.io, PROTOCOL-HTTP2, Custom-Metadata).
# A server sends the values "a" and "b" in either way to four clients; each call ends with grpc-status 0.
#
# Seen with @grpc/grpc-js 1.14.7 and @connectrpc/connect 2.1.2 (its decodeBinaryHeader) in Node, grpcio 1.76.0 in Python, grpc-go 1.85.0:
#                 two fields, YQ and Yg     a single field, YQ,Yg
#   grpc-js       a, b                      a, b
#   connect       an error, data_loss       an error, data_loss
#   grpcio        a, b                      the call fails: UNKNOWN
#   grpc-go       a, b                      the call fails: INTERNAL
# A proxy that joins fields of the same name, as HTTP allows (RFC 9110 §5.3), breaks calls that it only passes on; a capture shows
# that the server has answered OK.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --only-binary :all: 'grpcio==1.76.0' 'h2==4.3.0'
echo '{}' > package.json
npm install --silent --no-audit --no-fund '@grpc/grpc-js@1.14.7' '@connectrpc/connect@2.1.2' '@connectrpc/connect-node@2.1.2' '@bufbuild/protobuf@2.17.0'
cat > clients.mjs <<'JS'
import { once } from 'node:events';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';
import { createClient, decodeBinaryHeader } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';

const port = process.argv[2];
const same = (bytes) => bytes;
const code = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const Client = makeGenericClientConstructor({ U: { path: '/s/U', requestStream: false, responseStream: false, ...code } }, 's');
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
const [metadata] = await once(client.U(Buffer.alloc(0), () => {}), 'metadata');
console.log(`grpc-js: ${metadata.get('x-bin').join(', ')}`);
client.close();

const EMPTY = '.google.protobuf.Empty';
const service = { name: 's', method: [{ name: 'U', inputType: EMPTY, outputType: EMPTY }] };
const dependency = ['google/protobuf/empty.proto'];
const file = create(FileDescriptorProtoSchema, { name: 's.proto', syntax: 'proto3', dependency, service: [service] });
const registry = createFileRegistry(file, () => file_google_protobuf_empty);
const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` });
await createClient(registry.getService('s'), transport).u({}, {
  onHeader(headers) {
    try {
      console.log(`connect: ${Buffer.from(decodeBinaryHeader(headers.get('x-bin')))}`);
    } catch (error) {
      console.log(`connect: ${error.message}`);
    }
  },
});
process.exit();
JS
cat > client.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

func main() {
	client, err := grpc.NewClient("127.0.0.1:"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	var header metadata.MD
	err = client.Invoke(context.Background(), "/s/U", &emptypb.Empty{}, &emptypb.Empty{}, grpc.Header(&header))
	if err != nil {
		fmt.Printf("grpc-go: %s\n", status.Code(err))
		return
	}
	fmt.Printf("grpc-go: %s\n", strings.Join(header["x-bin"], ", "))
}
GO
go mod init ask 2> go.txt
go get google.golang.org/grpc@v1.85.0 google.golang.org/protobuf@v1.36.12 2>> go.txt
go mod tidy 2>> go.txt
go build -o client client.go
cat > ask.py <<'PY'
import socket, subprocess, threading
import grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

def serve(fields):
    server = socket.create_server(("127.0.0.1", 0))
    def answer(client):
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        client.sendall(connection.data_to_send())
        while data := client.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, StreamEnded):
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc"), *fields])
                    connection.send_data(event.stream_id, bytes(5))
                    connection.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
            client.sendall(connection.data_to_send())
    def accept():
        while True:
            threading.Thread(target=answer, args=server.accept()[:1], daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]

def ask_grpcio(port):
    try:
        _, call = grpc.insecure_channel(f"127.0.0.1:{port}").unary_unary("/s/U").with_call(b"", timeout=20)
    except grpc.RpcError as error:
        return error.code().name
    return ", ".join(value.decode() for name, value in call.initial_metadata() if name == "x-bin")

for name, fields in {"two fields": [("x-bin", "YQ"), ("x-bin", "Yg")], "a single field": [("x-bin", "YQ,Yg")]}.items():
    port = str(serve(fields))
    print(f"{name}\ngrpcio: {ask_grpcio(port)}", flush=True)
    for command in (["node", "clients.mjs", port], ["./client", port]):
        subprocess.run(command, check=True, timeout=60)
PY
cat > expected <<'TXT'
two fields
grpcio: a, b
grpc-js: a, b
connect: [data_loss] invalid base64 string
grpc-go: a, b
a single field
grpcio: UNKNOWN
grpc-js: a, b
connect: [data_loss] invalid base64 string
grpc-go: Internal
TXT
venv/bin/python ask.py | tee seen
cmp expected seen
