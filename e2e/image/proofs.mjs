// Proofs about the pods. In: the place (a cluster or podman), the
// shop's pod with its sidecar, the collector's pod.
import assert from 'node:assert/strict';
import { until } from './cluster.mjs';
import { astray as astrayPod, broken, CAPABILITIES, CLIENT, HTTP_PORT, HTTPS_PORT, NAMESPACE } from './objects.mjs';

export const SIDECAR = 'tcp-sniffer';
/** NET_ADMIN and NET_RAW, capabilities(7). */
const CAPTURE_RIGHTS = (1n << 12n) | (1n << 13n);
const DRAINED_REQUESTS = 200;

const linesOf = (text) => text.split('\n').filter((line) => line !== '');
export const parsed = (text) => linesOf(text).map((line) => JSON.parse(line));
export const isMessage = (line) => 'direction' in line && 'receiver' in line && 'id' in line;
const sidecarLines = ({ place }) => parsed(place.logs(NAMESPACE, 'shop', SIDECAR));
const collected = ({ place }) =>
  parsed(place.logs(NAMESPACE, 'collector', 'collector')).filter((line) => line.message !== undefined);
export const send = ({ place }, requests) =>
  place.node(NAMESPACE, 'collector', 'collector', CLIENT, JSON.stringify(requests));

/** The parts of a message that are known beforehand. */
export const known = ({ direction, method, path, statusCode, request, receiver, destination }) =>
  JSON.parse(JSON.stringify({ direction, method, path, statusCode, request, receiver, destination }));

export async function messages(pods, token) {
  const ip = pods.shop.status.podIP;
  const start = await until('the sidecar has started', 30, () => sidecarLines(pods)[0]);
  assert.equal(start.message, 'capture started');
  const { interface: name, loopback, ports, pod, namespace, node, version } = start;
  assert.deepEqual(
    { name, loopback, ports, pod, namespace, node },
    {
      name: 'eth0',
      loopback: false,
      ports: [HTTP_PORT, HTTPS_PORT],
      pod: 'shop',
      namespace: NAMESPACE,
      node: pods.shop.spec.nodeName,
    },
    'placement, interface and ports are in the first line',
  );
  assert.match(version, /^\d+\.\d+\.\d+/);

  const wanted = [
    ['GET', '/hello?x=1', 200],
    ['POST', '/orders', 201],
    ['GET', '/missing', 404],
    ['DELETE', '/orders/7', 200],
  ];
  const { local, statuses } = send(
    pods,
    wanted.map(([method, path]) => [method, `http://${ip}:${HTTP_PORT}${path}`]),
  );
  assert.deepEqual(
    statuses,
    wanted.map(([, , status]) => status),
    'the server answers as without a sniffer',
  );
  const sides = { receiver: { ip, port: HTTP_PORT }, destination: local };
  const expected = wanted.flatMap(([method, path, statusCode]) => [
    { direction: 'request', method, path, ...sides },
    { direction: 'response', statusCode, request: { method, path }, ...sides },
  ]);
  const inLog = await until('all messages are in the log', 20, () =>
    enough(sidecarLines(pods).filter(isMessage), expected),
  );
  assert.deepEqual(inLog.map(known), expected);
  const posted = await until('all messages are at the collector', 20, () => enough(collected(pods), expected));
  assert.deepEqual(sorted(posted.map(({ message }) => message)), sorted(inLog), 'both outputs have the same');
  for (const { authorization } of posted) assert.equal(authorization, `Bearer ${token}`);

  await notHttp(pods, ip);
  const text = JSON.stringify(sidecarLines(pods));
  assert.ok(!text.includes(token), 'the token is in no log');
}

export const enough = (list, expected) => (list.length >= expected.length ? list : undefined);
const sorted = (list) => list.map((message) => JSON.stringify(message)).sort();

/** TLS on a watched port: said once, and no message. */
async function notHttp(pods, ip) {
  const before = sidecarLines(pods).filter(isMessage).length;
  const urls = Array.from({ length: 3 }, (_, i) => ['GET', `https://${ip}:${HTTPS_PORT}/secret/${i}`]);
  const { local, statuses } = send(pods, urls);
  assert.deepEqual(statuses, [200, 200, 200]);
  const isSaid = ({ receiver, message }) => receiver === `${ip}:${HTTPS_PORT}` && /TLS and not read/.test(message);
  await until('TLS is said not to be read', 20, () => sidecarLines(pods).find(isSaid));
  // Three requests went over the one connection; what would be said of the later requests has been said by then.
  send(pods, [['GET', `http://${ip}:${HTTP_PORT}/after`]]);
  await until('what came after', 20, () => sidecarLines(pods).find(({ path }) => path === '/after'));
  const said = sidecarLines(pods).filter(isSaid);
  const destination = `${local.ip}:${local.port}`;
  assert.deepEqual(
    said.map((line) => [line.destination, line.protocol]),
    [[destination, 'tls']],
  );
  const after = sidecarLines(pods).filter(isMessage);
  assert.ok(
    after.slice(before).every(({ receiver }) => receiver.port === HTTP_PORT),
    'no message from TLS',
  );
}

