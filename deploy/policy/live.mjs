// The chart's admission policies on a real API server, 1.36 or later. Of every pod of check.mjs it makes what it makes of the
// webhook's, it warns and refuses as is said there, and it takes each pod that it takes without them.
//   KUBECONFIG=~/.kube/config node deploy/policy/live.mjs
// Pods are dry runs but for one. Every object that it makes has a label of this run, concerns namespaces of this run alone, and goes at the end.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parse, render } from '../chart.mjs';
import { fetchHelm, fetchValidator, HELMS, run } from '../tools.mjs';
import { casesByValues } from './pods.mjs';

const RUN = `tcp-sniffer-live-${randomBytes(3).toString('hex')}`;
const OF_RUN = 'tcp-sniffer-live';
const OF_VALUES = 'tcp-sniffer-live-values';
const INJECT = 'tcp-sniffer/inject';
const KINDS = ['Mutating', 'Validating'].flatMap((kind) => [`${kind}AdmissionPolicy`, `${kind}AdmissionPolicyBinding`]);
/** The API server learns of the policies of a group by a watch, and compiles them then. */
const PATIENCE_MS = 60_000;
/** A server that has no time left for a request compiles on after its answer; a second request beside that would be as slow. */
const COMPILE_MS = 30_000;
const MAX_TRIES = 8;
/** Requests at one time. */
const AT_ONCE = 8;
/** Of what the server says of a pod that it does not take. */
const MAX_REASON_CHARS = 200;

