// Docker's proxy in user space for a published port: node forward.mjs PORT ADDRESS PORT.
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';

const [from, address, to] = process.argv.slice(2);
createServer((client) => {
  const server = connect(Number(to), address);
  pipeline(client, server, client, () => {});
}).listen(Number(from), '0.0.0.0');
