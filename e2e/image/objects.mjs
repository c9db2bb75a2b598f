// The objects that are put into the cluster. Servers and the client run on the image's own Node: there is nothing else to pull.
import { randomBytes } from 'node:crypto';

/** A new one each time. */
export const NAMESPACE = `tcp-sniffer-e2e-${randomBytes(3).toString('hex')}`;
export const COLLECTOR_HOST = 'collector.e2e';
export const COLLECTOR_PORT = 9443;
export const HTTP_PORT = 8080;
export const HTTPS_PORT = 8443;
/** Holds a pod's object after its containers have ended, so that how they ended can be read. */
const HOLD = 'tcp-sniffer.io/e2e';

/** A request there ends the server that was not prepared. */
export const END_PATH = '/end';

/** A server that was not prepared. */
const SERVER = `
const { createServer } = require('node:http');
const answer = (request, response) => {
  if (request.url === '${END_PATH}') response.on('close', () => process.exit(0));
  request.resume();
  request.on('end', () => {
    response.statusCode = request.url.startsWith('/missing') ? 404 : request.method === 'POST' ? 201 : 200;
    response.end('answer to ' + request.url);
  });
};
createServer(answer).listen(${HTTP_PORT});
const { readFileSync } = require('node:fs');
const tls = { key: readFileSync('/tls/tls.key'), cert: readFileSync('/tls/tls.crt') };
require('node:https').createServer(tls, answer).listen(${HTTPS_PORT});
process.on('SIGTERM', () => process.exit(0));`;

/** Takes POSTs over https and prints one line for each. */
const COLLECTOR = `
const { readFileSync } = require('node:fs');
const tls = { key: readFileSync('/tls/tls.key'), cert: readFileSync('/tls/tls.crt') };
require('node:https').createServer(tls, (request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
    console.log(JSON.stringify({ authorization: request.headers.authorization, message: JSON.parse(body) }));
    response.end();
  });
}).listen(${COLLECTOR_PORT}, () => console.log('"listening"'));
process.on('SIGTERM', () => process.exit(0));`;

/** The user of an application that is not the sidecar's. */
export const SECURE_UID = 1000;
/** A request there makes the application fetch something from the collector. */
export const OUTBOUND_PATH = '/outbound';

/** An HTTPS server that is a client of another server, too; it knows of no key log. */
const SECURE = `
const { readFileSync } = require('node:fs');
const tls = { key: readFileSync('/tls/tls.key'), cert: readFileSync('/tls/tls.crt') };
require('node:https').createServer(tls, async (request, response) => {
  request.resume();
  try {
    if (request.url === '${OUTBOUND_PATH}') {
      const answer = await fetch('https://${COLLECTOR_HOST}:${COLLECTOR_PORT}/from-the-application', {
        method: 'PUT', body: JSON.stringify({ by: 'fetch' }),
      });
      await answer.text();
    }
    response.end('answer to ' + request.url);
  } catch (error) {
    console.error(error);
    response.writeHead(502).end();
  }
}).listen(${HTTPS_PORT});
process.on('SIGTERM', () => process.exit(0));`;

/** Sends [method, url] pairs one after the other on one connection; prints its own address and the statuses. */
export const CLIENT = `
const [wanted] = process.argv.slice(-1).map(JSON.parse);
const modules = { 'http:': require('node:http'), 'https:': require('node:https') };
const agents = {};
let local;
const send = ([method, url]) => new Promise((resolve, reject) => {
  const { protocol } = new URL(url);
  agents[protocol] ??= new modules[protocol].Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const request = modules[protocol].request(url, { method, agent: agents[protocol] }, (response) => {
    local = { ip: response.socket.localAddress.replace('::ffff:', ''), port: response.socket.localPort };
    response.resume().on('end', () => resolve(response.statusCode));
  });
  request.on('error', reject);
  request.end(method === 'POST' ? 'a body' : undefined);
});
(async () => {
  const statuses = [];
  for (const one of wanted) statuses.push(await send(one));
  console.log(JSON.stringify({ local, statuses }));
  process.exit(0);
})();`;

/** The capability sets of every thread of the container's first process, and whose it is. */
export const CAPABILITIES = `
const { readdirSync, readFileSync } = require('node:fs');
const threads = readdirSync('/proc/1/task').map((thread) => readFileSync('/proc/1/task/' + thread + '/status', 'utf8'));
const field = (status, name) => new RegExp('^' + name + ':\\\\s*(\\\\w+)', 'm').exec(status)[1];
console.log(JSON.stringify({
  command: readFileSync('/proc/1/cmdline', 'utf8').split('\\0'),
  user: field(threads[0], 'Uid'),
  sets: threads.flatMap((status) => ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => field(status, name))),
}));`;

