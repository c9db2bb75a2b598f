#!/usr/bin/env bash
# A client of gRPC tells its deadline as `grpc-timeout`, at most eight digits and a unit (grpc.io, PROTOCOL-HTTP2): 30 days are 2592000S. Programs set
# such a deadline where they mean "no deadline". Three servers get it, with a handler that takes 0.2 s and prints what it is told of the
# deadline; Connect's tells it by a signal.
#
# Seen with @grpc/grpc-js 1.14.7 and @connectrpc/connect-node 2.1.2 in Node 20, grpcio 1.76.0 in Python:
#                    20 days                 30 days                                    60 days
#   grpc-js          20 days, status 0       -20 days, status 4 DEADLINE_EXCEEDED       10 days, status 0
#   connect-node     not aborted, status 0   aborted, status 4 if the handler heeds it  aborted, status 4 if the handler heeds it
#   grpcio           20 days, status 0       30 days, status 0                          60 days, status 0
# Milliseconds over 2^31 become negative, or another number, in grpc-js; and a timer of 1 ms in Connect. In a capture such a call ends within
# a millisecond with DEADLINE_EXCEEDED, beside a `grpc-timeout` of a month.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --only-binary :all: 'grpcio==1.76.0'
cd "$folder"
echo '{}' > package.json
npm install --silent --no-audit --no-fund '@grpc/grpc-js@1.14.7' '@connectrpc/connect@2.1.2' '@connectrpc/connect-node@2.1.2' '@bufbuild/protobuf@2.17.0'
cat > grpc-js.mjs <<'JS'
import { Server, ServerCredentials } from '@grpc/grpc-js';

const same = (bytes) => bytes;
const method = { path: '/s/U', requestStream: false, responseStream: false };
const code = { requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
const server = new Server();
server.addService({ U: { ...method, ...code } }, {
  U(call, answer) {
    console.log(`${Math.round((call.getDeadline() - Date.now()) / 86_400_000)} days`);
    setTimeout(() => answer(null, Buffer.alloc(0)), 200);
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => console.log(port));
JS
cat > connect-node.mjs <<'JS'
import { createServer } from 'node:http2';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import { EmptySchema, FileDescriptorProtoSchema, file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';
import { connectNodeAdapter } from '@connectrpc/connect-node';

const EMPTY = '.google.protobuf.Empty';
const service = { name: 's', method: [{ name: 'U', inputType: EMPTY, outputType: EMPTY }] };
const dependency = ['google/protobuf/empty.proto'];
const file = create(FileDescriptorProtoSchema, { name: 's.proto', syntax: 'proto3', dependency, service: [service] });
const registry = createFileRegistry(file, () => file_google_protobuf_empty);
const routes = (router) =>
  router.service(registry.getService('s'), {
    async u(_, { signal }) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      console.log(signal.aborted ? 'aborted' : 'not aborted');
      signal.throwIfAborted();
      return create(EmptySchema);
    },
  });
const server = createServer(connectNodeAdapter({ routes }));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
JS
cat > grpcio.py <<'PY'
import time
from concurrent.futures import ThreadPoolExecutor
import grpc

def handle(request, context):
    print(f"{round(context.time_remaining() / 86_400)} days", flush=True)
    time.sleep(0.2)
    return b""

server = grpc.server(ThreadPoolExecutor(1))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("s", {"U": grpc.unary_unary_rpc_method_handler(handle)})])
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
PY
cat > ask.mjs <<'JS'
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { createInterface } from 'node:readline';

const SERVERS = {
  'grpc-js': ['node', 'grpc-js.mjs'],
  'connect-node': ['node', '--no-warnings', 'connect-node.mjs'],
  grpcio: ['venv/bin/python', 'grpcio.py'],
};

async function status(port, days) {
  const client = connect(`http://127.0.0.1:${port}`);
  const head = { ':method': 'POST', ':path': '/s/U', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = client.request({ ...head, 'grpc-timeout': `${days * 86_400}S` });
  let seen;
  for (const event of ['response', 'trailers']) stream.on(event, (fields) => (seen = fields['grpc-status'] ?? seen));
  stream.resume().end(Buffer.alloc(5));
  await once(stream, 'close');
  client.close();
  return seen;
}

for (const [name, [command, ...args]] of Object.entries(SERVERS)) {
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
    const port = (await lines.next()).value;
    for (const days of [20, 30, 60]) {
      const answered = status(port, days);
      console.log(`${name}, ${days} days: ${(await lines.next()).value}, status ${await answered}`);
    }
  } finally {
    server.kill();
  }
}
JS
cat > expected <<'TXT'
grpc-js, 20 days: 20 days, status 0
grpc-js, 30 days: -20 days, status 4
grpc-js, 60 days: 10 days, status 0
connect-node, 20 days: not aborted, status 0
connect-node, 30 days: aborted, status 4
connect-node, 60 days: aborted, status 4
grpcio, 20 days: 20 days, status 0
grpcio, 30 days: 30 days, status 0
grpcio, 60 days: 60 days, status 0
TXT
node ask.mjs | tee seen
cmp expected seen
