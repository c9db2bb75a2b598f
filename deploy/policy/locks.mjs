// The conditions on a pod's sidecar, however it came into the pod: validations of a policy that refuses pods, and the warnings of
// the policy that only warns.
import { createRequire } from 'node:module';
import { list, literal, matches, quote } from './cel.mjs';
import { hasBrokers, hasHosts, hasSize, isAtMost } from './rules.mjs';
import { leftOut, REDACTED, sendsToAllowed, textOf, URLS, urlOf, withoutTag } from './variables.mjs';

const require = createRequire(import.meta.url);
const { COMMAND_OPTIONS } = require('../../dist/config/command.js');
const { OPTIONS } = require('../../dist/config/options.js');
const { sidecar } = require('../../dist/injector/container.js');
const { OTEL_VARIABLES } = require('../../dist/injector/otel-variables.js');
const { SECRETS } = require('../../dist/injector/secrets.js');
const { CONTAINER_NAME, PREFIX, STATUS_ANNOTATION } = require('../../dist/injector/names.js');

const containersOf = (object) =>
  `(${object}.spec.containers + ${object}.spec.?initContainers.orValue([]) + ${object}.spec.?ephemeralContainers.orValue([]))`;
const ours = (object) => `${containersOf(object)}.filter(c, c.name == ${quote(CONTAINER_NAME)})`;

/** Those of a new pod, and of a pod that is there already what is changed: a pod of yesterday's image may live on. */
const OURS = `oldObject == null ? ${ours('object')} : ${ours('object')}.filter(c, !${ours('oldObject')}.exists(o, o == c))`;

const RULES = 'variables.rules';
/** A condition on each of our containers. */
const each = (condition) => `variables.ours.all(c, ${condition})`;
/** The entries of a variable; of several the last counts, so that all of them have to fit. */
const entries = (name) => `c.?env.orValue([]).filter(e, e.name == '${name}')`;
const written = "e.?value.orValue('')";
/** As the sidecar gets it: that it names no other variable is a lock of its own. */
const value = `${written}.replace('$$', '$')`;

/** With all that a sidecar may have beside its options. */
const MODEL = sidecar({ env: {}, secrets: {}, tlsKeys: true }, true);
const FROM_FIELDS = Object.fromEntries(
  MODEL.env.flatMap(({ name, valueFrom }) => (valueFrom === undefined ? [] : [[name, valueFrom.fieldRef.fieldPath]])),
);
const variableOf = (wanted) => COMMAND_OPTIONS.find(({ field }) => field === wanted).variable;
const FROM_SECRETS = SECRETS.map(({ variable }) => variable);
const PLAIN = [
  ...COMMAND_OPTIONS.filter(({ annotation }) => annotation !== undefined).map(({ variable }) => variable),
  ...OTEL_VARIABLES.map(({ variable }) => variable),
  ...MODEL.env.map(({ name }) => name).filter((name) => !(name in FROM_FIELDS)),
];

/** Fields by which a container runs something else, or takes its variables from elsewhere. No injection sets them. */
const NEVER = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe', 'workingDir'];
const NEVER_FILLED = ['command', 'args', 'envFrom', 'volumeDevices'];
/** The values that the API server fills in: with others, more users read what the container has. */
const FILLED_IN = { terminationMessagePolicy: 'File', terminationMessagePath: '/dev/termination-log' };

/** Another webhook may add to every container whatever the chart names. */
const alsoAllowed = (rule, text) => `${RULES}.${rule}.exists(a, ${text}.lowerAscii().matches(a))`;

const isPlain = `!e.?valueFrom.hasValue() && !${written}.replace('$$', '').contains('$')`;
const isOurVariable = `(e.name in ${literal(FROM_FIELDS)} ? e.?valueFrom.?fieldRef.?fieldPath.orValue('') == ${literal(FROM_FIELDS)}[e.name] :
e.name in ${list(FROM_SECRETS)} ? e.?valueFrom.?secretKeyRef.hasValue() || ${isPlain} :
e.name in ${list(PLAIN)} ? ${isPlain} : ${alsoAllowed('variables', 'e.name')})`;

const isOurMount = `(${MODEL.volumeMounts
  .map(({ name, mountPath }) => `m.name == ${quote(name)} && m.mountPath == ${quote(mountPath)}`)
  .join(' || ')} || !m.mountPath.contains('..') && ${alsoAllowed('mountPaths', 'm.mountPath')})`;

/** All that the rule names; case counts in none of them, and of bodies the rest of the spelling does here. */
function redacts(field) {
  const variable = variableOf(field);
  const contains = (names) =>
    `sets.contains(${names}.map(n, n.lowerAscii()), ${RULES}.${field}.map(n, n.lowerAscii()))`;
  const byItself = contains(list(OPTIONS[field].default));
  const isSet = `size(${entries(variable)}) > 0`;
  return `size(${RULES}.${field}) == 0 || ${each(`(${isSet} || ${byItself}) && ${entries(variable)}.all(e, ${contains(REDACTED[field](value))})`)}`;
}

const sendsTo = (annotation) =>
  `${entries(annotation.toUpperCase().replaceAll('-', '_'))}.all(e, ${value} == variables.d[?'${annotation}'].orValue('') || ` +
  `${annotation === 'output-kafka' ? hasBrokers(value) : hasHosts(value)} && ${sendsToAllowed(annotation, value)})`;

