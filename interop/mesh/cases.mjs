// The network, who asks whom in it, and what each watcher is to see of that: the table in docs/deployment.md, as data.

export const SUBNET = '10.77.0.0/24';
export const BRIDGE = 'br0';
const [CLIENT, SERVER, APART, TRANSPARENT, AMBIENT, ASKING] = [2, 3, 4, 5, 6, 7].map((last) => `10.77.0.${last}`);
/** The node's own addresses: towards its pods, and towards the outside. */
const [INSIDE, OUTSIDE] = ['10.77.0.1', '10.78.0.1'];
export const ABROAD = '10.78.0.2';
/** Cluster IPs, which no host has: of the server's ports in the mesh, and of a server on the node. */
const [SERVICE, NODE_SERVICE] = ['10.96.0.3', '10.96.0.10'];
/** Where Istio's proxy hands requests on from. */
const PROXY = '127.0.0.6';

export const NODE = { name: 'node', ip: INSIDE };
/** `device` is the node's end of the wire of a host. */
export const HOSTS = [
  { name: 'client', ip: CLIENT, device: 'pod-client', gateway: INSIDE },
  { name: 'server', ip: SERVER, device: 'pod-server', gateway: INSIDE },
  { name: 'apart', ip: APART, device: 'pod-apart', gateway: INSIDE },
  { name: 'transparent', ip: TRANSPARENT, device: 'pod-tproxy', gateway: INSIDE },
  { name: 'ambient', ip: AMBIENT, device: 'pod-ambient', gateway: INSIDE },
  { name: 'asking', ip: ASKING, device: 'pod-asking', gateway: INSIDE },
  { name: 'abroad', ip: ABROAD, device: 'outside', gateway: OUTSIDE },
];

/** Applications: on whose network, and their ports. */
export const APPS = [
  { on: 'server', ports: ['8080', '8081/h2c', '8082', '8083', '8084'] },
  { on: 'apart', ports: ['8090', '8091/h2c'] },
  { on: 'transparent', ports: ['8085'] },
  { on: 'ambient', ports: ['8086'] },
  { on: 'node', ports: ['8095'] },
];

const SERVED = [
  // A port named http: HTTP/1.1 all the way.
  { port: 8080, toApp: 'h1', between: 'h1' },
  // A port named http2 or grpc: HTTP/2 all the way.
  { port: 8081, toApp: 'h2', between: 'h2' },
  // HTTP/2 between the proxies alone.
  { port: 8082, toApp: 'h1', between: 'h2' },
  // Mutual TLS is off (DISABLE).
  { port: 8084, toApp: 'h1', between: 'h1', isPlain: true },
];
const ASKED = [
  ...SERVED.map(({ port, between, isPlain }) => ({ port, between, isPlain, endpoint: SERVER })),
  { port: 8085, between: 'h1', endpoint: TRANSPARENT },
];
/** `excluded` are ports that an annotation of the pod leaves out. */
export const PROXIES = [
  { on: 'client', mode: 'REDIRECT', served: [], asked: ASKED },
  { on: 'server', mode: 'REDIRECT', served: SERVED, asked: ASKED, excluded: [8083] },
  { on: 'transparent', mode: 'TPROXY', served: [{ port: 8085, toApp: 'h1' }], asked: [] },
  { on: 'ambient', mode: 'ambient', served: [], asked: [] },
  { on: 'asking', mode: 'ambient', served: [], asked: [{ port: 8086, endpoint: AMBIENT }] },
];

/** Docker's: DNAT of two ports of the host, and the proxy in user space of another host. */
const CONTAINER = { ip: APART, port: 8090 };
export const PUBLISHED = [
  [18_090, CONTAINER],
  [8090, CONTAINER],
];
export const USERLAND = [18_091, CONTAINER];
export const CLUSTER_IP = [
  { ip: NODE_SERVICE, port: 80 },
  { ip: INSIDE, port: 8095 },
];

