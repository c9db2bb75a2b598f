// Logs each exchange to the console: `node console.mjs 8080 [eth0]`. Ctrl-C ends it.
import { createSniffer } from 'tcp-sniffer';

const [port = '8080', name = ''] = process.argv.slice(2);
const sniffer = createSniffer({ ports: [Number(port)], interface: name, logLevel: 'warn' });

sniffer.on('message', ({ timestamp, direction, request, statusCode, latencyMs, destination }) => {
  // A response whose request was seen brings its method and path; others say nothing here.
  if (direction !== 'response' || request === undefined) return;
  console.log(`${timestamp} ${destination.ip} ${request.method} ${request.path} ${statusCode} ${latencyMs} ms`);
});
sniffer.on('error', (error) => {
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
});

await sniffer.start();
process.once('SIGINT', () => sniffer.stop());
