// Cases that the tables of the webhook do not have: pods for the locks, and cases that only a policy sees or is limited by.

const IMAGE = 'registry.example/tcp-sniffer:1';
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const LABELS = { 'tcp-sniffer/inject': 'true' };
const web = { name: 'web', image: 'registry.example/web:1', ports: [{ containerPort: 8080 }] };
const pod = (spec, annotations) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: LABELS, annotations },
  spec: { containers: [web], ...spec },
});
const STATUS = { 'tcp-sniffer/status': '{}' };
const env = (variables) => Object.entries(variables).map(([name, value]) => ({ name, value }));
/** A pod that a user wrote a sidecar into, with the annotation that says it is ours. */
const withSidecar = (sidecar) =>
  pod({ containers: [web, { name: 'tcp-sniffer', image: IMAGE, ...sidecar }], volumes: volumesFor(sidecar) }, STATUS);
/** Without these the API server would refuse the pod by itself. */
function volumesFor({ volumeMounts = [], volumeDevices = [] }) {
  const empty = new Set(volumeMounts.map(({ name }) => name));
  return [
    ...[...empty].map((name) => ({ name, emptyDir: {} })),
    ...volumeDevices.map(({ name }) => ({ name, persistentVolumeClaim: { claimName: name } })),
  ];
}

const RULES = {
  images: ['registry.example/team/*'],
  outputHosts: ['*.in.example', 'fd00::1', '10.*'],
  redactHeaders: ['Authorization', 'x-secret'],
  redactQuery: ['Token'],
  redactBody: ['apiKey'],
  redact: 'strict',
  maxBodySize: 4096,
  maxSampleRate: 0.5,
};
/** All values of `policy` taken away. */
const NO_RULES = Object.fromEntries([...Object.keys(RULES), 'locked', 'tlsKeylog'].map((name) => [name, null]));
/** Of a sidecar that fits these rules. */
const FITTING = {
  REDACT_HEADERS: 'X-Secret, authorization',
  REDACT_QUERY: 'a, TOKEN',
  REDACT_BODY: 'apikey,b',
  REDACT: 'strict',
  MAX_BODY_SIZE: '4KiB',
  SAMPLE_RATE: '0.5',
  OUTPUT_URL: 'https://a.in.example/x',
};
const locked = (changes, more = {}) => ({
  pod: withSidecar({ env: env({ ...FITTING, ...changes }), ...more }),
  values: { policy: RULES },
});
const without = (name) => {
  const { [name]: _, ...others } = FITTING;
  return { pod: withSidecar({ env: env(others) }), values: { policy: RULES } };
};