const container = (name, ...ports) => ({ name, ports: ports.map((containerPort) => ({ containerPort })) });
const pod = (annotations, ...containers) => ({
  metadata: { labels: { 'tcp-sniffer/inject': 'true' }, annotations },
  spec: { containers },
});
const istioProxy = container('istio-proxy', 15_090);
const server = container('app', 8080, 8081, 8082, 8084);
const client = container('app', 8070);
/** The servers that the client's application asks. */
const OF_SERVERS = { 'tcp-sniffer/ports': '8080-8085,8090,8091' };

/**
 * Who watches. In a pod the injector decides where, and which ports; `chosen` is what that is to be. On the node they are given.
 */
export const WATCHERS = [
  { name: 'server, lo', on: 'server', pod: pod({}, server, istioProxy), chosen: ['lo', '8080,8081,8082,8084'] },
  {
    name: 'server, any',
    on: 'server',
    pod: pod({ 'tcp-sniffer/interface': 'any', 'tcp-sniffer/ports': '8080-8084' }, server, istioProxy),
    chosen: ['any', '8080-8084'],
  },
  {
    name: 'server, eth0',
    on: 'server',
    pod: pod({ 'tcp-sniffer/interface': 'eth0', 'tcp-sniffer/ports': '8080-8084' }, server, istioProxy),
    chosen: ['eth0', '8080-8084'],
  },
  { name: 'server, eth0, keys', on: 'server', chosen: ['eth0', '8080-8084'], keysOf: 'server' },
  {
    name: 'client, lo',
    on: 'client',
    pod: pod(OF_SERVERS, client, istioProxy),
    chosen: ['lo', '8080-8085,8090,8091'],
  },
  {
    name: 'client, any',
    on: 'client',
    pod: pod({ ...OF_SERVERS, 'tcp-sniffer/interface': 'any' }, client, istioProxy),
    chosen: ['any', '8080-8085,8090,8091'],
  },
  {
    name: 'transparent, lo',
    on: 'transparent',
    pod: pod({}, container('app', 8085), istioProxy),
    chosen: ['lo', '8085'],
  },
  { name: 'transparent, any', on: 'transparent', chosen: ['any', '8085'] },
  // Ambient has no container in the pod that the injector could know the mesh by.
  { name: 'ambient, lo', on: 'ambient', chosen: ['lo', '8086'] },
  { name: 'ambient, any', on: 'ambient', chosen: ['any', '8086'] },
  { name: 'asking, lo', on: 'asking', chosen: ['lo', '8086,8090'] },
  { name: 'asking, any', on: 'asking', chosen: ['any', '8086,8090'] },
  { name: 'node, any', on: 'node', chosen: ['any', '18090,18091,8090'] },
  { name: 'node, any, one port', on: 'node', chosen: ['any', '8090'] },
  { name: 'node, bridge', on: 'node', chosen: [BRIDGE, '8090'] },
  { name: 'node, bridge, both ports', on: 'node', chosen: [BRIDGE, '18090,8090'] },
  { name: 'node, cluster IP', on: 'node', chosen: ['lo', '80,8095'] },
];

/** A connection that is seen: whose client is at `from`; `version` is that of HTTP. */
const leg = (from, to, version = '1.1') => ({ from, to, version });
/** Whose answers come from another address than its requests go to. */
const split = (...words) => ({ ...leg(...words), isSplit: true });
/** Whose two sides of NAT are both seen, the client's address being the same: the log says so. */
const copied = (...legs) => legs.map((one, index) => ({ ...one, isCopied: index === 0 }));

const HOLDS_MS = [0, 40, 0, 15];
/** In how many ms the application answers each exchange of a case. */
const asked = (name, by, url, seen, more) => ({ name, by, url, h2c: false, holds: HOLDS_MS, seen, ...more });
const h2c = { h2c: true };