/** Plain HTTP to the API server, with the rights of KUBECONFIG. */
async function startProxy() {
  const child = spawn('kubectl', ['proxy', '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (address !== undefined) return { url: `http://${address}`, child };
  }
  throw new Error('kubectl proxy ended');
}

/** Such a path in the API, for what is made here. */
const pathOf = (kind) =>
  kind === 'Namespace'
    ? '/api/v1/namespaces'
    : `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase().replace(/y$/, 'ie')}s`;

/** One after the other: to compile a policy takes a slow server seconds, and after 34 s it answers that it has no time left. */
async function make(url, objects) {
  for (const object of objects) {
    for (let tries = 1; ; tries++) {
      const response = await fetch(`${url}${pathOf(object.kind)}?fieldValidation=Strict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(object),
      });
      const { message } = await response.json();
      // After such an answer it may have been made all the same.
      if (response.ok || (tries > 1 && response.status === 409)) break;
      if (response.status !== 504 || tries === MAX_TRIES)
        throw new Error(`${object.kind} ${object.metadata.name}: ${message}`);
      await sleep(COMPILE_MS);
    }
  }
}

/** Our warnings of those that the header has. */
const warningsOf = (header) =>
  [...(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)]
    .map(([, text]) =>
      text.replace(/\\(.)/g, '$1').replace(/^Validation failed for \S+ '[^']*' with binding '[^']*': /, ''),
    )
    .filter((text) => text.startsWith('tcp-sniffer: '));

/** Ephemeral containers have a way of their own into a pod. */
const placeOf = ({ metadata, spec }) =>
  `/${metadata.name}${spec.ephemeralContainers === undefined ? '' : '/ephemeralcontainers'}`;

/** The pod as the server would keep it, or why it would not, and all that it says. */
async function ask(url, { namespace, pod, update = false, dryRun = true }) {
  const path = `/api/v1/namespaces/${namespace}/pods${update ? placeOf(pod) : ''}`;
  const response = await fetch(`${url}${path}?fieldValidation=Ignore${dryRun ? '&dryRun=All' : ''}`, {
    method: update ? 'PUT' : 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(pod),
  });
  const body = await response.json();
  const said = warningsOf(response.headers.get('warning'));
  return response.ok ? { pod: body, said } : { refused: body.message, said: [...said, body.message] };
}

/** Without the times in the status, and without the token's volume, whose name differs and which comes after or before ours. */
function bare({ metadata, spec, status, ...pod }) {
  const { uid, creationTimestamp, managedFields, name, ...others } = metadata;
  const withoutToken = (list) => list?.filter((each) => !each.name.startsWith('kube-api-access-'));
  const unmounted = (list) => list?.map((each) => ({ ...each, volumeMounts: withoutToken(each.volumeMounts) ?? [] }));
  return {
    ...pod,
    metadata: { ...others, name: others.generateName === undefined ? name : undefined },
    spec: {
      ...spec,
      volumes: withoutToken(spec.volumes) ?? [],
      containers: unmounted(spec.containers),
      initContainers: unmounted(spec.initContainers),
    },
  };
}

/** The chart's policies under a name of this run, for the namespaces of these values. */
function policies(objects, id) {
  const own = (name) => name.replace('tcp-sniffer-injector', id);
  const chosen = objects.filter(({ kind }) => KINDS.includes(kind));
  for (const { metadata, spec } of chosen) {
    metadata.name = own(metadata.name);
    metadata.labels[OF_RUN] = RUN;
    if (spec.policyName === undefined) continue;
    spec.policyName = own(spec.policyName);
    spec.matchResources.namespaceSelector.matchExpressions.push({ key: OF_VALUES, operator: 'In', values: [id] });
  }
  return chosen;
}

/** Each case in a labelled namespace, and if its pod has the label, in another namespace, too, unless once is enough. */
function place(cases, id) {
  const names = new Map();
  const tries = cases.flatMap((each) => {
    const elsewhere = each.pod.metadata.labels?.[INJECT] === 'true' && !each.once ? [{}] : [];
    const both = [{ [INJECT]: 'true' }, ...elsewhere];
    return both.map((wish) => {
      const labels = JSON.stringify({ ...each.labels, ...wish, [OF_VALUES]: id, [OF_RUN]: RUN });
      if (!names.has(labels)) names.set(labels, `${id}-${names.size}`);
      return { ...each, namespace: names.get(labels) };
    });
  });
  const namespaces = [...names].map(([labels, name]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: JSON.parse(labels) },
  }));
  return { tries, namespaces };
}

/** The server's answers to the pod and to the webhook's while there are no policies; a pod that is there is made. */
async function before(url, each) {
  const { namespace, pod, oldPod, expected } = each;
  if (oldPod !== undefined) {
    const metadata = { ...oldPod.metadata, name: `there-${randomBytes(3).toString('hex')}` };
    // No scheduler takes it: a node would change the pod before we do.
    const spec = { ...oldPod.spec, schedulerName: RUN };
    const made = await ask(url, { namespace, pod: { ...oldPod, metadata, spec }, dryRun: false });
    const { ephemeralContainers } = pod.spec;
    return { ...each, update: true, pod: { ...made.pod, spec: { ...made.pod.spec, ephemeralContainers } } };
  }
  const taken = await ask(url, { namespace, pod });
  const wanted = expected && (await ask(url, { namespace, pod: expected }));
  if (taken.refused === undefined && wanted?.refused !== undefined)
    throw new Error(`${each.name}: the server takes no pod of the webhook: ${wanted.refused}`);
  return { ...each, refused: taken.refused, wanted: wanted?.pod };
}

/** The fault of the pod that the policies have made; `undefined` if there is none. */
function fault({ pod, refused, wanted, wrong }, answer) {
  if (refused !== undefined)
    return answer.refused === undefined ? `taken, but without policies: ${refused}` : undefined;
  const byLock = /denied request: tcp-sniffer: refused: /.test(answer.refused);
  if (answer.refused !== undefined && !byLock) return answer.refused;
  if (!byLock && wanted && !isDeepStrictEqual(bare(answer.pod), bare(wanted)))
    return `another pod\n${JSON.stringify(bare(answer.pod))}\n${JSON.stringify(bare(wanted))}`;
  return wrong(answer.pod ?? pod, answer.said);
}

/** The results of `action` in the order of the list. */
async function mapped(list, action) {
  const results = [];
  for (let at = 0; at < list.length; at += AT_ONCE)
    results.push(...(await Promise.all(list.slice(at, at + AT_ONCE).map(action))));
  return results;
}

/** Its fault at last: while there is one, the server is asked again. */
async function judge(url, each, deadline) {
  for (;;) {
    const found = fault(each, await ask(url, each));
    if (found === undefined) return [];
    if (Date.now() > deadline) return [`${each.name}, in ${each.namespace}: ${found}`];
    await sleep(500);
  }
}

/** Come first: once each policy that speaks has spoken, no pod is left alone just because it came too early. */
function probes(namespace) {
  const web = { name: 'web', image: 'registry.example/web:1' };
  const ours = { name: 'tcp-sniffer', image: 'registry.example/other:1' };
  const probe = (name, words, label, containers) => ({
    ...{ name, namespace, pod: { metadata: { name, labels: { [INJECT]: label } }, spec: { containers } } },
    wrong: (_, said) => (said.some((text) => text.includes(words)) ? undefined : `does not say${words}, but: ${said}`),
  });
  return [
    probe('warnings', ' not injected: not_opted_in: ', 'neither', [web]),
    probe('locks', ' refused: ', 'true', [web, ours]),
  ];
}

/** Counters of evaluations, without those by which a pod was warned of or refused. */
const IGNORED =
  /^apiserver_(mutating_admission_policy_check_total\{|validating_admission_policy_check_total\{enforcement_action="allow")/;

/** Evaluations that failed and were ignored, which is said nowhere else. */
async function failures(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => IGNORED.test(line) && line.includes(RUN) && !line.includes('error_type="no_error"'));
}

/**
 * Pods need that of their namespace. Its controller makes it after a moment; where none runs, pods need none. Without a token: the
 * server would mount it into sidecars that are written by hand, too, and the locks refuse that.
 */
async function serviceAccounts(url, namespaces) {
  const deadline = Date.now() + 10_000;
  const body = JSON.stringify({ automountServiceAccountToken: false });
  const headers = { 'content-type': 'application/merge-patch+json' };
  for (const { metadata } of namespaces) {
    const account = `${url}/api/v1/namespaces/${metadata.name}/serviceaccounts/default`;
    while (!(await fetch(account, { method: 'PATCH', headers, body })).ok && Date.now() < deadline) await sleep(200);
  }
}

/** The chart's values, with the options of the tables' one namespace for those of this group. */
function valuesFor(namespaces, text) {
  const values = JSON.parse(text);
  const options = values.namespaces?.shop;
  if (options !== undefined)
    values.namespaces = Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, options]));
  return values;
}

async function prove(url, work) {
  const { gitVersion } = JSON.parse(run('kubectl', ['version', '-o', 'json'])).serverVersion;
  const helm = join(fetchHelm(HELMS[0]), 'helm', 'helm');
  const bin = fetchValidator();
  const groups = [...(await casesByValues(work))].map(([values, cases], index) => {
    const id = `${RUN}-${index}`;
    const { tries, namespaces } = place(cases, id);
    const rendered = render(helm, valuesFor(namespaces, values), gitVersion);
    return { tries, namespaces, objects: policies(parse(bin, rendered), id) };
  });
  const faults = [];
  const refused = new Map();
  let compared = 0;
  for (const [index, { namespaces, tries, objects }] of groups.entries()) {
    console.error(`live: values ${index + 1} of ${groups.length}`);
    await make(url, namespaces);
    await serviceAccounts(url, namespaces);
    const asked = await mapped(tries, (each) => before(url, each));
    await make(url, objects);
    const deadline = Date.now() + PATIENCE_MS;
    const labelled = namespaces.find(({ metadata }) => metadata.labels[INJECT] === 'true');
    for (const probe of probes(labelled.metadata.name)) faults.push(...(await judge(url, probe, deadline)));
    faults.push(...(await mapped(asked, (each) => judge(url, each, deadline))).flat());
    for (const each of asked) {
      if (each.refused === undefined) compared++;
      else refused.set(each.name, each.refused);
    }
    // Policies that are not needed any more would only slow the server down.
    remove(KINDS);
  }
  faults.push(...(await failures(url)));
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const reasons = [...refused].map(([name, reason]) => `\n  ${name}: ${reason.slice(0, MAX_REASON_CHARS)}`);
  return `${gitVersion}: ${compared} pods by ${groups.length} policies; taken from nobody: ${refused.size}${reasons.join('')}`;
}

function remove(kinds) {
  run('kubectl', ['delete', kinds.join(','), '-l', `${OF_RUN}=${RUN}`, '--wait=false']);
}

const work = mkdtempSync(join(tmpdir(), 'tcp-sniffer-live-'));
const { url, child } = await startProxy();
try {
  console.log(await prove(url, work));
} catch (error) {
  console.error(`live: ${error.message}\n${error.stderr ?? ''}`);
  process.exitCode = 1;
} finally {
  child.kill();
  remove([...KINDS, 'namespaces']);
  rmSync(work, { recursive: true, force: true });
}