/** The operator has these locked, with a value of its own of some. */
const LOCKED_VALUES = {
  sidecar: {
    options: {
      'sample-rate': 0.5,
      include: ['method=GET', 'path=/a'],
      'redact-headers': '+x-own',
      'redact-query': 'own',
    },
    authSecret: 'collector/token',
    interface: 'eth7',
    ports: '80,443',
  },
  policy: {
    redactHeaders: ['X-Secret'],
    maxBodySize: 4096,
    locked: [
      ...[
        'sample-rate',
        'include',
        'exclude',
        'redact-headers',
        'redact-query',
        'max-body-size',
        'redact',
        'otel-service-name',
      ],
      ...['auth-secret', 'kafka-username-secret', 'interface', 'ports', 'image', 'host-network', 'tls-keylog'],
      ...['cpu-request', 'memory-limit', 'native', 'termination-grace-period-seconds'],
    ],
    images: ['registry.example/team/*'],
    tlsKeylog: true,
  },
};
const OF_THE_OPERATOR = {
  ...{ SAMPLE_RATE: '0.5', INCLUDE: 'method=GET,path=/a', REDACT_HEADERS: 'authorization,cookie,x-own,x-secret' },
  ...{ REDACT_QUERY: 'own', MAX_BODY_SIZE: '4096', INTERFACE: 'eth7', PORTS: '80,443', OUTPUT_STDOUT: 'true' },
};
const refTo = (secret, name) => ({ name, valueFrom: { secretKeyRef: { name: secret, key: 'token', optional: true } } });
const RESOURCES = { requests: { cpu: '0.1', memory: '256Mi' }, limits: { memory: '512Mi', cpu: '2' } };
/** By hand, with a change of the variables, or of the container, or of the pod. */
function kept(changes = {}, more = {}, spec = {}, annotations = {}) {
  const variables = Object.entries({ ...OF_THE_OPERATOR, ...changes }).filter(([, value]) => value !== undefined);
  const variable = [...env(Object.fromEntries(variables)), refTo('collector', 'OUTPUT_URL_AUTH_TOKEN')];
  const byHand = withSidecar({ env: variable, resources: RESOURCES, ...more });
  return {
    pod: {
      ...byHand,
      metadata: { ...byHand.metadata, annotations: { ...STATUS, ...annotations } },
      spec: { ...byHand.spec, ...spec },
    },
    values: LOCKED_VALUES,
  };
}
const UNKEPT = [
  ['sample-rate', kept({ SAMPLE_RATE: '0.6' })],
  ['sample-rate', kept({ SAMPLE_RATE: undefined })],
  ['include', kept({ INCLUDE: 'path=/a' })],
  ['exclude', kept({ EXCLUDE: 'path=/a' })],
  ['redact-headers', kept({ REDACT_HEADERS: 'x-secret' })],
  ['redact-query', kept({ REDACT_QUERY: undefined })],
  ['max-body-size', kept({ MAX_BODY_SIZE: '4000' })],
  ['redact', kept({ REDACT: 'strict' })],
  ['otel-service-name', kept({ OTEL_SERVICE_NAME: 'other' })],
  ['auth-secret', kept({}, { env: [...env(OF_THE_OPERATOR), refTo('other', 'OUTPUT_URL_AUTH_TOKEN')] })],
  ['auth-secret', kept({ OUTPUT_URL_AUTH_TOKEN: 'plain' }, {})],
  ['kafka-username-secret', kept({}, { env: [...env(OF_THE_OPERATOR), refTo('collector', 'KAFKA_USERNAME')] })],
  ['interface', kept({ INTERFACE: 'lo' })],
  ['ports', kept({ PORTS: '80,443,8080' })],
  ['image', kept({}, { image: 'registry.example/team/a:2' })],
  ['host-network', kept({}, {}, { hostNetwork: true })],
  ['tls-keylog', kept({ TLS_KEYLOG: '/keys' })],
  ['cpu-request', kept({}, { resources: { ...RESOURCES, requests: { cpu: '101m' } } })],
  ['memory-limit', kept({}, { resources: { requests: RESOURCES.requests } })],
  ['native', kept({}, {}, {}, { 'tcp-sniffer/native': 'false' })],
];

/** A pod with another container, of which the chart says what it may not add. */
const beside = (securityContext, more = {}) => ({
  pod: pod({
    containers: [web],
    initContainers: [{ name: 'other', image: 'registry.example/other:1', securityContext }],
  }),
  locks: { capabilities: ['NET_RAW', 'NET_ADMIN'], ...more },
});

const OTHERS_CAPABLE = 'capabilities that only the sidecar may have are in the containers ';
/** After `kubectl debug --profile=netadmin`. */
const withDebugger = {
  ...beside({}),
  pod: pod({
    ephemeralContainers: [
      { name: 'debugger', image: 'a', securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } },
    ],
  }),
};

