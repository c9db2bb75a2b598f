// A plain reverse proxy in a process of its own: `forwarder.mjs PORT` hands every request on to that port, fields and all.
import { createServer, request } from 'node:http';

const [port] = process.argv.slice(2).map(Number);
const server = createServer((incoming, outgoing) => {
  const { method, url: path, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(onward);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
