// `node deploy/policy/generate.mjs`: what the chart's admission policies say of a sidecar, from the code of the webhook and the table of
// options, as files that templates/policy.yaml takes in, and what values.schema.json says of them. Needs dist/ (`npm run build:ts`). CI fails when this changes a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { literal, quote } from './cel.mjs';
import { LOCK_VARIABLES, LOCKS, NOTICE_VARIABLES, NOTICES } from './locks.mjs';
import { READ } from './rules.mjs';
import { definitions } from './schema.mjs';
import { camel, textOf, VALUES, variables } from './variables.mjs';

const require = createRequire(import.meta.url);
const { sidecar, volumes } = require('../../dist/injector/container.js');
const { DEFAULT_CONTAINER, GRACE_PERIOD, patchFor } = require('../../dist/injector/patch.js');
const { OTEL_VARIABLES } = require('../../dist/injector/otel-variables.js');
const { SECRETS } = require('../../dist/injector/secrets.js');
const { STATUS_ANNOTATION } = require('../../dist/injector/names.js');
const { VERSION } = require('../../dist/version.js');

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'helm', 'tcp-sniffer');

/** Stands in a model for what CEL puts there. */
const hole = (name) => `<${name}>`;
const named = ['image', 'imagePullPolicy', 'cpuRequest', 'cpuLimit', 'memoryRequest', 'memoryLimit'];
/** The value of each variable as an optional. */
const TEXTS = new Map([
  ...READ.map(({ field, variable, annotation }) => [variable, VALUES[field] ?? textOf(annotation.name)]),
  ...OTEL_VARIABLES.map(({ variable, annotation }) => [variable, VALUES[variable] ?? textOf(annotation)]),
]);
const partOf = (variable, part) => hole(`${variable} ${part}`);
const SETTINGS = {
  ...Object.fromEntries(named.map((name) => [name, hole(name)])),
  env: Object.fromEntries([...TEXTS.keys()].map((variable) => [variable, hole(variable)])),
  secrets: Object.fromEntries(
    SECRETS.map(({ variable }) => [variable, { name: partOf(variable, 'name'), key: partOf(variable, 'key') }]),
  ),
  hostNetwork: false,
  tlsKeys: false,
  warnings: [],
};
const HOLES = new Map([
  ...named.map((name) => [hole(name), `variables.${name}`]),
  [hole('imagePullPolicy'), "variables.d['imagePullPolicy']"],
  ...SECRETS.flatMap((secret) =>
    ['name', 'key'].map((part, at) => [partOf(secret.variable, part), `variables.${camel(secret)}.split('/')[${at}]`]),
  ),
]);

/** Entries that are there under a condition are optional. */
function environment(entries) {
  const items = entries.map((entry) => {
    if (entry.value === hole(entry.name)) {
      return `?${TEXTS.get(entry.name)}.optMap(v, {'name': dyn(${quote(entry.name)}), 'value': dyn(v.replace('$', '$$'))})`;
    }
    const secret = SECRETS.find(({ variable }) => variable === entry.name);
    if (secret !== undefined)
      return `?(variables.${camel(secret)} == '' ? optional.none() : optional.of(${literal(entry, HOLES)}))`;
    return literal(entry, HOLES);
  });
  return `[\n  ${items.join(',\n  ')}\n]`;
}

function container() {
  const [native, classic] = [true, false].map((each) => sidecar(SETTINGS, each));
  const { restartPolicy, ...others } = native;
  if (JSON.stringify(others) !== JSON.stringify(classic)) throw new Error('sidecars differ in more than restartPolicy');
  const members = Object.entries(others).map(([name, value]) =>
    name === 'env' ? `'env': dyn(variables.environment)` : `${quote(name)}: dyn(${literal(value, HOLES)})`,
  );
  const restart = `?'restartPolicy': variables.native ? optional.of(dyn(${quote(restartPolicy)})) : optional.none()`;
  return { environment: environment(others.env), container: `{\n  ${[...members, restart].join(',\n  ')}\n}` };
}

/** The value of the status annotation, of which the webhook's patch of a model pod is the pattern. */
function status() {
  const pod = { metadata: { annotations: {} }, spec: { containers: [{ name: 'a' }, { name: 'b' }] } };
  const operation = patchFor(pod, { inject: true, native: true, settings: SETTINGS }).find(({ path }) =>
    path.startsWith('/metadata/annotations/'),
  );
  const { version, container: name, native, ports, ...unknown } = JSON.parse(operation.value);
  if (version !== VERSION || native !== true || Object.keys(unknown).length > 0) throw new Error(operation.value);
  const text = JSON.stringify({ version: '\u0001', container: name, native: '\u0002', ports: '\u0003' });
  if (ports !== hole('PORTS')) throw new Error(`the status has other ports: ${ports}`);
  const [start, afterVersion, afterNative, end] = text.replace(/"\\u0002"/, '\\u0002').split(/\\u000[123]/);
  return `${quote(start)} + variables.d['version'] + ${quote(afterVersion)} + string(variables.native) + ${quote(afterNative)} + variables.ports + ${quote(end)}`;
}

