// The pods that the policies are compared with the webhook on: those of the tables of __test__/injector, each with what the webhook
// makes of it, and those of cases.mjs.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { BY_POLICY, REFUSED, TAKEN, URLS } from './cases.mjs';

const TESTS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '__test__', 'injector');

/** The tables of pods and the webhook that answers for them. */
async function webhook(work) {
  const outfile = join(work, 'webhook.mjs');
  await build({
    stdin: {
      contents: `
        export { WITH_ALL_OPTIONS, WITH_EACH_OPTION, SAMPLES } from './option-pods';
        export { INJECTED, SKIPPED } from './pods';
        export { ask, IMAGE, patched, reasonOf } from './rig';
      `,
      resolveDir: TESTS,
      loader: 'ts',
    },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return import(pathToFileURL(outfile).href);
}

/** The chart's values that say what the injector is told by these variables. */
function valuesOf({ env = {}, native = true }, image) {
  const [, repository, tag] = /^(.*):([^:]*)$/.exec(image);
  const taken = {
    INJECTOR_SIDECAR_PORTS: (ports) => ({ sidecar: { ports } }),
    INJECTOR_SIDECAR_INTERFACE: (name) => ({ sidecar: { interface: name } }),
    INJECTOR_SIDECAR_OUTPUT_URL: (outputUrl) => ({ sidecar: { outputUrl } }),
    INJECTOR_SIDECAR_AUTH_SECRET: (authSecret) => ({ sidecar: { authSecret } }),
    INJECTOR_SIDECAR_OTLP_HEADERS_SECRET: (otlpHeadersSecret) => ({ sidecar: { otlpHeadersSecret } }),
    INJECTOR_SIDECAR_KAFKA_USERNAME_SECRET: (kafkaUsernameSecret) => ({ sidecar: { kafkaUsernameSecret } }),
    INJECTOR_SIDECAR_KAFKA_PASSWORD_SECRET: (kafkaPasswordSecret) => ({ sidecar: { kafkaPasswordSecret } }),
    INJECTOR_SIDECAR_OPTIONS: (json) => ({ sidecar: { options: JSON.parse(json) } }),
    INJECTOR_NAMESPACES: (json) => ({
      namespaces: Object.fromEntries(Object.entries(JSON.parse(json)).map(([name, options]) => [name, { options }])),
    }),
    INJECTOR_POLICY: (json) => ({ policy: JSON.parse(json) }),
  };
  const values = { mode: 'policy', image: { repository, tag }, sidecar: { native: native ? 'auto' : 'never' } };
  for (const [name, value] of Object.entries(env)) {
    for (const [part, content] of Object.entries(taken[name](value))) values[part] = { ...values[part], ...content };
  }
  return values;
}

/** True if the webhook does it and a policy does not, as docs/injector.md says. */
const isBeyond = ({ pod, reason, request }) =>
  // Selectors and conditions keep these pods from being looked at.
  request !== undefined ||
  ['mirror_pod', 'unreadable_pod'].includes(reason) ||
  // The API server takes no such pod.
  pod.spec.containers.some(({ env = [] }) => !Array.isArray(env)) ||
  (reason === 'not_opted_in' && pod.metadata.labels['tcp-sniffer/inject'] === undefined);

/** The policy leaves a pod alone that asks for its TLS secrets. */
const asksForKeys = ({ pod }) =>
  Object.keys(pod.metadata.annotations ?? {}).some((name) => name.startsWith('tcp-sniffer/tls-keylog'));

/** Reasons of which the webhook says nothing. */
const SILENT = ['disabled', 'already_injected'];

const sidecarOf = ({ spec }) =>
  [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === 'tcp-sniffer');

/** Each with what it is compared by: a function that returns what is wrong. `once`: in one namespace of live.mjs. */
async function casesOf(work) {
  const { ask, IMAGE, patched, reasonOf, ...tables } = await webhook(work);
  const cases = [];
  for (const each of [...tables.INJECTED, ...tables.WITH_EACH_OPTION, ...tables.WITH_ALL_OPTIONS, ...tables.SKIPPED]) {
    const answered = ask(each.pod, each);
    const after = patched(each.pod, answered.operations);
    const values = valuesOf(each, IMAGE);
    const reason = reasonOf(answered);
    const warnings = reason === undefined ? (answered.response.warnings ?? []).length : 0;
    // A pod that the webhook has made must pass the locks, even if the policy itself would leave the pod alone.
    if (reason === undefined)
      cases.push({
        ...{ name: `${each.name}, of the webhook`, values, pod: after, expected: after },
        wrong: (_, said) => (said.length === warnings ? undefined : `complaints: ${said}`),
      });
    if (isBeyond(each)) continue;
    if (asksForKeys(each)) {
      cases.push({
        ...{ name: `${each.name}, by policy`, values, pod: each.pod, expected: each.pod },
        wrong: (_, said) =>
          said.length === 1 && said[0].includes('not injected: invalid_annotation: mode policy does not read')
            ? undefined
            : `complaints: ${said}`,
      });
      continue;
    }
    cases.push({
      name: each.name,
      values,
      pod: each.pod,
      expected: after,
      wrong: (_, said) => {
        const [first, ...others] = said.filter((text) => !text.includes(': refused: ') || reason === undefined);
        if (reason === undefined)
          return [first, ...others].filter(Boolean).length === warnings
            ? undefined
            : `${warnings} warnings, but: ${said}`;
        if (SILENT.includes(reason)) return first;
        return first?.includes(`not injected: ${reason}: `) ? undefined : `not ${reason}, but: ${said}`;
      },
    });
  }
  const own = ({ values = {}, unchanged, ...others }) => ({
    ...{ values: { ...valuesOf({}, IMAGE), ...values }, ...others },
    ...(unchanged ? { oldPod: others.pod } : {}),
  });
  for (const [name, one, words] of REFUSED)
    cases.push({
      ...{ name: `refused: ${name}`, ...own(one) },
      wrong: (_, said) =>
        said.some((each) =>
          ['refused: ', 'refused: the container tcp-sniffer '].some((begin) => each.includes(begin + words)),
        )
          ? undefined
          : `not refused: ${said}`,
    });
  for (const [name, one] of TAKEN)
    cases.push({ name: `taken: ${name}`, ...own(one), wrong: (_, said) => (said.length > 0 ? `${said}` : undefined) });
  for (const { annotation, url, rules, pod, byHand } of URLS) {
    const answered = ask(pod, { env: { INJECTOR_POLICY: JSON.stringify(rules) } });
    const after = patched(pod, answered.operations);
    const reason = reasonOf(answered);
    if (reason === undefined)
      cases.push({
        ...{
          name: `${annotation} ${url}, of the webhook`,
          once: true,
          ...own({ ...byHand, pod: after }),
          expected: after,
        },
        wrong: (_, said) => (said.length > 0 ? `${said}` : undefined),
      });
    if (reason === 'policy')
      cases.push({
        ...{ name: `${annotation} ${url}, by hand`, once: true, ...own(byHand) },
        wrong: (_, said) =>
          said.some((each) => each.includes('sends messages to a host')) ? undefined : `not refused: ${said}`,
      });
  }
  for (const [name, one, name_] of BY_POLICY)
    cases.push({
      ...{ name, ...own(one) },
      wrong: (pod, said) => {
        const sidecar = sidecarOf(pod);
        if (name_ === undefined)
          return sidecar === undefined && said.length === 1 ? undefined : `injected, or silent: ${said}`;
        const { value = '' } = sidecar?.env.find((each) => each.name === 'INTERFACE') ?? { value: 'no sidecar' };
        return value === name_ ? undefined : `captures on ${value}: ${said}`;
      },
    });
  return cases;
}

/** The cases by the values of the chart, as JSON, that they are for. */
export async function casesByValues(work) {
  const groups = new Map();
  for (const each of await casesOf(work)) {
    const values = JSON.stringify({ ...each.values, locks: { enabled: true, ...each.locks } });
    if (!groups.has(values)) groups.set(values, []);
    groups.get(values).push(each);
  }
  return groups;
}
