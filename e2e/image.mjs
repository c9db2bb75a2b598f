// The image at work: in a cluster the injector, installed by the chart and running from the image, adds the sidecar to a
// server that was not prepared; its traffic has to be in the sidecar's log and at an https collector.
//   node e2e/image.mjs
// KUBECONFIG: any cluster that runs pods; without it one of our own, where there is one beside the project; else, or with
// E2E_PODMAN=1, podman's pods.
// E2E_IMAGE: an image that is there already, else it is built here (docker/test-image.sh). E2E_LOAD: a command that brings an
// image into that cluster, e.g. 'kind load docker-image'. E2E_KEEP=1: what was made stays.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchHelm, HELMS, run } from '../deploy/tools.mjs';
import { imageBom, readImage } from '../packaging/image-sbom.mjs';
import { clusterUp, Kubectl, noCluster, until } from './image/cluster.mjs';
import { controllers, tellsOwner } from './image/cluster-proofs.mjs';
import { buildImage, makeCertificate, withCa } from './image/make.mjs';
import * as objects from './image/objects.mjs';
import { ENV, noPodman, Podman } from './image/podman.mjs';
import { astray, capabilities, drain, failures, messages, SIDECAR } from './image/proofs.mjs';
import { readsTls } from './image/tls-proof.mjs';

const CHART = fileURLToPath(new URL('../deploy/helm/tcp-sniffer', import.meta.url));
const INJECTOR_NAMESPACE = 'tcp-sniffer';
const INJECTOR = 'tcp-sniffer-injector';
const { NAMESPACE } = objects;
/** The first version with mode: policy. */
const POLICY_MINOR = 36;
const POLICIES = ['Mutating', 'Validating'].flatMap((kind) => [
  `${kind}AdmissionPolicy`,
  `${kind}AdmissionPolicyBinding`,
]);
/** Of a node that loses how a container ended, so many in a row are not chance. */
const DRAIN_TRIES = 5;

const [missing, noPods] = [noCluster(), noPodman()];
if (missing !== undefined) console.log(`image in a cluster: NOT RUN, ${missing}`);
if (missing !== undefined && noPods !== undefined) {
  console.log(`image in podman's pods: NOT RUN, ${noPods}`);
  process.exit(0);
}

const work = mkdtempSync(join(tmpdir(), 'tcp-sniffer-image-'));
const token = randomBytes(12).toString('hex');
let end = () => {};
try {
  const certificate = makeCertificate(work, objects.COLLECTOR_HOST);
  const image = withCa(process.env.E2E_IMAGE ?? buildImage(), certificate.caFile, work);
  const place = missing === undefined ? await inCluster(image) : await inPodman(image, certificate);
  const pods = await step('a labelled pod gets its sidecar', () => inject(place, image, certificate));
  await step('requests and responses come out, both at the log and at the collector', () => messages(pods, token));
  await step('the sniffer is no root and has no right left', () => capabilities(pods));
  await step('a deleted pod drains its sidecar, exit 0', async () => {
    for (let tries = 1; !(await drain(pods, token)); tries++) {
      if (tries === DRAIN_TRIES) throw new Error(`the node lost how the sidecar ended, ${tries} times`);
      await until('the pod is gone', 60, () => isGone(place, 'shop'));
      pods.shop = await startShop(place, image, pods.collector);
    }
  });
  await step('a sidecar that cannot capture leaves its pod ready', () =>
    astray({ place, image, ready: (name) => ready(place, name) }),
  );
  await step("TLS of a Node application under another uid is read, its server's and its fetch's", () =>
    readsTls(pods, image, (name) => ready(place, name)),
  );
  if (missing === undefined) {
    await step('a typo in an annotation is an event on the owner', () => tellsOwner(pods, image));
    await step('pods of a Deployment and of a Job too', () => controllers(pods, image, 'webhook'));
    if (place.minor() >= POLICY_MINOR)
      await step('and with a policy in place of the webhook', async () => {
        await replaceByPolicy(place, image);
        await controllers(pods, image, 'policy');
      });
    else console.log(`mode policy: NOT RUN, the server is older than 1.${POLICY_MINOR}`);
  }
  await step('what is wrong is one line and its exit code', () => failures(place, image));
  if (spawnSync('podman', ['--version']).status === 0)
    await step('the bill of materials has what is in the image', () => namesParts(image));
  else console.log('bill of materials of the image: NOT RUN, podman is missing');
  console.log(`image in ${missing === undefined ? 'a cluster' : "podman's pods"}: ok`);
} finally {
  if (!process.env.E2E_KEEP) end();
  rmSync(work, { recursive: true, force: true });
}

async function inCluster(image) {
  const cluster = clusterUp();
  const kubectl = new Kubectl(cluster.env);
  end = () => cluster.down();
  // There is one of it in a cluster, and what is put in here is taken out again.
  if (kubectl.run(['get', 'mutatingwebhookconfiguration', INJECTOR, '--ignore-not-found', '-o', 'name'])) {
    throw new Error(`${INJECTOR} is installed in this cluster already: take another one, or uninstall it`);
  }
  end = () => {
    if (process.env.KUBECONFIG) cleanUp(kubectl);
    cluster.down();
  };
  cluster.load(image);
  await step('the chart brings the injector up, which makes its certificate', () => install(kubectl, image));
  return kubectl;
}

