// Checks what deploy/ promises: the chart lints and renders with Helm 3 and 4 for Kubernetes 1.25 to 1.37, every document is valid
// there, each pod meets at most one webhook entry, and the plain manifests and golden.diff are what the chart renders.
//   node deploy/check.mjs            checks; the tools come by npm and pip, once a machine
//   node deploy/check.mjs --write    renders deploy/kustomize/injector.yaml and deploy/golden.diff anew
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { CHART, NAMESPACE, parse, render } from './chart.mjs';
import { firstChange, golden } from './golden.mjs';
import { scraped } from './monitors.mjs';
import { admitted, matches } from './selectors.mjs';
import { fetchHelm, fetchValidator, HELMS, run } from './tools.mjs';

const DEPLOY = dirname(fileURLToPath(import.meta.url));
const MANIFEST = join(DEPLOY, 'kustomize', 'injector.yaml');
const GOLDEN = join(DEPLOY, 'golden.diff');

const KUBERNETES = Array.from({ length: 13 }, (_, i) => `1.${25 + i}`);
/** matchConditions are on from this version. */
const MANIFEST_KUBERNETES = '1.28';

const resources = (cpu, memory, cpuLimit, memoryLimit) => ({
  requests: { cpu, memory },
  limits: { cpu: cpuLimit, memory: memoryLimit },
});
const PEM = '-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n';