const pointer = (name) => `'/metadata/annotations/' + jsonpatch.escapeKey(${quote(name)})`;

/** As ts/injector/patch.ts does it. No `test` is needed: this is evaluated on the very pod that is patched. */
function patch() {
  const add = (path, value) => `JSONPatch{op: 'add', path: ${path}, value: ${value}}`;
  const addTo = (part, at, value) =>
    `(size(object.spec.?${part}.orValue([])) > 0 ? [${add(`'/spec/${part}/${at}'`, value)}] : [${add(`'/spec/${part}'`, `[${value}]`)}])`;
  const grace = textOf('termination-grace-period-seconds');
  const has = 'object.spec.?terminationGracePeriodSeconds';
  return `size(variables.stop) > 0 || variables.reason != '' ? [] :
(variables.native ? ${addTo('initContainers', '0', 'variables.container')} : [${add("'/spec/containers/-'", 'variables.container')}]) +
${volumes(SETTINGS)
  .map((volume) => addTo('volumes', '-', literal(volume)))
  .join(' +\n')} +
(!${has}.hasValue() ? [${add("'/spec/terminationGracePeriodSeconds'", `${grace}.optMap(v, int(v)).orValue(${GRACE_PERIOD})`)}] :
 ${grace}.optMap(v, int(v) > ${has}.orValue(0)).orValue(false) ? [${add("'/spec/terminationGracePeriodSeconds'", `${grace}.optMap(v, int(v)).orValue(0)`)}] : []) +
(object.metadata.?annotations.hasValue() ? [] : [${add("'/metadata/annotations'", '{}')}]) +
[${add(pointer(STATUS_ANNOTATION), 'variables.status')}] +
(size(object.spec.containers) == 1 && !variables.a[?${quote(DEFAULT_CONTAINER)}].hasValue() ?
 [${add(pointer(DEFAULT_CONTAINER), 'object.spec.containers[0].name')}] : [])`;
}

const indented = (text) => text.replace(/^/gm, '      ');
const block = (pairs) =>
  pairs.map(([name, expression]) => `  - name: ${name}\n    expression: |-\n${indented(expression)}\n`).join('');

const validations = (pairs) =>
  pairs
    .map(
      ([expression, message]) =>
        `  - expression: |-\n${indented(expression)}\n    messageExpression: |-\n${indented(message)}\n`,
    )
    .join('');

/** A pod for which nothing is to be done and nothing to be said: it says so itself, or has the sidecar. */
const STOP = `variables.inject.orValue('true') == 'false' ? ['disabled'] :
object.metadata.?annotations[?'${STATUS_ANNOTATION}'].hasValue() && (object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, c.name == 'tcp-sniffer') ? ['already_injected'] : []`;

/** The last member of the schema is made, the others are written by hand. */
function schema() {
  const text = readFileSync(join(FOLDER, 'values.schema.json'), 'utf8');
  const [start, , ...more] = text.split('  "definitions": {');
  if (start === text || more.length > 0) throw new Error('values.schema.json has not one "definitions"');
  return `${start}${JSON.stringify({ definitions: definitions() }, null, 2).slice(2)}\n`;
}

function files() {
  const { environment: env, container: whole } = container();
  const head = '# Made by `node deploy/policy/generate.mjs`; edit what that makes it of.\n';
  return {
    'policy/variables.yaml': `${head}${block([...variables(status()), ['stop', STOP]])}`,
    'policy/patch.yaml': `${head}${block([
      ['environment', env],
      ['container', whole],
    ])}`,
    'policy/patch.cel': patch(),
    'policy/notices.yaml': `${head}${block(NOTICE_VARIABLES)}`,
    'policy/notices.validations.yaml': `${head}${validations(NOTICES)}`,
    'policy/locks.yaml': `${head}${block(LOCK_VARIABLES)}`,
    'policy/locks.validations.yaml': `${head}${validations(LOCKS)}`,
    'values.schema.json': schema(),
  };
}

export function check() {
  return Object.entries(files())
    .filter(([name, text]) => {
      try {
        return readFileSync(join(FOLDER, name), 'utf8') !== text;
      } catch {
        return true;
      }
    })
    .map(([name]) => name);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(files())) writeFileSync(join(FOLDER, name), text);
}