export function capabilities({ place }) {
  const { command, user, sets } = place.node(NAMESPACE, 'shop', SIDECAR, CAPABILITIES);
  assert.equal(command[0], 'node', 'the launcher has become node, with process id 1');
  assert.equal(user, '65532');
  assert.ok(sets.length >= 4);
  for (const set of sets) assert.equal(BigInt(`0x${set}`) & CAPTURE_RIGHTS, 0n, sets.join(' '));
}

/**
 * The pod is gone afterwards. False if how the sidecar ended is lost: a kubelet may remove the containers of a deleted pod before it
 * has looked at how they ended.
 */
export async function drain(pods, token) {
  const { place, shop } = pods;
  const before = collected(pods).length;
  const url = (i) => `http://${shop.status.podIP}:${HTTP_PORT}/drain/${i}`;
  const { statuses } = send(
    pods,
    Array.from({ length: DRAINED_REQUESTS }, (_, i) => ['GET', url(i)]),
  );
  assert.equal(statuses.length, DRAINED_REQUESTS);
  place.delete('shop', NAMESPACE);
  // A busy node tells late: when it ended, and how, is what counts.
  const { state, isLost, asked } = await until('the sidecar has ended', 150, () => {
    const { metadata, status } = place.get('pod', 'shop', NAMESPACE);
    const statuses = [...status.containerStatuses, ...(status.initContainerStatuses ?? [])];
    const { state, lastState } = statuses.find(({ name }) => name === SIDECAR) ?? {};
    const isLost = lastState?.terminated?.reason === 'ContainerStatusUnknown';
    const { deletionTimestamp: asked } = metadata;
    if (!state?.terminated && !isLost) throw new Error(`its pod: ${JSON.stringify({ asked, status })}`);
    return { state: state.terminated, isLost, asked };
  });
  if (!isLost) {
    assert.equal(state.exitCode, 0, JSON.stringify(state));
    assert.equal(state.reason, 'Completed');
    // deletionTimestamp is when the grace period is over.
    assert.ok(Date.parse(state.finishedAt) <= Date.parse(asked), JSON.stringify({ ...state, asked }));
  }
  place.letGo('shop', NAMESPACE);

  const rest = collected(pods).slice(before);
  const drained = rest.filter(({ message }) => /^\/drain\//.test(message.path ?? message.request?.path ?? ''));
  assert.equal(drained.length, 2 * DRAINED_REQUESTS, 'every request and response of before is at the collector');
  for (const { authorization } of drained) assert.equal(authorization, `Bearer ${token}`);
  return !isLost;
}

/** It says what is wrong, goes on running, and the pod is as ready as without it. */
export async function astray({ place, ready, image }) {
  await place.apply(astrayPod(image));
  await ready('astray');
  const [line] = await until('the sidecar says what is wrong', 20, () =>
    enough(parsed(place.logs(NAMESPACE, 'astray', SIDECAR)), [1]),
  );
  assert.equal(line.level, 'error');
  assert.equal(line.code, 'INVALID_INTERFACE');
  const { containerStatuses, initContainerStatuses = [] } = (await ready('astray')).status;
  const { state } = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === SIDECAR);
  assert.ok(state.running, JSON.stringify(state));
}

const WRONG = [
  { name: 'without-net-raw', env: {}, capabilities: {}, exitCode: 2, code: 'CAPTURE_OPEN_FAILED', words: /NET_RAW/ },
  {
    name: 'wrong-interface',
    env: { INTERFACE: 'nope0' },
    capabilities: { add: ['NET_RAW'] },
    exitCode: 2,
    code: 'INVALID_INTERFACE',
    words: /no interface named 'nope0'; there are: .*eth0/,
  },
  {
    name: 'plain-http',
    env: { OUTPUT_URL: 'http://collector.e2e/' },
    capabilities: { add: ['NET_RAW'] },
    exitCode: 1,
    code: 'INVALID_CONFIG',
    words: /https/,
  },
];

export async function failures(place, image) {
  for (const { name, env, capabilities: granted } of WRONG) await place.apply(broken(name, image, env, granted));
  for (const { name, exitCode, code, words } of WRONG) {
    const state = await until(`${name} has ended`, 60, () => {
      const { containerStatuses = [] } = place.get('pod', name, NAMESPACE).status;
      return containerStatuses[0]?.state.terminated;
    });
    const lines = parsed(place.logs(NAMESPACE, name, SIDECAR));
    assert.equal(lines.length, 1, `${name}: ${JSON.stringify(lines)}`);
    assert.equal(state.exitCode, exitCode, name);
    assert.equal(lines[0].level, 'error');
    assert.equal(lines[0].code, code);
    assert.match(lines[0].message, words);
  }
}