const EVERYTHING = {
  image: { repository: 'registry.example/tcp-sniffer', digest: `sha256:${'0'.repeat(64)}`, pullPolicy: 'Always' },
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 1,
  webhook: {
    failurePolicy: 'Fail',
    timeoutSeconds: 3,
    respectPodSecurity: false,
    excludedNamespaces: ['ci'],
    clientCaConfigMap: 'clients',
  },
  events: { enabled: true },
  sidecar: {
    ...{
      native: 'never',
      ports: '80, 8000-8100',
      interface: 'lo',
      outputUrl: 'https://in.example/',
      authSecret: 'a/b',
    },
    ...{ otlpHeadersSecret: 'c/d', kafkaUsernameSecret: 'e/f', kafkaPasswordSecret: 'g/h' },
    options: { 'sample-rate': 0.5, 'redact-query': 'token,key', 'output-kafka': 'kafkas://a:9093,b/http?sasl=plain' },
  },
  namespaces: { shop: { options: { 'sample-rate': 0, fields: ['method', 'path'] } }, bar: { options: {} } },
  policy: {
    images: ['registry.example/*'],
    outputHosts: [],
    locked: ['ports'],
    ...{ redactHeaders: ['x-key'], redactQuery: ['token'], redactBody: ['apiKey'], redact: 'strict' },
    tlsKeylog: true,
    maxBodySize: 4096,
    maxSampleRate: 0.5,
  },
  port: 10250,
  tolerations: [{ operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  priorityClassName: 'system-cluster-critical',
  podAnnotations: { note: 'one' },
  podLabels: { team: 'two' },
  podDisruptionBudget: { enabled: true },
  networkPolicy: { enabled: false },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  podMonitor: { enabled: true, labels: { release: 'prometheus' }, namespaces: ['shop'], jobLabel: '' },
  prometheusRule: { enabled: true, labels: { release: 'prometheus' }, errorRatio: 0.01, p95Seconds: 0.5 },
  dashboard: { enabled: true, labels: { folder: 'network' } },
};
const VARIANTS = {
  default: {},
  'cert-manager': { certificates: { mode: 'cert-manager' } },
  'an issuer of their own': {
    certificates: { mode: 'cert-manager', certManager: { issuerRef: { kind: 'ClusterIssuer', name: 'internal' } } },
  },
  files: { certificates: { mode: 'files', secretName: 'theirs', caBundle: PEM } },
  'without the API server': {
    certificates: { mode: 'files', secretName: 'theirs', caBundle: PEM },
    sidecar: { native: 'always' },
    events: { enabled: false },
  },
  'for the network of the pods': {
    networkPolicy: {
      sidecars: {
        namespaces: ['shop', 'bar'],
        egress: [{ to: [{ ipBlock: { cidr: '192.0.2.7/32' } }], ports: [{ port: 443 }] }],
        ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 9464 }] }],
      },
    },
  },
  'for the network of all pods': {
    networkPolicy: { sidecars: { namespaces: ['shop'], allPods: true, egress: [{ ports: [{ port: 443 }] }] } },
  },
  'with metrics of the sidecars': { podMonitor: { enabled: true } },
  'with metrics of every sidecar': { podMonitor: { enabled: true }, sidecar: { options: { 'metrics-port': 9464 } } },
  everything: EVERYTHING,
  'without a webhook': { mode: 'policy' },
  'everything without a webhook': {
    ...{ ...EVERYTHING, mode: 'policy' },
    locks: { enabled: true, capabilities: ['NET_RAW', 'NET_ADMIN'], capabilityImages: ['registry.example/mesh/*'] },
  },
  'with locks': { locks: { enabled: true } },
  'with the least resources': { sidecar: { resources: resources(0.001, '64Mi', '+1e0', 67108864) } },
};
/** Further settings whose rendering is held as a text alone. */
const ALSO_GOLDEN = {
  'classic sidecars that may log keys of TLS': { sidecar: { native: 'never' }, policy: { tlsKeylog: true } },
  'classic sidecars without a webhook': { mode: 'policy', sidecar: { native: 'never' } },
  'alerts and a dashboard': {
    ...{ serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboard: { enabled: true } },
  },
  'alerts and a dashboard without a webhook': {
    ...{ mode: 'policy', prometheusRule: { enabled: true }, dashboard: { enabled: true } },
  },
  'every namespace, and nothing more': {
    webhook: { respectPodSecurity: false, matchConditions: false },
    ...{ events: { enabled: false }, podDisruptionBudget: { enabled: false }, networkPolicy: { enabled: false } },
  },
};
/** The first minor version of Kubernetes that has what these values ask for. */
const sinceOf = ({ mode, locks }) => (mode === 'policy' ? 36 : locks?.enabled ? 30 : 25);
const REFUSED = {
  'an unknown value': { webhok: {} },
  'a policy that is none': { webhook: { failurePolicy: 'Maybe' } },
  'plain http': { sidecar: { outputUrl: 'http://in.example/' } },
  'files without the CA': { certificates: { mode: 'files' } },
  'a rule that is none': { policy: { image: [] } },
  'a secret without its key': { sidecar: { authSecret: 'name' } },
  'a password without its key': { sidecar: { kafkaPasswordSecret: 'name' } },
  'a quantity that is none': { resources: { requests: { cpu: 'much' } } },
  'a level that is none': { logLevel: 'loud' },
  'a duration without unit': { certificates: { certManager: { duration: '90' } } },
  'a toleration with a typo': { tolerations: [{ operater: 'Exists' }] },
  'a share over 1': { prometheusRule: { errorRatio: 5 } },
  'a network policy that would let nothing through': { networkPolicy: { sidecars: { namespaces: ['shop'] } } },
  'a port in place of an interval': { podMonitor: { interval: '9464' } },
  'an option with a typo': { sidecar: { options: { 'sample-rat': 1 } } },
  'an option that is a value of its own': { sidecar: { options: { ports: '80' } } },
  'an option with a typo, of a namespace': { namespaces: { shop: { options: { 'sample-rat': 1 } } } },
  'a namespace that is none': { namespaces: { Shop: { options: {} } } },
  'a capability with its prefix': { locks: { capabilities: ['CAP_NET_RAW'] } },
  'a lock with a typo': { policy: { locked: ['redact-header'] } },
  'a preset that is none': { policy: { redact: 'strickt' } },
  'two names in one': { policy: { redactQuery: ['a,b'] } },
  'a name with space around it': { policy: { redactQuery: ['a '] } },
  'a name with a control character': { policy: { redactBody: ['a\u0001b'] } },
  'a header beside the default': { policy: { redactHeaders: ['+x-foo'] } },
  'a header that is none': { policy: { redactHeaders: ['None'] } },
  'a header with a space': { policy: { redactHeaders: ['a b'] } },
  'a share that is written with an exponent': { policy: { maxSampleRate: 1e-7 } },
  'a port that is none': { sidecar: { ports: '80,65536' } },
  'the name of a secret in capitals': { sidecar: { authSecret: 'UPPER/key' } },
  'a key of a secret that is a folder': { sidecar: { authSecret: 'name/..' } },
  'a quantity with the unit of nothing': { sidecar: { resources: resources('100m', '64K', '1', '1Gi') } },
  'a CA that is none': { certificates: { mode: 'files', caBundle: 'garbage' } },
  'pods by a word': { networkPolicy: { sidecars: { allPods: 'labelled' } } },
};
/** Each right by itself; with what is said of both. */
const WRONG_TOGETHER = [
  [{ sidecar: { resources: resources('100m', '512Mi', '1', '0.25Gi') } }, 'memory: the request is more than the limit'],
  [{ sidecar: { resources: resources(1, '128Mi', '999m', '1Gi') } }, 'cpu: the request is more than the limit'],
  [{ sidecar: { resources: resources('100m', '63Mi', '1', '1Gi') } }, 'memory: the request is less than 64Mi'],
  [{ sidecar: { resources: resources('1e-4', '64Mi', '1', '1Gi') } }, 'cpu: the request is less than 1m'],
  [
    {
      namespaces: { shop: { options: { 'output-kafka': 'kafka://a.example/http-{service}' } } },
      policy: { locked: ['otel-service-name'] },
    },
    'namespaces.shop.options: {service}',
  ],
  [{ sidecar: { kafkaUsernameSecret: 'kafka/user' } }, 'give both or neither'],
  [
    {
      sidecar: { options: { 'output-kafka': 'kafka://a.example/http-{service}' } },
      policy: { locked: ['otel-service-name'] },
    },
    'needs otel-service-name',
  ],
];
/** Custom resources: no schema of theirs comes with Kubernetes. */
const FOREIGN = /^apiVersion: (cert-manager\.io|monitoring\.coreos\.com)\//m;