/** `outside` is what the client speaks, `between` the proxies, `inside` the application. */
const viaProxies = (port, [outside, between, inside]) => ({
  'client, lo': [split(CLIENT, `${SERVER}:${port}`, outside)],
  'client, any': [split(CLIENT, `${SERVER}:${port}`, outside)],
  'server, lo': [leg(PROXY, `${SERVER}:${port}`, inside)],
  'server, any': [leg(PROXY, `${SERVER}:${port}`, inside)],
  'server, eth0, keys': [leg(CLIENT, `${SERVER}:${port}`, between)],
});
const onEth0 = (one) => ({ 'server, eth0': [one], 'server, eth0, keys': [one] });
const permissive = (port, version) => ({
  'server, lo': [leg(PROXY, `${SERVER}:${port}`, version)],
  ...onEth0(leg(APART, `${SERVER}:${port}`, version)),
  'server, any': [leg(APART, `${SERVER}:${port}`, version), leg(PROXY, `${SERVER}:${port}`, version)],
});
const passedThrough = (port, version) => ({
  'client, lo': [split(CLIENT, `${APART}:${port}`, version)],
  'client, any': [split(CLIENT, `${APART}:${port}`, version), leg(CLIENT, `${APART}:${port}`, version)],
});
const onLoopback = (one) => ({ 'server, lo': [one], 'server, any': [one] });
const CONTAINERS = `${APART}:8090`;