const below = (name, field, rule, valid, isBelow) =>
  `${RULES}.${rule}.all(most, (size(${entries(name)}) > 0 || ${OPTIONS[field].default.toFixed(1)} <= most) && ${entries(name)}.all(e, ${valid} && ${isBelow}))`;

/** The items in a container that do not fit, by their names. */
const others = (part, item, fits, name) =>
  `variables.ours.map(c, c.?${part}.orValue([]).filter(${item}, !(${fits})).map(${item}, ${name})).flatten()`;
/** The API server shows no message of several lines, or of more than 5 KiB. */
const told = (names) => `${names}.join(', ').find(r'^[^\\n\\r]{0,500}')`;

/** Expression, message, and the variable with the names that the message ends with. */
export const LOCKS = [
  [
    each(
      [
        ...NEVER.map((name) => `!c.?${name}.hasValue()`),
        ...NEVER_FILLED.map((name) => `size(c.?${name}.orValue([])) == 0`),
        ...Object.entries(FILLED_IN).map(([name, value]) => `c.?${name}.orValue('${value}') == '${value}'`),
      ].join(' && '),
    ),
    `has a field that no injection gives it: one of ${[...NEVER, ...NEVER_FILLED, ...Object.keys(FILLED_IN)].join(', ')}`,
  ],
  ['size(variables.otherVariables) == 0', 'has a variable that no injection gives it: ', 'variables.otherVariables'],
  ['size(variables.otherMounts) == 0', 'has a mount that no injection gives it: ', 'variables.otherMounts'],
  [
    // Of any tag: replicas of an injector that an upgrade has not ended yet inject the image before.
    each(
      `${withoutTag('c.image')} == ${withoutTag("variables.d['image']")} || ${RULES}.images.exists(i, ${withoutTag('c.image')}.matches(i))`,
    ),
    'has an image that the policy does not allow',
  ],
  ...Object.keys(REDACTED).map((field) => [redacts(field), `does not redact what the policy wants redacted: ${field}`]),
  [
    `${RULES}.redact != 'strict' || ${each(`size(${entries('REDACT')}) > 0 && ${entries('REDACT')}.all(e, ${value} == 'strict')`)}`,
    'does not redact what the policy wants redacted: redact',
  ],
  [
    `size(${RULES}.outputHosts) == 0 || ${each(URLS.map(sendsTo).join(' && '))}`,
    'sends messages to a host that the policy does not allow',
  ],
  [
    each(below('MAX_BODY_SIZE', 'maxBodySize', 'maxBodySize', hasSize(value), isAtMost(value, 'most'))),
    'keeps larger bodies than the policy allows',
  ],
  [
    each(
      below(
        'SAMPLE_RATE',
        'sampleRate',
        'maxSampleRate',
        matches(value, '^[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)$'),
        `double(${value}) <= most`,
      ),
    ),
    'takes a larger share of the connections than the policy allows',
  ],
  [
    `${RULES}.tlsKeylog || ${each(`size(${entries('TLS_KEYLOG')}) == 0`)}`,
    'reads TLS, which the policy does not allow',
  ],
].map(([expression, message, names]) => [
  expression,
  quote(`tcp-sniffer: refused: the container ${CONTAINER_NAME} ${message}`) + (names ? ` + ${told(names)}` : ''),
]);

export const LOCK_VARIABLES = [
  ['ours', OURS],
  ['otherVariables', others('env', 'e', isOurVariable, 'e.name')],
  ['otherMounts', others('volumeMounts', 'm', isOurMount, 'm.mountPath')],
];

const injected = `size(variables.sidecar) > 0 && object.metadata.?annotations[?${quote(STATUS_ANNOTATION)}].hasValue()`;
const chosen = (name) => `!${textOf(name)}.hasValue()`;
const has = (name, text) =>
  `variables.sidecar[0].?env.orValue([]).exists(e, e.name == '${name}' && ${value} == ${text})`;

export const NOTICE_VARIABLES = [['sidecar', ours('object')]];

/** The webhook's warnings for a pod that it injects. */
export const NOTICES = [
  ...URLS.map((url) => [url, SECRETS.filter((secret) => urlOf(secret) === url)]).map(([url, secrets]) => [
    `!(${injected}) || !(${secrets.map((each) => `variables.${leftOut(each)}`).join(' || ')})`,
    quote(
      `tcp-sniffer: annotation ${PREFIX}${url} is not the URL that the operator set, so the sidecar goes without the Secrets that the chart has for it; name yours by ` +
        secrets.map(({ annotation }) => PREFIX + annotation).join(' and '),
    ),
  ]),
  [
    `!(${injected}) || variables.mesh == '' || !(${chosen('interface')} || ${chosen('ports')})`,
    `'tcp-sniffer: this pod is in a mesh (' + variables.mesh + '), ' + (${has('INTERFACE', 'variables.interface')} && ${has('PORTS', 'variables.ports')} ? ` +
      "'so the sidecar captures on ' + (variables.interface == '' ? 'the first interface' : variables.interface) + ', ports ' + variables.ports : " +
      "'whose proxy came after the sidecar: it captures where the traffic is the TLS of the mesh') + " +
      quote(`; ${PREFIX}interface and ${PREFIX}ports choose otherwise`),
  ],
];
