// The proof that a sidecar reads TLS with the keys that the pod's containers log for it.
import assert from 'node:assert/strict';
import { until } from './cluster.mjs';
import { COLLECTOR_PORT, HTTPS_PORT, NAMESPACE, OUTBOUND_PATH, SECURE_UID, secure } from './objects.mjs';
import { enough, isMessage, known, parsed, SIDECAR, send } from './proofs.mjs';

const UID = 'console.log(process.getuid())';

/** A Node application of another user: its HTTPS server and what it fetches over HTTPS are both read with its own keys. */
export async function readsTls(pods, image, ready) {
  const { place, collector } = pods;
  await place.apply(secure(image, collector.status.podIP));
  const { status } = await ready('secure');
  const ip = status.podIP;
  await until('the sidecar has started', 30, () => lines(place).find(({ message }) => message === 'capture started'));
  assert.equal(place.node(NAMESPACE, 'secure', 'secure', UID), SECURE_UID);
  assert.notEqual(place.node(NAMESPACE, 'secure', SIDECAR, UID), SECURE_UID);

  const url = (path) => `https://${ip}:${HTTPS_PORT}${path}`;
  const { local, statuses } = send(pods, [
    ['GET', url('/hello?x=1')],
    ['POST', url(OUTBOUND_PATH)],
  ]);
  assert.deepEqual(statuses, [200, 200]);
  const served = { receiver: { ip, port: HTTPS_PORT }, destination: local };
  const inbound = [
    { direction: 'request', method: 'GET', path: '/hello?x=1', ...served },
    { direction: 'response', statusCode: 200, request: { method: 'GET', path: '/hello?x=1' }, ...served },
    { direction: 'request', method: 'POST', path: OUTBOUND_PATH, ...served },
    { direction: 'response', statusCode: 200, request: { method: 'POST', path: OUTBOUND_PATH }, ...served },
  ];
  const messages = await until('both sides of both connections are in the log', 60, () =>
    enough(lines(place).filter(isMessage), { length: inbound.length + 2 }),
  );
  const of = (port) => messages.filter(({ receiver }) => receiver.port === port);
  assert.deepEqual(of(HTTPS_PORT).map(known), inbound);
  const outbound = of(COLLECTOR_PORT);
  assert.deepEqual(
    outbound.map(({ direction, method, path, statusCode, receiver }) => [
      ...[direction, method ?? statusCode, path],
      receiver.ip,
    ]),
    [
      ['request', 'PUT', '/from-the-application', collector.status.podIP],
      ['response', 200, undefined, collector.status.podIP],
    ],
  );
  assert.equal(outbound[0].body, '{"by":"fetch"}');
  for (const { tls } of messages) assert.match(tls?.version ?? '', /^1\.[23]$/);
}

const lines = (place) => parsed(place.logs(NAMESPACE, 'secure', SIDECAR));