export const CASES = [
  asked('mtls', 'client', `http://${SERVER}:8080`, viaProxies(8080, ['1.1', '1.1', '1.1'])),
  asked('mtls-h2', 'client', `http://${SERVER}:8082`, viaProxies(8082, ['1.1', '2.0', '1.1'])),
  asked('mtls-h2c', 'client', `http://${SERVER}:8081`, viaProxies(8081, ['2.0', '2.0', '2.0']), h2c),
  asked('plain', 'apart', `http://${SERVER}:8080`, permissive(8080, '1.1')),
  asked('plain-h2c', 'apart', `http://${SERVER}:8081`, permissive(8081, '2.0'), h2c),
  asked('excluded', 'apart', `http://${SERVER}:8083`, {
    ...onEth0(leg(APART, `${SERVER}:8083`)),
    'server, any': [leg(APART, `${SERVER}:8083`)],
  }),
  asked('passed', 'client', `http://${APART}:8090`, {
    ...passedThrough(8090, '1.1'),
    'node, any': [leg(CLIENT, CONTAINERS)],
    // Not on the bridge: it passes on what its own host is no end of by its ports.
    'node, any, one port': [leg(CLIENT, CONTAINERS)],
  }),
  asked('passed-h2c', 'client', `http://${APART}:8091`, passedThrough(8091, '2.0'), h2c),
  // The pod asks its own service: by both of its proxy's ways.
  asked(
    'mesh-hairpin',
    'server',
    `http://${SERVICE}:8080`,
    {
      'server, lo': [split(SERVER, `${SERVICE}:8080`), leg(PROXY, `${SERVER}:8080`)],
      'server, any': [split(SERVER, `${SERVICE}:8080`), leg(PROXY, `${SERVER}:8080`)],
    },
    // The proxy's TLS to itself, of which nothing is read.
    { besides: { 'server, lo': 1, 'server, any': 1 } },
  ),
  asked('mesh-plain', 'client', `http://${SERVER}:8084`, {
    'client, lo': [split(CLIENT, `${SERVER}:8084`)],
    'client, any': [split(CLIENT, `${SERVER}:8084`), leg(CLIENT, `${SERVER}:8084`)],
    ...onEth0(leg(CLIENT, `${SERVER}:8084`)),
    'server, lo': [leg(PROXY, `${SERVER}:8084`)],
    'server, any': [leg(CLIENT, `${SERVER}:8084`), leg(PROXY, `${SERVER}:8084`)],
  }),
  asked('mesh-hairpin-plain', 'server', `http://${SERVICE}:8084`, {
    'server, lo': [split(SERVER, `${SERVICE}:8084`), split(SERVER, `${SERVER}:8084`), leg(PROXY, `${SERVER}:8084`)],
    'server, any': [split(SERVER, `${SERVICE}:8084`), split(SERVER, `${SERVER}:8084`), leg(PROXY, `${SERVER}:8084`)],
  }),
  // As a probe of the application's own, or a probe that uses the pod's address: by no proxy.
  asked('localhost', 'server', 'http://127.0.0.1:8080', onLoopback(leg('127.0.0.1', '127.0.0.1:8080'))),
  asked('own-address', 'server', `http://${SERVER}:8082`, onLoopback(leg(SERVER, `${SERVER}:8082`))),
  asked('tproxy-mtls', 'client', `http://${TRANSPARENT}:8085`, {
    'client, lo': [split(CLIENT, `${TRANSPARENT}:8085`)],
    'client, any': [split(CLIENT, `${TRANSPARENT}:8085`)],
    'transparent, lo': [leg(CLIENT, `${TRANSPARENT}:8085`)],
    'transparent, any': [leg(CLIENT, `${TRANSPARENT}:8085`)],
  }),
  asked('tproxy-plain', 'apart', `http://${TRANSPARENT}:8085`, {
    'transparent, lo': [leg(APART, `${TRANSPARENT}:8085`)],
    'transparent, any': [leg(APART, `${TRANSPARENT}:8085`), leg(APART, `${TRANSPARENT}:8085`)],
  }),
  asked('hbone', 'asking', `http://${AMBIENT}:8086`, {
    'ambient, lo': [leg(ASKING, `${AMBIENT}:8086`)],
    'ambient, any': [leg(ASKING, `${AMBIENT}:8086`)],
    'asking, lo': [split(ASKING, `${AMBIENT}:8086`)],
    'asking, any': [split(ASKING, `${AMBIENT}:8086`)],
  }),
  asked('ambient-plain', 'apart', `http://${AMBIENT}:8086`, {
    'ambient, lo': [leg(APART, `${AMBIENT}:8086`)],
    'ambient, any': [leg(APART, `${AMBIENT}:8086`), leg(APART, `${AMBIENT}:8086`)],
  }),
  asked('ambient-passed', 'asking', `http://${APART}:8090`, {
    'asking, lo': [split(ASKING, CONTAINERS)],
    'asking, any': [split(ASKING, CONTAINERS), leg(ASKING, CONTAINERS)],
    'node, any': [leg(ASKING, CONTAINERS)],
    'node, any, one port': [leg(ASKING, CONTAINERS)],
  }),
  asked('published', 'abroad', `http://${OUTSIDE}:18090`, {
    'node, any': copied(leg(ABROAD, `${OUTSIDE}:18090`), leg(ABROAD, CONTAINERS)),
    'node, any, one port': [leg(ABROAD, CONTAINERS)],
    'node, bridge': [leg(ABROAD, CONTAINERS)],
    'node, bridge, both ports': [leg(ABROAD, CONTAINERS)],
  }),
  asked('published-same', 'abroad', `http://${OUTSIDE}:8090`, {
    'node, any': copied(leg(ABROAD, `${OUTSIDE}:8090`), leg(ABROAD, CONTAINERS)),
    'node, any, one port': copied(leg(ABROAD, `${OUTSIDE}:8090`), leg(ABROAD, CONTAINERS)),
    'node, bridge': [leg(ABROAD, CONTAINERS)],
    'node, bridge, both ports': [leg(ABROAD, CONTAINERS)],
  }),
  asked('published-hairpin', 'apart', `http://${OUTSIDE}:18090`, {
    'node, any': [leg(APART, `${OUTSIDE}:18090`), leg(INSIDE, CONTAINERS)],
    'node, any, one port': [leg(INSIDE, CONTAINERS)],
    'node, bridge': [leg(INSIDE, CONTAINERS)],
    'node, bridge, both ports': [leg(APART, `${OUTSIDE}:18090`), leg(INSIDE, CONTAINERS)],
  }),
  asked('userland', 'abroad', `http://${OUTSIDE}:18091`, {
    'node, any': [leg(ABROAD, `${OUTSIDE}:18091`), leg(INSIDE, CONTAINERS)],
    'node, any, one port': [leg(INSIDE, CONTAINERS)],
    'node, bridge': [leg(INSIDE, CONTAINERS)],
    'node, bridge, both ports': [leg(INSIDE, CONTAINERS)],
  }),
  asked('cluster-ip', 'node', `http://${NODE_SERVICE}:80`, {
    'node, cluster IP': [split(OUTSIDE, `${NODE_SERVICE}:80`)],
  }),
];
