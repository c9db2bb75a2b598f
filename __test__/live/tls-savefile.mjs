// A real conversation over TLS as a savefile and its key log: `tls-savefile.mjs VERSION FILE.pcap FILE.keys`. The bytes of both sides go
// through a relay, which writes it down.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { connect, createServer as createRelay } from 'node:net';
import { Tape } from '../../fixtures/make/tape.mjs';

const [, , version, savefile, keyLog] = process.argv;
const [cert, key] = ['cert', 'key'].map((name) => readFileSync(new URL(`tls/${name}.pem`, import.meta.url)));
const keys = [];
const said = [];

const server = createServer({ cert, key, minVersion: version, maxVersion: version }, (asked, answer) => {
  asked.resume().on('end', () => answer.end(`answer to ${asked.url}`));
});
server.on('keylog', (line) => keys.push(line));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const relay = createRelay((client) => {
  const upstream = connect(server.address().port, '127.0.0.1');
  client.on('data', (bytes) => {
    said.push(['client', bytes]);
    upstream.write(bytes);
  });
  upstream.on('data', (bytes) => {
    said.push(['server', bytes]);
    client.write(bytes);
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
});
relay.listen(0, '127.0.0.1');
await once(relay, 'listening');

for (const body of ['hunter2-one', 'x'.repeat(100_000)]) {
  const options = { agent: false, rejectUnauthorized: false, servername: 'shop.test', method: 'POST', path: '/secret' };
  const asked = request({ host: '127.0.0.1', port: relay.address().port, ...options }).end(body);
  const [answer] = await once(asked, 'response');
  await once(answer.resume(), 'end');
  said.push(undefined);
}
relay.close();
server.close();

const tape = new Tape({});
let number = 0;
let connection;
for (const part of said) {
  connection ??= tape.connection({ client: `192.0.2.11:${40_000 + number++}` }).open();
  if (part === undefined) {
    connection.close();
    connection = undefined;
    continue;
  }
  const [side, bytes] = part;
  for (let at = 0; at < bytes.length; at += 1400) {
    connection.put(connection.write(side, bytes.subarray(at, at + 1400)));
  }
}
writeFileSync(savefile, tape.toSavefile());
writeFileSync(keyLog, Buffer.concat(keys));
process.exit();