const UNPRIVILEGED = {
  runAsNonRoot: true,
  runAsUser: 65532,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const metadata = (name, more = {}) => ({ name, namespace: NAMESPACE, ...more });
const tls = { name: 'tls', secret: { secretName: 'collector-tls' } };

function container(name, image, script, ports) {
  return {
    name,
    image,
    imagePullPolicy: 'IfNotPresent',
    // podman 4 cannot read back what begins with a line break.
    command: ['node', '-e', script.trim()],
    ports: ports.map((containerPort) => ({ containerPort })),
    volumeMounts: [{ name: 'tls', mountPath: '/tls', readOnly: true }],
    readinessProbe: { tcpSocket: { port: ports[0] }, periodSeconds: 1 },
  };
}

const pod = (meta, spec) => ({ apiVersion: 'v1', kind: 'Pod', metadata: meta, spec });

export const secret = (name, data) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: metadata(name),
  stringData: data,
});

export const collector = (image) =>
  pod(metadata('collector'), {
    containers: [container('collector', image, COLLECTOR, [COLLECTOR_PORT])],
    volumes: [tls],
    automountServiceAccountToken: false,
  });

/** Nothing in it knows of a sniffer but the label and the annotations. */
export const shop = (image, collectorIp) =>
  pod(
    metadata('shop', {
      labels: { 'tcp-sniffer/inject': 'true' },
      annotations: {
        'tcp-sniffer/output-url': `https://${COLLECTOR_HOST}:${COLLECTOR_PORT}/messages`,
        'tcp-sniffer/auth-secret': 'collector-token/token',
        'tcp-sniffer/output-stdout': 'true',
      },
      finalizers: [HOLD],
    }),
    {
      containers: [container('shop', image, SERVER, [HTTP_PORT, HTTPS_PORT])],
      hostAliases: [{ ip: collectorIp, hostnames: [COLLECTOR_HOST] }],
      volumes: [tls],
      automountServiceAccountToken: false,
    },
  );

/** Under a user of its own, with its keys for the sidecar. */
export const secure = (image, collectorIp) => {
  const web = container('secure', image, SECURE, [HTTPS_PORT]);
  return pod(
    metadata('secure', {
      labels: { 'tcp-sniffer/inject': 'true' },
      annotations: { 'tcp-sniffer/tls-keylog': 'true', 'tcp-sniffer/ports': `${HTTPS_PORT},${COLLECTOR_PORT}` },
    }),
    {
      containers: [{ ...web, securityContext: { ...UNPRIVILEGED, runAsUser: SECURE_UID } }],
      hostAliases: [{ ip: collectorIp, hostnames: [COLLECTOR_HOST] }],
      volumes: [tls],
      automountServiceAccountToken: false,
    },
  );
};

const template = (image, app, annotations = {}) => ({
  metadata: { labels: { app, 'tcp-sniffer/inject': 'true' }, annotations },
  spec: {
    containers: [container('shop', image, SERVER, [HTTP_PORT])],
    volumes: [tls],
    automountServiceAccountToken: false,
  },
});

export const deployment = (image, name, annotations) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadata(name),
  spec: { selector: { matchLabels: { app: name } }, template: template(image, name, annotations) },
});

/** Ends with 0 after a request for END_PATH. */
export const job = (image, name) => {
  const { metadata: meta, spec } = template(image, name);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(name),
    spec: { backoffLimit: 0, template: { metadata: meta, spec: { ...spec, restartPolicy: 'Never' } } },
  };
};

/** A workload whose pods have an annotation that does not exist. */
export const typo = (image) => deployment(image, 'typo', { 'tcp-sniffer/sample-rat': '0.1' });

/** Asks for what is not there: an interface, and the Secret of a token. */
export const astray = (image) =>
  pod(
    metadata('astray', {
      labels: { 'tcp-sniffer/inject': 'true' },
      annotations: {
        'tcp-sniffer/interface': 'nope0',
        'tcp-sniffer/output-url': `https://${COLLECTOR_HOST}:${COLLECTOR_PORT}/messages`,
        'tcp-sniffer/auth-secret': 'no-such-secret/token',
      },
    }),
    {
      containers: [container('shop', image, SERVER, [HTTP_PORT])],
      volumes: [tls],
      automountServiceAccountToken: false,
    },
  );

/** The sniffer alone, with something wrong. */
export const broken = (name, image, env, capabilities) =>
  pod(metadata(name), {
    restartPolicy: 'Never',
    containers: [
      {
        name: 'tcp-sniffer',
        image,
        imagePullPolicy: 'IfNotPresent',
        env: Object.entries({ PORTS: '8080', ...env }).map(([key, value]) => ({ name: key, value })),
        securityContext: { ...UNPRIVILEGED, capabilities: { drop: ['ALL'], ...capabilities } },
      },
    ],
    automountServiceAccountToken: false,
  });