const work = mkdtempSync(join(tmpdir(), 'tcp-sniffer-deploy-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

function fail(message, detail = '') {
  console.error(`deploy: ${message}${detail ? `\n${detail}` : ''}`);
  process.exit(1);
}

const documents = (text) => text.split(/^---\n/m).filter((document) => /^kind:/m.test(document));

const manifest = (helm) =>
  '# The chart as it renders with its defaults: node deploy/check.mjs --write\n' +
  documents(render(helm, {}, MANIFEST_KUBERNETES))
    .map((document) => `---\n${document.replace(/^# Source: .*\n/gm, '')}`)
    .join('');

const goldenOf = (helm) =>
  golden([
    ['the manifests', documents(render(helm, {}, MANIFEST_KUBERNETES))],
    ['default, Kubernetes 1.27', documents(render(helm, {}, '1.27'))],
    ...Object.entries({ ...VARIANTS, ...ALSO_GOLDEN }).map(([name, values]) => [
      name,
      documents(render(helm, values, KUBERNETES.at(-1))),
    ]),
  ]);

function checkMatrix(helms, bin) {
  let rendered = 0;
  for (const [name, values] of Object.entries(VARIANTS)) {
    for (const helm of helms)
      run(helm, ['lint', '--strict', CHART, '--values', '-'], { input: JSON.stringify(values) });
    for (const kubernetes of KUBERNETES) {
      const minor = Number(kubernetes.slice(2));
      if (minor < sinceOf(values)) continue;
      const [text, ...others] = helms.map((helm) => render(helm, values, kubernetes));
      if (others.some((other) => !isDeepStrictEqual(documents(other).sort(), documents(text).sort())))
        fail(`${name}, ${kubernetes}: the versions of Helm differ`);
      if (/^kind: Secret$/m.test(text)) fail(`${name}: a Secret is made in the templates`);
      const { certificates = {}, sidecar = {}, events = { enabled: true }, mode } = values;
      if (
        mode === 'policy' &&
        /^kind: (?!(Mut|Valid)atingAdmissionPolicy|(PrometheusRule|PodMonitor|ConfigMap)$)/m.test(text)
      )
        fail(`${name}: more than policies, and what shows what they make`);
      const asksApi =
        [undefined, 'self'].includes(certificates.mode) ||
        [undefined, 'auto'].includes(sidecar.native) ||
        events.enabled;
      if (mode !== 'policy' && text.includes('automountServiceAccountToken: false') === asksApi)
        fail(`${name}: the service account's token`);
      const hasConditions = text.includes('matchConditions:');
      if (hasConditions !== minor >= 28) fail(`${name}, ${kubernetes}: matchConditions`);
      const file = join(work, 'rendered.yaml');
      writeFileSync(
        file,
        documents(text)
          .filter((document) => !FOREIGN.test(document))
          .join('---\n'),
      );
      try {
        run(join(bin, 'python'), [
          join(bin, 'kubernetes-validate'),
          ...['--kubernetes-version', kubernetes, '--strict', '--quiet', file],
        ]);
      } catch (error) {
        fail(`${name}, Kubernetes ${kubernetes}: not valid`, error.stdout + error.stderr);
      }
      rendered++;
    }
  }
  return rendered;
}

function checkRefused(helms) {
  for (const [name, values] of Object.entries(REFUSED)) {
    for (const helm of helms) {
      let accepted = true;
      try {
        render(helm, values, '1.33');
      } catch (error) {
        accepted = !/schema/.test(error.stderr);
      }
      if (accepted) fail(`${name} is not refused by the values' schema`);
    }
  }
  for (const [values, words] of WRONG_TOGETHER) {
    for (const mode of ['webhook', 'policy']) {
      let said = '';
      try {
        render(helms[0], { ...values, mode }, KUBERNETES.at(-1));
      } catch (error) {
        said = error.stderr;
      }
      if (!said.includes(words)) fail(`${mode}, ${JSON.stringify(values)} is not refused: ${said}`);
    }
  }
}

function checkTooOld(helms) {
  for (const values of Object.values(VARIANTS).filter((each) => sinceOf(each) > 25)) {
    const since = sinceOf(values);
    for (const helm of helms) {
      let said = '';
      try {
        render(helm, values, `1.${since - 1}`);
      } catch (error) {
        said = error.stderr;
      }
      if (!said.includes(`needs Kubernetes 1.${since} or later`)) fail(`1.${since - 1} is not refused: ${said}`);
    }
  }
}

/** For each pair of labels: how many entries want the pod. */
function checkSelectors(objects) {
  const { webhooks } = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration');
  const labels = (value, more = {}) => ({ ...(value === undefined ? {} : { 'tcp-sniffer/inject': value }), ...more });
  const VALUES = [undefined, 'true', 'false'];
  let checked = 0;
  const expectCalls = (calls, namespace, pod) => {
    const wanted = webhooks.filter((webhook) => admitted(webhook, namespace, pod)).map(({ name }) => name);
    if (wanted.length !== calls) fail(`${JSON.stringify({ namespace, pod })} meets ${JSON.stringify(wanted)}`);
    checked++;
  };
  for (const onNamespace of VALUES) {
    for (const onPod of VALUES) {
      const calls = onPod === 'true' || (onNamespace === 'true' && onPod !== 'false') ? 1 : 0;
      const named = (name) => ({ 'kubernetes.io/metadata.name': name });
      const enforced = (level) => ({ 'pod-security.kubernetes.io/enforce': level });
      expectCalls(calls, labels(onNamespace, named('shop')), labels(onPod));
      expectCalls(calls, labels(onNamespace, { ...named('shop'), ...enforced('privileged') }), labels(onPod));
      expectCalls(0, labels(onNamespace, { ...named('shop'), ...enforced('baseline') }), labels(onPod));
      expectCalls(0, labels(onNamespace, { ...named('shop'), ...enforced('restricted') }), labels(onPod));
      expectCalls(0, labels(onNamespace, named('kube-system')), labels(onPod));
      expectCalls(0, labels(onNamespace, named(NAMESPACE)), labels(onPod));
    }
  }
  return checked;
}

/** A pod that a policy selects may do nothing else in that direction: without the label none is, unless the values say so. */
function checkSidecarPolicies(renderAll) {
  const PODS = [{}, { app: 'db' }, { 'tcp-sniffer/inject': 'true' }, { 'tcp-sniffer/inject': 'false' }];
  for (const [name, expected] of [
    ['for the network of the pods', [false, false, true, false]],
    ['for the network of all pods', [true, true, true, false]],
  ]) {
    const values = VARIANTS[name];
    const policies = renderAll(values).filter(({ metadata }) => metadata.name === 'tcp-sniffer-sidecars');
    const namespaces = policies.map(({ metadata }) => metadata.namespace);
    if (!isDeepStrictEqual(namespaces, values.networkPolicy.sidecars.namespaces)) fail(`${name}: in ${namespaces}`);
    for (const { spec } of policies) {
      const selected = PODS.map((labels) => matches(spec.podSelector, labels));
      if (!isDeepStrictEqual(selected, expected)) fail(`${name}: selects ${JSON.stringify(selected)} of the pods`);
    }
  }
}

/** Of each kind of pod the target that Prometheus is left with, by the annotation, or by the chart's own options. */
function checkPodMonitors(renderAll) {
  const annotated = (port, more = {}) => ({ annotations: { 'tcp-sniffer/status': '{}', ...port }, ...more });
  const PORT = { 'tcp-sniffer/metrics-port': ' 9000 ' };
  const PODS = [
    [annotated(PORT), '10.0.0.7:9000', '10.0.0.7:9000'],
    [annotated(PORT, { ip: 'fd00::7' }), '[fd00::7]:9000', '[fd00::7]:9000'],
    [annotated({}), undefined, '10.0.0.7:9464'],
    [annotated({ 'tcp-sniffer/metrics-port': '' }), undefined, '10.0.0.7:9464'],
    [annotated({}, { ip: 'fd00::7' }), undefined, '[fd00::7]:9464'],
    [annotated(PORT, { labels: { 'tcp-sniffer/inject': 'false' } }), undefined, undefined],
    [{ annotations: PORT }, undefined, undefined],
    [annotated(PORT, { containers: ['app', 'proxy'] }), undefined, undefined],
  ];
  for (const [at, name] of ['with metrics of the sidecars', 'with metrics of every sidecar'].entries()) {
    const monitors = renderAll(VARIANTS[name]).filter(({ kind }) => kind === 'PodMonitor');
    if (monitors.length !== 1) fail(`${name}: ${monitors.length} PodMonitors`);
    for (const [pod, ...expected] of PODS) {
      const targets = scraped(monitors[0], pod);
      const wanted = expected[at] === undefined ? [] : [expected[at]];
      if (!isDeepStrictEqual(targets, wanted)) fail(`${name}: ${JSON.stringify(pod)} is scraped at ${targets}`);
    }
  }
  if (renderAll({}).some(({ kind }) => kind === 'PodMonitor')) fail('a PodMonitor that was not asked for');
}

/** The plain manifests with the user's own image, for the injector and for its sidecars. */
function checkKustomize(kubectl, bin) {
  const overlay = join(work, 'overlay');
  mkdirSync(join(overlay, 'base'), { recursive: true });
  for (const name of ['kustomization.yaml', 'namespace.yaml', 'injector.yaml']) {
    writeFileSync(join(overlay, 'base', name), readFileSync(join(DEPLOY, 'kustomize', name)));
  }
  const image = 'registry.example/tcp-sniffer:2';
  const images = [{ name: 'tcp-sniffer', newName: 'registry.example/tcp-sniffer', newTag: '2' }];
  const base = join(overlay, 'base', 'kustomization.yaml');
  const plain = parse(bin, run(kubectl, ['kustomize', join(overlay, 'base')]));
  writeFileSync(base, `${readFileSync(base, 'utf8')}images: ${JSON.stringify(images)}\n`);
  const own = parse(bin, run(kubectl, ['kustomize', join(overlay, 'base')]));
  const [container] = own.find(({ kind }) => kind === 'Deployment').spec.template.spec.containers;
  const forSidecars = container.env.find(({ name }) => name === 'INJECTOR_IMAGE').value;
  if (container.image !== image || forSidecars !== image) fail(`kustomize: ${container.image}, ${forSidecars}`);
  const withoutNamespace = plain.filter(({ kind }) => kind !== 'Namespace');
  const byKind = (list) => Object.fromEntries(list.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
  if (!isDeepStrictEqual(byKind(withoutNamespace), byKind(parse(bin, readFileSync(MANIFEST, 'utf8'))))) {
    fail('kustomize changes more than it was asked to');
  }
}

/** Every value that the chart has is in the schema, and no object of the chart's own takes others. */
function checkSchema(bin) {
  const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const [values] = parse(bin, readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  const look = (value, { $ref, ...own }, path) => {
    const rule = $ref === undefined ? own : schema.definitions[$ref.split('/').at(-1)];
    if (typeof value !== 'object' || value === null || Array.isArray(value) || rule.properties === undefined) return;
    if (rule.additionalProperties !== false) fail(`values.schema.json: ${path} takes unknown values`);
    for (const [name, each] of Object.entries(value)) {
      const member = rule.properties[name];
      if (member === undefined) fail(`values.schema.json: there is no ${path}.${name}`);
      look(each, member, `${path}.${name}`);
    }
    // `global` is Helm's own, and what an empty object may hold is the user's.
    const missing = Object.keys(rule.properties).filter((name) => name !== 'global' && !(name in value));
    if (missing.length > 0 && Object.keys(value).length > 0) fail(`values.yaml does not have ${missing} of ${path}`);
  };
  look(values, schema, '');
}

/** The commands of the guide, rendered instead of installed: their flags and values exist. */
function checkGuide(helms) {
  const guide = readFileSync(join(DEPLOY, '..', 'docs', 'deployment.md'), 'utf8').replaceAll('\\\n', ' ');
  const commands = [...guide.matchAll(/^helm install (.+)$/gm)].map(([, words]) => words.trim().split(/\s+/));
  if (commands.length === 0) fail('docs/deployment.md installs nothing');
  for (const words of commands) {
    for (const helm of helms) {
      const text = run(helm, ['template', ...words, '--kube-version', KUBERNETES.at(-1)], { cwd: join(DEPLOY, '..') });
      const [, repository] = /image\.repository=(\S+)/.exec(words.join(' ')) ?? [];
      if (!text.includes(`image: ${repository}:`))
        fail(`docs/deployment.md: ${repository} is not in what is installed`);
    }
  }
}

const folders = HELMS.map(fetchHelm);
const helms = folders.map((folder) => join(folder, 'helm', 'helm'));
if (process.argv.includes('--write')) {
  writeFileSync(MANIFEST, manifest(helms[0]));
  writeFileSync(GOLDEN, goldenOf(helms[0]));
} else {
  // To render takes neither dist/ nor packages, which these need.
  const { checkPolicies } = await import('./policy/check.mjs');
  const { check: outdated } = await import('./policy/generate.mjs');
  const bin = fetchValidator();
  const rendering = goldenOf(helms[0]);
  const held = readFileSync(GOLDEN, 'utf8');
  if (held !== rendering)
    fail(
      'deploy/golden.diff is not what the chart renders: node deploy/check.mjs --write',
      firstChange(held, rendering),
    );
  const rendered = checkMatrix(helms, bin);
  checkRefused(helms);
  checkTooOld(helms);
  checkSchema(bin);
  const old = outdated();
  if (old.length > 0) fail(`${old} of the chart's policy/ is not what it is made of: node deploy/policy/generate.mjs`);
  if (!existsSync(MANIFEST) || readFileSync(MANIFEST, 'utf8') !== manifest(helms[0])) {
    fail('deploy/kustomize/injector.yaml is not what the chart renders: node deploy/check.mjs --write');
  }
  const pods = checkSelectors(parse(bin, readFileSync(MANIFEST, 'utf8')));
  checkSidecarPolicies((values) => parse(bin, render(helms[0], values, KUBERNETES.at(-1))));
  checkPodMonitors((values) => parse(bin, render(helms[0], values, KUBERNETES.at(-1))));
  checkGuide(helms);
  checkKustomize(join(folders[0], 'kubectl', 'kubectl'), bin);
  const compared = await checkPolicies(work, (values) => parse(bin, render(helms[0], values, KUBERNETES.at(-1))), fail);
  console.log(
    `${rendered} renderings are valid, ${pods} pairs of labels, the manifests are as rendered, ${compared} pods by policy`,
  );
}