/** Refused by the locks, with these words. */
export const REFUSED = [
  ['another image', locked({}, { image: 'registry.example/evil:1' }), 'has an image'],
  [
    'an image whose name begins as that of the operator',
    locked({}, { image: 'registry.example/tcp-sniffer-evil:1' }),
    'has an image',
  ],
  ['an image of another port', locked({}, { image: 'registry.example:1/tcp-sniffer:1' }), 'has an image'],
  ...[
    ['a command', { command: ['sh'] }],
    ['arguments', { args: ['--redact-headers', 'none'] }],
    ['variables of a ConfigMap', { envFrom: [{ configMapRef: { name: 'a' } }] }],
    ['a hook', { lifecycle: { postStart: { exec: { command: ['sh'] } } } }],
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((name) => [
      name,
      { [name]: { exec: { command: ['sh'] } } },
    ]),
    ['another folder to start in', { workingDir: '/tmp' }],
    ['the end of its log in the status of the pod', { terminationMessagePolicy: 'FallbackToLogsOnError' }],
    ['another file in the status of the pod', { terminationMessagePath: '/proc/self/environ' }],
    ['a device', { volumeDevices: [{ name: 'a', devicePath: '/dev/a' }] }],
  ].map(([name, more]) => [name, locked({}, more), 'has a field']),
  ...[
    ['code by NODE_OPTIONS', { name: 'NODE_OPTIONS', value: '--import=data:text/javascript,1' }],
    ['a library', { name: 'LD_PRELOAD', value: '/a.so' }],
    ['an option that no annotation sets', { name: 'HAR_FILE', value: '/tmp/a.har' }],
    ['a variable of a ConfigMap', { name: 'SAMPLE_RATE', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }],
    ['a user of a ConfigMap', { name: 'KAFKA_USERNAME', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }],
    ['another namespace', { name: 'NAMESPACE', value: 'other' }],
    [
      'the name of the node as its namespace',
      { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
    ['a value of another variable', { name: 'OUTPUT_KAFKA', value: 'kafka://a.in.example/$(KAFKA_USERNAME)' }],
    ['a user that is another variable', { name: 'KAFKA_USERNAME', value: '$(OUTPUT_URL_AUTH_TOKEN)' }],
  ].map(([name, variable]) => [
    name,
    locked({}, { env: [...env(FITTING), variable] }),
    `has a variable that no injection gives it: ${variable.name}`,
  ]),
  [
    'variables with long names',
    locked({}, { env: Array.from({ length: 300 }, (_, at) => ({ name: `LONG_${at}_${'A'.repeat(20)}`, value: '' })) }),
    'has a variable that no injection gives it: LONG_0_',
  ],
  ...[
    ['code of a ConfigMap', { name: 'a', mountPath: '/app' }],
    ['our volume elsewhere', { name: 'tcp-sniffer-no-token', mountPath: '/app' }],
    ['the token of the service account', { name: 'a', mountPath: TOKEN_PATH }],
    ['a folder whose name has two lines', { name: 'a', mountPath: '/app\n/b' }],
  ].map(([name, mount]) => [
    name,
    locked({}, { volumeMounts: [mount] }),
    `has a mount that no injection gives it: ${mount.mountPath.split('\n')[0]}`,
  ]),
  [
    'another folder by way of one that the chart allows',
    {
      ...locked({}, { volumeMounts: [{ name: 'a', mountPath: '/var/run/secrets/eks.amazonaws.com/../../../../app' }] }),
      locks: { mountPaths: ['/var/run/secrets/eks.amazonaws.com/*'] },
    },
    'has a mount',
  ],
  ['redaction off', locked({ REDACT_HEADERS: 'none' }), 'does not redact'],
  ['redaction of less', locked({ REDACT_HEADERS: 'x-secret' }), 'does not redact'],
  ['redaction by default', without('REDACT_HEADERS'), 'does not redact'],
  ['no parameters of queries', locked({ REDACT_QUERY: 'tokens' }), 'does not redact'],
  ['members of bodies by default', without('REDACT_BODY'), 'does not redact'],
  ['the default preset', locked({ REDACT: 'default' }), 'does not redact'],
  ['no preset', without('REDACT'), 'does not redact'],
  ['a variable twice', locked({}, { env: [...env(FITTING), ...env({ REDACT_HEADERS: 'none' })] }), 'does not redact'],
  ['another host', locked({ OUTPUT_URL: 'https://in.example.evil/' }), 'sends messages to a host'],
  [
    'another host behind a user',
    locked({ OUTPUT_URL: 'https://a.in.example:1@evil.example/' }),
    'sends messages to a host',
  ],
  [
    'records to a broker of another host',
    locked({ OUTPUT_KAFKA: 'kafka://a.in.example,evil.example/http' }),
    'sends messages to a host',
  ],
  [
    'records to what is read in another way',
    locked({ OUTPUT_KAFKA: 'kafka://a.in.example/@evil.example/http' }),
    'sends messages to a host',
  ],
  ...['kafka://evil.example./http', 'kafka://[fd00::2]:1/http', 'kafka://a.in.example../http'].map((url) => [
    `records to ${url}`,
    locked({ OUTPUT_KAFKA: url }),
    'sends messages to a host',
  ]),
  ...[
    'https://[fd00::2]/',
    'https://evil.example\\@a.in.example/',
    'https://a.in.example../',
    'https://10.010.0.1/',
    'https://0x7f.1/',
    'https://10.0x7f/',
    'https://1@evil.example/',
    'https://evil.example#@a.in.example/',
    'https://evil.example?@a.in.example/',
    'https://\u2028evil.example/.in.example',
    'https://a\u0117.in.example/',
  ].map((url) => [`messages to ${url}`, locked({ OUTPUT_URL: url }), 'sends messages to a host']),
  ['spans to another host', locked({ OUTPUT_OTLP: 'http://evil.example' }), 'sends messages to a host'],
  ...['5KiB', '4.5KiB', '4097', '+4097.', '.01 GB', '4096 kib'].map((size) => [
    `bodies of ${size}`,
    locked({ MAX_BODY_SIZE: size }),
    'keeps larger bodies',
  ]),
  ['bodies of the default size', without('MAX_BODY_SIZE'), 'keeps larger bodies'],
  ['a larger share', locked({ SAMPLE_RATE: '0.6' }), 'takes a larger share'],
  ['TLS', locked({ TLS_KEYLOG: '/keys' }), 'reads TLS'],
  ...UNKEPT.map(([name, one], at) => [
    `what is locked (${at})`,
    one,
    `has something else than the operator, who has locked: ${name}`,
  ]),
  ...[
    ['NET_RAW', { capabilities: { add: ['CHOWN', 'NET_RAW'] } }],
    ['CAP_NET_ADMIN in another case', { capabilities: { add: ['cap_net_admin'] } }],
    ['every capability', { capabilities: { drop: ['ALL'], add: ['ALL'] } }],
    ['a privileged container', { privileged: true }],
  ].map(([name, context]) => [`${name} beside the sidecar`, beside(context), OTHERS_CAPABLE]),
  [
    'an ephemeral container of kubectl debug',
    { ...withDebugger, oldPod: pod({}), operation: 'UPDATE' },
    OTHERS_CAPABLE,
  ],
  [
    'another image than those that may',
    beside({ privileged: true }, { capabilityImages: ['registry.example/mesh/*'] }),
    OTHERS_CAPABLE,
  ],
];

/** Of visible ASCII, those that a host may have some of; of letters and digits those that may make it a number. */
const CHARACTERS = [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~09axX'];
/** URLs of which the locks take what the webhook makes, and refuse what it refuses for its hosts. */
export const URLS = [
  ...CHARACTERS.flatMap((one) =>
    [`a${one}b.in.example`, `${one}.in.example`, `10.${one}`, `10.0${one}1`, `10.0.0.1${one}`].map((host) => [
      'output-url',
      `https://${host}/`,
    ]),
  ),
  ...['', '.', '..', '10.1', '10.1.2.3.', '10.0x', '10.00x1', '10.09', '10.1x'].flatMap((host) => [
    ['output-url', `https://${host}`],
    ['output-otlp', `http://${host}:1?`],
    ['output-kafka', `kafka://${host}:1/http`],
  ]),
  ...CHARACTERS.map((one) => ['output-kafka', `kafka://a${one}b.in.example,a.in.example${one}:1/http`]),
].map(([annotation, url]) => ({
  ...{ annotation, url, rules: RULES, pod: pod({}, { [`tcp-sniffer/${annotation}`]: url }) },
  byHand: {
    pod: withSidecar({
      env: env({ ...FITTING, [annotation.toUpperCase().replace('-', '_')]: url.replaceAll('$', '$$$$') }),
    }),
    values: { policy: RULES },
  },
}));

/** Not refused. */
export const TAKEN = [
  ['what fits', locked({})],
  ['the other image', locked({}, { image: 'registry.example/team/a:2' })],
  // A replica of the injector that an upgrade has not ended yet makes it.
  ['the earlier image of the operator', locked({}, { image: 'registry.example/tcp-sniffer:0' })],
  [
    'the image of the operator by digest',
    locked({}, { image: `registry.example/tcp-sniffer@sha256:${'0'.repeat(64)}` }),
  ],
  [
    'the empty volume over the token',
    locked({}, { volumeMounts: [{ name: 'tcp-sniffer-no-token', mountPath: TOKEN_PATH }] }),
  ],
  ['a dollar sign', locked({ OUTPUT_URL: 'https://a.in.example/$$(x)' })],
  [
    'a URL of the chart with a dollar sign',
    {
      pod: withSidecar({ env: env({ ...FITTING, OUTPUT_URL: 'https://elsewhere.example/$$x' }) }),
      values: { sidecar: { outputUrl: 'https://elsewhere.example/$x' }, policy: RULES },
    },
  ],
  [
    'what other webhooks add to every container, where the chart says so',
    {
      ...locked(
        {},
        {
          env: [...env(FITTING), { name: 'AWS_ROLE_ARN', value: 'a' }],
          volumeMounts: [{ name: 'aws-iam-token', mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount' }],
        },
      ),
      locks: { variables: ['AWS_*'], mountPaths: ['/var/run/secrets/eks.amazonaws.com/*'] },
    },
  ],
  [
    'records to brokers that fit',
    locked({ OUTPUT_KAFKA: 'kafka://a.in.example:9092,B.in.example/http?compression=gzip' }),
  ],
  ...[
    'kafkas://a.in.example.:9093/http?compression=zstd&sasl=scram-sha-256',
    'kafka://[FD00::1]:9092,[fd00::1],b.in.example/http-{pod}?',
  ].map((url) => [`records to ${url}`, locked({ OUTPUT_KAFKA: url })]),
  ...[
    'https://a.in.example./x',
    'https://[fd00::1]:8443?x',
    'https://10.1.2.3',
    'HTTPS://a..in.example:/',
    'https://-a.in.example:0443/\u00e4',
    'https://a.in.example/%zz',
    'https://a.in.example/a b#c d',
    'https://a.in.example/\\x',
    'https://a_b.in.example',
    'https://xn--bcher-kva.in.example/',
    'https://10.3scale',
  ].map((url) => [`messages to ${url}`, locked({ OUTPUT_URL: url })]),
  ...['3.5KiB', '4096.4b', '+4096.', '4.096  kB', '.004\u00a0MB', '0'].map((size) => [
    `bodies of ${size}`,
    locked({ MAX_BODY_SIZE: size }),
  ]),
  ...['0.3333333333333333333', '+.5', '-0'].map((share) => [`a share of ${share}`, locked({ SAMPLE_RATE: share })]),
  [
    'a URL of the chart with space around it',
    {
      pod: withSidecar({ env: env({ ...FITTING, OUTPUT_OTLP: 'https://elsewhere.example' }) }),
      values: { sidecar: { options: { 'output-otlp': ' https://elsewhere.example ' } }, policy: RULES },
    },
  ],
  [
    'the URL of the chart by annotation, with space around it in the chart',
    {
      pod: pod({}, { 'tcp-sniffer/output-otlp': 'https://elsewhere.example' }),
      values: { sidecar: { options: { 'output-otlp': ' https://elsewhere.example ' } }, policy: RULES },
    },
  ],
  [
    'what the API server fills in',
    locked({}, { terminationMessagePolicy: 'File', terminationMessagePath: '/dev/termination-log' }),
  ],
  // `helm upgrade --reuse-values` from a chart that had no such values.
  ...[{ redactQuery: null, redactBody: null, redact: null }, NO_RULES].map((policy) => [
    `anything where the chart has no ${Object.keys(policy)}`,
    { pod: withSidecar({}), values: { policy } },
  ]),
  ['redaction of more', locked({ REDACT_HEADERS: '+x-secret' })],
  ['what is locked as the operator has it', kept()],
  ['the Secret of the operator left out', kept({}, { env: env(OF_THE_OPERATOR) })],
  ['capabilities that others may add', beside({ capabilities: { add: ['CHOWN'], drop: ['ALL'] } })],
  ['capabilities of an image that may', beside({ privileged: true }, { capabilityImages: ['registry.example/other'] })],
  [
    'capabilities of a container that is there',
    { ...beside({ privileged: true }), operation: 'UPDATE', unchanged: true },
  ],
  [
    'an image of yesterday in a pod that is there',
    { ...locked({}, { image: 'registry.example/evil:1' }), operation: 'UPDATE', unchanged: true },
  ],
];

const ports = (count) =>
  pod({ containers: [{ ...web, ports: Array.from({ length: count }, (_, at) => ({ containerPort: 10_000 + at })) }] });

const withVariables = (count) => {
  const env = Array.from({ length: count / 50 }, () => ({ name: 'A', value: '' }));
  const containers = Array.from({ length: 49 }, (_, at) => ({ name: `a${at}`, image: 'a', env }));
  return pod({ containers: [{ ...web, env }, ...containers] });
};

const annotated = (count) => pod({}, Object.fromEntries(Array.from({ length: count }, (_, at) => [`a${at}`, ''])));

/** Whether they get a sidecar, and its variable INTERFACE. */
export const BY_POLICY = [
  ['500 declared ports', { pod: ports(500) }, ''],
  ['501 declared ports', { pod: ports(501) }, undefined],
  ['1000 annotations', { pod: annotated(1_000) }, ''],
  ['1001 annotations', { pod: annotated(1_001) }, undefined],
  // Nearly all that the API server takes.
  ['40000 annotations', { pod: annotated(40_000) }, undefined],
  ['a namespace of Istio', { pod: pod({}), labels: { 'istio-injection': 'enabled' } }, 'lo'],
  ['a namespace of Kuma', { pod: pod({}), labels: { 'kuma.io/sidecar-injection': 'true' } }, 'lo'],
  ['50000 declared ports', { pod: ports(50_000) }, undefined],
  ['25000 variables', { pod: withVariables(25_000) }, ''],
  ['as many variables as the API server takes', { pod: withVariables(150_000) }, undefined],
  ...[
    'not status!=5XX or latency>=250ms and path=/orders/*?a={b}',
    'host=*.example.com and method!=POST and status<400 and status!=none',
  ].map((filter) => [`filter ${filter}`, { pod: pod({}, { 'tcp-sniffer/filter': filter }) }, '']),
  [
    'a locked annotation, in a pod without a sidecar',
    { pod: pod({}, { 'tcp-sniffer/ports': '1' }), values: LOCKED_VALUES },
    undefined,
  ],
  ['a trigger by signals', { pod: pod({}, { 'tcp-sniffer/trigger': 'signal' }) }, ''],
  ...['(status=5xx)', "path='/a'", 'status=5xx and', 'time>=14:03', 'signal', 'path=/a&&b', 'status=5', ''].map(
    (filter) => [`filter ${filter}`, { pod: pod({}, { 'tcp-sniffer/filter': filter }) }, undefined],
  ),
  [
    'times with their unit',
    {
      pod: pod(
        {},
        {
          'tcp-sniffer/trigger-before-ms': '30s',
          'tcp-sniffer/trigger-after-ms': ' 1 min ',
          'tcp-sniffer/interface': 'eth7',
        },
      ),
    },
    'eth7',
  ],
  ['a time that is too long', { pod: pod({}, { 'tcp-sniffer/trigger-before-ms': '2h' }) }, undefined],
  ['ports in several lines', { pod: pod({}, { 'tcp-sniffer/ports': '80,\n81' }) }, undefined],
  [
    'a line break after ports',
    { pod: pod({}, { 'tcp-sniffer/ports': '80\n', 'tcp-sniffer/interface': 'eth7' }) },
    'eth7',
  ],
  ['a unit that is none', { pod: pod({}, { 'tcp-sniffer/trigger-before-ms': '30S' }) }, undefined],
  ['a bad default of the chart', { pod: pod({}), values: { sidecar: { options: { 'sample-rate': 2 } } } }, undefined],
];
