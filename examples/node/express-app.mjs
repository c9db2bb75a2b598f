// An Express app that watches itself: `node express-app.mjs`, then `curl localhost:3000/hello` and `curl localhost:3000/traffic`.
// Nothing is put into the app's routes: what /traffic shows was seen on the wire, with the bodies and the time each took.
// PORT and INTERFACE change where; where nothing may be captured, the app runs all the same.
import express from 'express';
import { createSniffer } from 'tcp-sniffer';

const port = Number(process.env.PORT ?? 3000);
const KEPT = 100;

const app = express();
app.use(express.json());
app.get('/hello', (_, response) => {
  response.send('Hello, world!\n');
});
app.post('/orders', (request, response) => {
  response.status(201).json({ order: 1, ...request.body });
});

const recent = [];
app.get('/traffic', (_, response) => {
  response.json(recent);
});

const sniffer = createSniffer({
  ports: [port],
  interface: process.env.INTERFACE ?? 'lo',
  logLevel: 'warn',
  // Else each look at the traffic would be traffic.
  exclude: [{ path: '/traffic' }],
  onHttpMessage: ({ timestamp, direction, request, statusCode, latencyMs, body }) => {
    if (direction !== 'response' || request === undefined) return;
    recent.push({ timestamp, ...request, statusCode, latencyMs, body });
    if (recent.length > KEPT) recent.shift();
  },
});

await sniffer.start().catch(({ message }) => console.error(`not watched: ${message}`));
const server = app.listen(port, () => console.log(`http://localhost:${port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.close(() => sniffer.stop()));
}
