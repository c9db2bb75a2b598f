// The conditions on a pod's sidecar, however it came into the pod: validations of a policy that refuses pods, and the warnings of
// the policy that only warns.
import { createRequire } from 'node:module';
import { list, quote } from './cel.mjs';
import { bytesOf, hasBrokers, hasHosts, headerNames, isSize } from './rules.mjs';
import { leftOut, sendsToAllowed, textOf, URLS, urlOf, withoutTag } from './variables.mjs';

const require = createRequire(import.meta.url);
const { OPTIONS } = require('../../dist/config/options.js');
const { DEFAULT_REDACTED_HEADERS } = require('../../dist/config/redaction.js');
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
const value = "e.?value.orValue('')";

const FROM_ELSEWHERE = [...SECRETS.map(({ variable }) => variable), 'POD_NAME', 'NAMESPACE', 'NODE_NAME'];

const redacts = () => {
  const asked = headerNames(value);
  const names = `(${asked}.exists(n, n.startsWith('+')) ? ${list(DEFAULT_REDACTED_HEADERS)} + ${asked}.map(n, n.replace('+', '', 1)) : ${asked})`;
  const all = (of) => `sets.contains(${of}, ${RULES}.redactHeaders)`;
  return `(size(${entries('REDACT_HEADERS')}) > 0 || ${all(list(DEFAULT_REDACTED_HEADERS))}) && ${entries('REDACT_HEADERS')}.all(e, ${all(names)})`;
};

const sendsTo = (annotation) =>
  `${entries(annotation.toUpperCase().replaceAll('-', '_'))}.all(e, ${value} == variables.d[?'${annotation}'].orValue('') || ` +
  `${annotation === 'output-kafka' ? hasBrokers(value) : hasHosts(value)} && ${sendsToAllowed(annotation, value)})`;

const below = (name, field, rule, valid, number) =>
  `${RULES}.${rule}.all(most, (size(${entries(name)}) > 0 || ${OPTIONS[field].default.toFixed(1)} <= most) && ${entries(name)}.all(e, ${valid} && double(${number}) <= most))`;

/** Expression and message. */
export const LOCKS = [
  [
    each(
      `!c.?envFrom.hasValue() && size(c.?command.orValue([])) == 0 && size(c.?args.orValue([])) == 0 && c.?env.orValue([]).all(e, !e.?valueFrom.hasValue() || e.name in ${list(FROM_ELSEWHERE)})`,
    ),
    'has a command, arguments or variables from elsewhere that no injection gives it',
  ],
  [
    each(`c.image == variables.d['image'] || ${RULES}.images.exists(i, ${withoutTag('c.image')}.matches(i))`),
    'has an image that the policy does not allow',
  ],
  [
    `size(${RULES}.redactHeaders) == 0 || ${each(redacts())}`,
    'does not redact the headers that the policy wants redacted',
  ],
  [
    `size(${RULES}.outputHosts) == 0 || ${each(URLS.map(sendsTo).join(' && '))}`,
    'sends messages to a host that the policy does not allow',
  ],
  [
    each(below('MAX_BODY_SIZE', 'maxBodySize', 'maxBodySize', isSize(value), `(${bytesOf(value)})`)),
    'keeps larger bodies than the policy allows',
  ],
  [
    each(
      below(
        'SAMPLE_RATE',
        'sampleRate',
        'maxSampleRate',
        `${value}.matches(r'^\\+?(\\d{1,17}\\.?\\d{0,17}|\\.\\d{1,17})$')`,
        value,
      ),
    ),
    'takes a larger share of the connections than the policy allows',
  ],
  [
    `${RULES}.tlsKeylog || ${each(`size(${entries('TLS_KEYLOG')}) == 0`)}`,
    'reads TLS, which the policy does not allow',
  ],
].map(([expression, message]) => [
  expression,
  quote(`tcp-sniffer: refused: the container ${CONTAINER_NAME} ${message}`),
]);

export const LOCK_VARIABLES = [['ours', OURS]];

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
