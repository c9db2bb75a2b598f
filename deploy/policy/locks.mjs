// The conditions on a pod's sidecar, however it came into the pod: validations of a policy that refuses pods, and the warnings of
// the policy that only warns.
import { createRequire } from 'node:module';
import { firstOf, list, literal, matches, quote } from './cel.mjs';
import { hasBrokers, hasHosts, hasSize, isAtMost } from './rules.mjs';
import { leftOut, OF_THE_OPERATOR, REDACTED, sendsToAllowed, textOf, URLS, urlOf, withoutTag } from './variables.mjs';

const require = createRequire(import.meta.url);
const { COMMAND_OPTIONS } = require('../../dist/config/command.js');
const { OPTIONS } = require('../../dist/config/options.js');
const { sidecar } = require('../../dist/injector/container.js');
const { LOOPBACK } = require('../../dist/injector/settings.js');
const { OTEL_VARIABLES } = require('../../dist/injector/otel-variables.js');
const { SECRETS } = require('../../dist/injector/secrets.js');
const { CONTAINER_NAME, PREFIX, STATUS_ANNOTATION } = require('../../dist/injector/names.js');

const RULES = 'variables.rules';
const containersOf = (object) =>
  `(${object}.spec.containers + ${object}.spec.?initContainers.orValue([]) + ${object}.spec.?ephemeralContainers.orValue([]))`;
const ours = (object) => `${containersOf(object)}.filter(c, c.name == ${quote(CONTAINER_NAME)})`;

/** Those of a new pod, and of a pod that is there already what is changed: a pod of yesterday's image may live on. */
const changed = (of) =>
  `oldObject == null ? ${of('object')} : ${of('object')}.filter(c, !${of('oldObject')}.exists(o, o == c))`;

/** The capabilities that others add, where there are some that they must not have. */
const adding = (object) =>
  `(size(${RULES}.capabilities) == 0 ? [] : ${containersOf(object)}.filter(c, c.name != ${quote(CONTAINER_NAME)} && ` +
  `(c.?securityContext.?privileged.orValue(false) || c.?securityContext.?capabilities.?add.orValue([]).exists(k, k.upperAscii().replace('CAP_', '', 1) in ${RULES}.capabilities + ['ALL']))))`;

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

/** All that the rule names; case never counts, and of bodies the rest of the spelling does here. */
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

/** The variables whose text is an annotation's, by the name of that. */
const PLAIN_OF = Object.fromEntries(
  [
    ...COMMAND_OPTIONS.flatMap(({ annotation, variable }) =>
      annotation === undefined ? [] : [[annotation.name, variable]],
    ),
    ...OTEL_VARIABLES.map(({ annotation, variable }) => [annotation, variable]),
  ].filter(([name]) => !['ports', 'interface'].includes(name)),
);
const SECRET_OF = Object.fromEntries(SECRETS.map(({ annotation, variable }) => [annotation, variable]));
const REF = 'e.?valueFrom.?secretKeyRef';
const inEnv = (variable) => `c.?env.orValue([]).filter(e, e.name == ${variable})`;
const ofOperator = 'variables.d[?l]';
const amounts = (kind) =>
  ['cpu', 'memory'].map((name) => [
    `l == '${name}-${kind}'`,
    each(
      `c.?resources.?${kind}s[?'${name}'].optMap(v, quantity(string(v)).compareTo(quantity(${ofOperator}.orValue(''))) == 0).orValue(false)`,
    ),
  ]);
/**
 * That our containers have what the operator says of the locked annotation `l`. Where the operator says nothing, ports are those that the pod
 * declares. Nothing is asked of `native`, the grace period and the containers that log keys: they show nothing more of the traffic.
 */
const KEPT = firstOf(
  [
    [
      `l in ${literal(PLAIN_OF)}`,
      each(
        `${inEnv(`${literal(PLAIN_OF)}[l]`)}.map(e, ${value}) == (l in variables.operators ? variables.operators[l] : ${ofOperator}.optMap(v, [v]).orValue([]))`,
      ),
    ],
    // A pod that names another URL goes without them.
    [
      `l in ${literal(SECRET_OF)}`,
      each(
        `${inEnv(`${literal(SECRET_OF)}[l]`)}.all(e, ${REF}.?name.orValue('') + '/' + ${REF}.?key.orValue('') == ${ofOperator}.orValue(''))`,
      ),
    ],
    [
      "l == 'interface'",
      each(
        `${entries('INTERFACE')}.all(e, ${value} in ${ofOperator}.optMap(v, [v]).orValue(['', ${quote(LOOPBACK)}]))`,
      ),
    ],
    ["l == 'ports'", each(`${entries('PORTS')}.all(e, ${value} == ${ofOperator}.orValue(${value}))`)],
    ["l == 'image'", each(`${withoutTag('c.image')} == ${withoutTag("variables.d['image']")}`)],
    ["l == 'host-network'", '!object.spec.?hostNetwork.orValue(false)'],
    ["l == 'tls-keylog'", each(`size(${entries('TLS_KEYLOG')}) == 0`)],
    ...amounts('request'),
    ...amounts('limit'),
  ],
  'true',
);

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
  ['size(variables.unkept) == 0', 'has something else than the operator, who has locked: ', 'variables.unkept'],
]
  .map(([expression, message, names]) => [
    expression,
    quote(`tcp-sniffer: refused: the container ${CONTAINER_NAME} ${message}`) + (names ? ` + ${told(names)}` : ''),
  ])
  .concat([
    [
      'size(variables.capable) == 0',
      `${quote('tcp-sniffer: refused: capabilities that only the sidecar may have are in the containers ')} + ${told('variables.capable.map(c, c.name)')}`,
    ],
  ]);

export const LOCK_VARIABLES = [
  ['ours', changed(ours)],
  [
    'operators',
    `{${OF_THE_OPERATOR.map(([name, text]) => `${quote(name)}: dyn(${text}.optMap(v, [v]).orValue([]))`).join(',\n')}}`,
  ],
  [
    'unkept',
    `size(variables.ours) == 0 ? [] : ${RULES}.locked.filter(l, ${quote(PREFIX)} + l in object.metadata.?annotations.orValue({}) || !(${KEPT}))`,
  ],
  [
    'capable',
    `(${changed(adding)}).filter(c, !${RULES}.capabilityImages.exists(i, ${withoutTag('c.image')}.matches(i)))`,
  ],
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