async function inPodman(image, certificate) {
  const podman = new Podman(work, image, certificate, objects.COLLECTOR_HOST);
  end = () => podman.stop();
  await step('the injector runs from the image', () => podman.start());
  return podman;
}

async function step(name, action) {
  const start = performance.now();
  const result = await action();
  console.log(`ok: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

async function install(kubectl, image) {
  kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: INJECTOR_NAMESPACE } });
  applyChart(kubectl, image, { 'podDisruptionBudget.enabled': kubectl.minor() >= 21, 'policy.tlsKeylog': true });
  await until('the injector is available', 90, () => {
    const { status } = kubectl.get('deployment', INJECTOR, INJECTOR_NAMESPACE);
    return status.availableReplicas === 2 || undefined;
  });
  await until('caBundle is set', 30, () => {
    const { webhooks } = kubectl.get('mutatingwebhookconfiguration', INJECTOR);
    return webhooks.every(({ clientConfig }) => clientConfig.caBundle) || undefined;
  });
}

async function replaceByPolicy(kubectl, image) {
  kubectl.run(['delete', 'mutatingwebhookconfiguration', INJECTOR]);
  // A busy server may take longer to compile a policy than a request may take.
  await until('the chart is applied', 300, () => applyChart(kubectl, image, { mode: 'policy', 'locks.enabled': true }));
  await until('the policy adds sidecars', 60, () => {
    const words = ['create', '--dry-run=server', '--validate=false', '-o', 'json', '-f', '-'];
    const { spec } = JSON.parse(kubectl.run(words, JSON.stringify(objects.shop(image, '127.0.0.1'))));
    return spec.initContainers?.some(({ name }) => name === SIDECAR) || undefined;
  });
}

function applyChart(kubectl, image, values) {
  const [, repository, tag] = /^(.*):([^:]*)$/.exec(image);
  const all = { 'image.repository': repository, 'image.tag': tag, ...values };
  const sets = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  // The chart wants 1.21; what it renders for 1.25 goes into an older cluster too, but for the disruption budget.
  const version = `1.${Math.max(kubectl.minor(), 25)}`;
  const helm = join(fetchHelm(HELMS[0]), 'helm', 'helm');
  const words = ['template', 'tcp-sniffer', CHART, '--namespace', INJECTOR_NAMESPACE, '--kube-version', version];
  return kubectl.apply(run(helm, [...words, ...sets]));
}

async function inject(place, image, { cert, key }) {
  await place.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await place.apply(objects.secret('collector-tls', { 'tls.crt': cert, 'tls.key': key }));
  await place.apply(objects.secret('collector-token', { token }));
  await until('a service account', 30, () => place.get('serviceaccount', 'default', NAMESPACE));
  await place.apply(objects.collector(image));
  const collector = await ready(place, 'collector');
  const shop = await startShop(place, image, collector);
  const { containers, initContainers = [] } = shop.spec;
  const sidecar = [...initContainers, ...containers].filter(({ name }) => name === SIDECAR);
  assert.equal(sidecar.length, 1, 'one sidecar');
  assert.deepEqual(sidecar[0].securityContext.capabilities, { add: ['NET_RAW'], drop: ['ALL'] });
  return { place, collector, shop };
}

function namesParts(image) {
  const found = readImage(image, ENV);
  const { components } = imageBom(found);
  const named = new Set(components.map(({ name }) => name));
  for (const { path } of found.modules) assert(named.has(path.split('node_modules/').at(-1)), path);
  for (const name of ['node', 'libpcap', 'preact', 'napi', 'rustix', '@platformatic/kafka'])
    assert(named.has(name), name);
  if (found.packages.some((text) => text !== '')) assert(named.has('libc6'), 'libc6');
}

async function startShop(place, image, collector) {
  await place.apply(objects.shop(image, collector.status.podIP));
  return ready(place, 'shop');
}

/** Undefined while it is there. */
function isGone(place, name) {
  try {
    place.get('pod', name, NAMESPACE);
    return undefined;
  } catch (error) {
    return /not found/i.test(error.message) || undefined;
  }
}

function ready(place, name) {
  return until(`pod ${name} is ready`, 60, () => {
    const pod = place.get('pod', name, NAMESPACE);
    return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? pod : undefined;
  });
}

function cleanUp(kubectl) {
  try {
    kubectl.letGo('shop', NAMESPACE);
  } catch {
    // It is gone already, or never came to be.
  }
  for (const [kind, name] of [
    ['mutatingwebhookconfiguration', INJECTOR],
    ['clusterrolebinding', INJECTOR],
    ['clusterrole', INJECTOR],
    ['namespace', NAMESPACE],
    ['namespace', INJECTOR_NAMESPACE],
  ]) {
    kubectl.run(['delete', kind, name, '--ignore-not-found', '--wait=false']);
  }
  if (kubectl.minor() >= POLICY_MINOR)
    kubectl.run(['delete', POLICIES.join(','), '-l', 'app.kubernetes.io/name=tcp-sniffer-injector', '--wait=false']);
}
