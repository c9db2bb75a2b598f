// node savefile.mjs FILE PORT: its messages, a line each.
import { createSniffer } from 'tcp-sniffer';

const [pcapFile, port] = process.argv.slice(2);
const sniffer = createSniffer({ ports: [Number(port)], pcapFile, logLevel: 'warn' });
sniffer.on('message', ({ direction, method, path, statusCode }) =>
  console.log(direction, method ?? statusCode, path ?? ''),
);
sniffer.on('error', (error) => console.error(error.code, error.message));
await sniffer.start();
