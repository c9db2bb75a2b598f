// The variables of the policy: what ts/injector/decide.ts and its rooms find out of a pod, in CEL. `variables.d` are the
// defaults of every sidecar and `variables.rules` what pods may ask for; both are of the chart (templates/_policy.tpl).
import { createRequire } from 'node:module';
import { firstOf, fits, list, matches, quote } from './cel.mjs';
import {
  bytesOf,
  everyHost,
  isList,
  MAX_TOPIC_CHARS,
  namesIn,
  OTEL_RULES,
  READ,
  redactedHeaders,
  ruleFor,
} from './rules.mjs';

const require = createRequire(import.meta.url);
const { OPTIONS } = require('../../dist/config/options.js');
const { MESHES } = require('../../dist/injector/mesh.js');
const names = require('../../dist/injector/names.js');
const {
  OTEL_VARIABLES,
  SERVICE_ANNOTATION,
  SERVICE_LABEL,
  SERVICE_VARIABLE,
} = require('../../dist/injector/otel-variables.js');
const { SECRETS } = require('../../dist/injector/secrets.js');
const { BUILD_LABEL, OS_LABELS } = require('../../dist/injector/pod-os.js');
const settings = require('../../dist/injector/settings.js');
const sizes = require('../../dist/injector/sizes.js');

const { PREFIX, CONTAINER_NAME } = names;
/** Annotations that make the webhook's patch change the pod's own containers: a pod that has one is left as it is. */
export const NOT_READ = ['tls-keylog', 'tls-keylog-containers'];

/** Whose hosts the rules of the chart are about. */
export const URLS = ['output-url', 'output-otlp', 'output-kafka'];

const given = (name) => `variables.a[?${quote(PREFIX + name)}]`;

/** The text of an annotation, or its default, as an optional. */
export function textOf(name) {
  const option = READ.find(({ annotation }) => annotation.name === name);
  const annotated =
    option !== undefined && isList(option)
      ? `${given(name)}.optFlatMap(v, ${matches('v', '[^,\\s]')} ? optional.of(v) : optional.none())`
      : given(name);
  return `${annotated}.or(variables.d[?${quote(name)}]).optMap(v, v.trim())`;
}

/** A condition on the text, true where there is none. */
const holds = (name, rule) => `${textOf(name)}.optMap(v, ${rule}).orValue(true)`;

const optionsOf = (part) => `object.spec.?${part}.orValue([])`;
const ALL = `(object.spec.containers + ${optionsOf('initContainers')})`;

/** The complaints, each about the text of one annotation; empty complaints are left out of the list. */
function complaintsOfAnnotations() {
  const complain = (name, rule) =>
    `${holds(name, rule)} ? '' : ${quote(`invalid_annotation: ${PREFIX}${name}: it is not what it must be, or more than mode policy reads`)}`;
  const secret = "size(v.split('/')) == 2";
  const yesOrNo = "v in ['true', 'false']";
  const quantity = 'isQuantity(v)';
  return [
    ...READ.map(({ field, annotation, emptyMeans }) =>
      complain(annotation.name, emptyMeans === '' ? `v == '' || ${ruleFor(field, 'v')}` : ruleFor(field, 'v')),
    ),
    ...OTEL_VARIABLES.map(({ annotation }) => complain(annotation, OTEL_RULES[annotation]('v'))),
    ...SECRETS.map(({ annotation }) =>
      complain(
        annotation,
        `${secret} && ${fits("v.split('/')[0]", names.OBJECT_NAME)} && ${fits("v.split('/')[1]", names.SECRET_KEY)}`,
      ),
    ),
    complain(
      'image',
      `${fits('v', names.IMAGE)} && size(v.split('@')[0].split('/').map(p, p.split(':')[0]).join('/')) <= ${names.MAX_IMAGE_NAME_CHARS}`,
    ),
    ...['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'].map((name) => complain(name, quantity)),
    complain('native', yesOrNo),
    complain('host-network', yesOrNo),
    complain(
      'termination-grace-period-seconds',
      `${matches('v', '^[0-9]{1,5}$')} && int(v) <= ${settings.MAX_GRACE_SECONDS}`,
    ),
  ];
}

/** Those of the sniffer, of OpenTelemetry and of secrets. */
const FOR_THE_SNIFFER = [
  ...READ.map(({ annotation }) => annotation.name),
  ...[...OTEL_VARIABLES, ...SECRETS].map(({ annotation }) => annotation),
];

const KNOWN = [
  ...FOR_THE_SNIFFER,
  ...['image', 'cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'],
  ...['native', 'host-network', 'termination-grace-period-seconds', 'inject', 'status'],
].map((name) => PREFIX + name);

/** More cost more than the API server lets an expression cost. */
const MAX_DECLARED_PORTS = 500;
/** As many variables, arguments and words of commands may all containers have together, for the same reason. */
const MAX_TEXTS = 30_000;
/** A port in the form in which etcd keeps it. */
const PORT_BYTES = 20;
/** For the parts of a pod that are not counted, and the sidecar. */
const POD_BYTES = 32 * 1024;
/** The time that expressions take grows with the square of them: seconds of the API server's at 20 000. */
const MAX_ANNOTATIONS = 1_000;

const length = (text) => `size(bytes(${text}))`;
const TEXTS_OF_CONTAINERS = ['env', 'args', 'command'];
/** The parts of a pod that can be large: an expression cannot ask for the size of the whole. */
const bytesOfContainers = () => {
  const texts = `c.?args.orValue([]).map(t, ${length('t')}).sum() + c.?command.orValue([]).map(t, ${length('t')}).sum()`;
  const env = `c.?env.orValue([]).map(e, ${length('e.name')} + ${length("e.?value.orValue('')")}).sum()`;
  return `${ALL}.map(c, ${env} + ${texts} + ${PORT_BYTES} * size(c.?ports.orValue([]))).sum()`;
};

const ports = (containers) =>
  `${containers}.map(c, c.?ports.orValue([]).filter(p, p.?protocol.orValue('TCP') == 'TCP').map(p, string(p.containerPort))).flatten().distinct().join(',')`;

/** Policies come before webhooks, so that a proxy that a namespace asks for is not there yet; but they see the namespace. */
const IN_NAMESPACES = {
  Istio: [['labels', 'istio-injection', ['enabled']]],
  Linkerd: [['annotations', 'linkerd.io/inject', ['enabled', 'ingress']]],
  Kuma: [['labels', 'kuma.io/sidecar-injection', ['enabled', 'true']]],
};

function mesh() {
  const wish = ({ key, on }) =>
    on.map((place) => `object.metadata.?${place}[?${quote(key)}]`).reduce((first, next) => `${first}.or(${next})`);
  const wanted = (kind) => {
    const namespace = IN_NAMESPACES[kind.name].map(
      ([place, key, values]) => `namespaceObject.metadata.?${place}[?${quote(key)}].orValue('') in ${list(values)}`,
    );
    const revision = ['object', 'namespaceObject'].map(
      (which) => `${which}.metadata.?labels[?${quote(`${kind.revision}`)}].orValue('') != ''`,
    );
    const others = [...namespace, ...(kind.revision === undefined ? [] : revision)];
    return `${wish(kind.wish)}.hasValue() ? ${wish(kind.wish)}.orValue('') in ${list(kind.wish.values)} : ${others.join(' || ')}`;
  };
  return firstOf(
    [
      ['object.spec.?hostNetwork.orValue(false) || size(variables.application) == 0', "''"],
      ...MESHES.map(({ name, proxy }) => [`variables.running.exists(c, c.name == ${quote(proxy)})`, quote(name)]),
      ...MESHES.map((kind) => [`(${wanted(kind)})`, quote(kind.name)]),
    ],
    "''",
  );
}

function windows() {
  const os = list(OS_LABELS);
  const selector = 'object.spec.?nodeSelector';
  const named = (word) =>
    `object.spec.?os.?name.orValue('') == '${word}' || ${os}.exists(l, ${selector}[?l].orValue('') == '${word}')`;
  const options = (owner) => `${owner}.?securityContext.?windowsOptions.hasValue()`;
  const values = 'e.?values.orValue([])';
  const about = `t.?matchExpressions.orValue([]).filter(e, e.key in ${os})`;
  const excluded = `${about}.exists(e, e.operator == 'In' && !('windows' in ${values}) || e.operator == 'NotIn' && 'windows' in ${values})`;
  const meant = `${about}.exists(e, e.operator == 'In' ? 'windows' in ${values} : 'linux' in ${values})`;
  const byBuild = `t.?matchExpressions.orValue([]).exists(e, e.key == ${quote(BUILD_LABEL)} && e.operator in ['In', 'Exists', 'Gt', 'Lt'])`;
  const terms =
    'object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])';
  return [
    `(${named('windows')} || ${selector}[?${quote(BUILD_LABEL)}].hasValue() || ${options('object.spec')} || ${ALL}.exists(c, ${options('c')}))`,
    `(!(${named('linux')}) && ${terms}.exists(t, ${byBuild} || ${meant} && !${excluded}))`,
  ].join(' || ');
}

/** Both of a container's amounts and those of the pod, as ts/injector/pod-resources.ts compares them. */
function noRoom() {
  const kinds = { cpu: ['cpuRequest', 'cpuLimit'], memory: ['memoryRequest', 'memoryLimit'] };
  return Object.entries(kinds)
    .map(([kind, [request, limit]]) => {
      const amount = (owner) => `${owner}.?resources.?requests[?'${kind}'].or(${owner}.?resources.?limits[?'${kind}'])`;
      const ofPod = amount('object.spec');
      const podLimit = `object.spec.?resources.?limits[?'${kind}']`;
      const sum = `variables.running.map(c, ${amount('c')}.optMap(v, quantity(string(v)).asApproximateFloat()).orValue(0.0)).sum()`;
      return [
        `${ofPod}.optMap(v, quantity(variables.${request}).asApproximateFloat() + ${sum} > quantity(string(v)).asApproximateFloat()).orValue(false)`,
        `${podLimit}.optMap(v, quantity(variables.${limit}).isGreaterThan(quantity(string(v)))).orValue(false)`,
      ].join(' || ');
    })
    .join(' || ');
}

function badResources(request, limit, least, most) {
  const [asked, limited] = [`quantity(variables.${request})`, `quantity(variables.${limit})`];
  return `${asked}.isGreaterThan(${limited}) || ${asked}.isLessThan(quantity('${least}')) || ${limited}.isGreaterThan(quantity('${most}'))`;
}

export function withoutTag(image) {
  const tagged = `${image}.split('@')[0]`;
  // Not by replace(): the port of the registry may be written as the tag is.
  return `${tagged}.substring(0, size(${tagged}) - size(${tagged}.find(':[^/:]*$')))`;
}

const isAllowed = (host) => `variables.rules.outputHosts.exists(h, ${host}.lowerAscii().matches(h))`;

/** That all hosts of a URL which fits are allowed. */
export const sendsToAllowed = (name, url) => everyHost(name, url, isAllowed);

const hostRefused = (name) =>
  `size(variables.rules.outputHosts) > 0 && ${given(name)}.hasValue() && ${textOf(name)} != variables.d[?${quote(name)}] && ` +
  `!${textOf(name)}.optMap(v, ${sendsToAllowed(name, 'v')}).orValue(false)`;

const above = (name, rule, number) =>
  `variables.rules.${rule}.exists(most, ${textOf(name)}.optMap(v, double(${number}) > most).orValue(false))`;

/** Around a text both trim the space that ASCII has. */
const hasControls = (text) =>
  `(${matches(text, '[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f]')} || ${matches(`${text}.trim()`, '[\\t-\\r]')})`;

const complain = (reason, text) => quote(`${reason}: ${text}`);

/** Of `variables.d`. */
const DEFAULTS = [
  ...FOR_THE_SNIFFER,
  ...['image', 'imagePullPolicy', 'version', 'native', 'ceiling/max-body-size', 'ceiling/sample-rate'],
  ...['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'],
];

/** In the order of `decide`. */
function reason() {
  const pairs = [
    [
      "!(variables.inject.orValue('true') in ['true', 'false'])",
      complain('not_opted_in', `label ${names.INJECT_LABEL} must be "true" or "false"`),
    ],
    [
      `${ALL}.exists(c, c.name in ${list([CONTAINER_NAME, names.KEYS_CONTAINER])})`,
      complain('name_conflict', `the pod has a container of its own with a name of ours`),
    ],
    [
      `${optionsOf('volumes')}.exists(v, v.name in ${list([names.NO_TOKEN_VOLUME, names.KEYS_VOLUME])})`,
      complain('name_conflict', 'the pod has a volume of its own with a name of ours'),
    ],
    [
      `variables.d.exists(k, !(k in ${list(DEFAULTS)}))`,
      complain('invalid_annotation', 'sidecar.options of the chart has a name that mode policy does not read'),
    ],
    ['variables.windows', complain('windows', 'the sniffer runs on Linux only')],
    // Comes before all that looks at each of them.
    [
      `size(variables.a) > ${MAX_ANNOTATIONS}`,
      complain('too_large', `it has more than ${MAX_ANNOTATIONS} annotations`),
    ],
    [
      `variables.a.exists(k, k in ${list(NOT_READ.map((name) => PREFIX + name))})`,
      complain('invalid_annotation', `mode policy does not read ${NOT_READ.map((name) => PREFIX + name).join(', ')}`),
    ],
    [
      `variables.a.exists(k, k.startsWith(${quote(PREFIX)}) && !(k in ${list(KNOWN)}))`,
      complain('invalid_annotation', `an annotation under ${PREFIX} is unknown`),
    ],
    [
      `variables.a.exists(k, k.startsWith(${quote(PREFIX)}) && k in ${list(KNOWN.filter((name) => name !== names.STATUS_ANNOTATION))} && size(variables.a[k]) > ${settings.MAX_VALUE_CHARS})`,
      complain('invalid_annotation', `an annotation under ${PREFIX} is too long`),
    ],
    [
      `variables.a.exists(k, k.startsWith(${quote(PREFIX)}) && k != ${quote(names.STATUS_ANNOTATION)} && ${hasControls('variables.a[k]')})`,
      complain('invalid_annotation', `an annotation under ${PREFIX} has control characters`),
    ],
    ['size(variables.invalid) > 0', 'variables.invalid[0]'],
    [
      `${textOf('fields')}.hasValue() && ${textOf('output-otlp')}.hasValue()`,
      complain(
        'invalid_annotation',
        `${PREFIX}fields cannot be given with ${PREFIX}output-otlp, which needs whole messages`,
      ),
    ],
    [
      `${textOf('fields')}.hasValue() && ${textOf('metrics-by-endpoint')}.optMap(v, v.matches(r'^(?i:true|1|yes)$')).orValue(false)`,
      complain(
        'invalid_annotation',
        `${PREFIX}fields cannot be given with ${PREFIX}metrics-by-endpoint, which needs whole messages`,
      ),
    ],
    [
      `${textOf('output-kafka')}.optMap(v, v.matches('[?&]sasl=')).orValue(false) && (variables.kafkaUsernameSecret == '' || variables.kafkaPasswordSecret == '')`,
      complain(
        'invalid_annotation',
        `${PREFIX}output-kafka: sasl needs ${PREFIX}kafka-username-secret and ${PREFIX}kafka-password-secret`,
      ),
    ],
    [
      `${textOf('output-kafka')}.optMap(v, v.contains('{service}') && !variables.service.optMap(s, ${matches('s', '^[0-9A-Za-z._-]{1,249}$')} && size(v.split('/')[3].split('?')[0].replace('{service}', s)) <= ${MAX_TOPIC_CHARS}).orValue(false)).orValue(false)`,
      complain(
        'invalid_annotation',
        `${PREFIX}output-kafka: {service} in its topic needs ${PREFIX}otel-service-name, or the label ${SERVICE_LABEL}, of letters, digits, dots, hyphens and underscores`,
      ),
    ],
    [
      badResources('cpuRequest', 'cpuLimit', `${settings.MIN_CPU_CORES * 1000}m`, settings.MAX_CPU_CORES),
      complain('invalid_annotation', 'cpu: the request must not be more than the limit, both from 1m to 1024'),
    ],
    [
      badResources('memoryRequest', 'memoryLimit', settings.MIN_MEMORY_BYTES, settings.MAX_MEMORY_BYTES),
      complain('invalid_annotation', 'memory: the request must not be more than the limit, both from 64Mi to 64Ti'),
    ],
    [
      `variables.rules.locked.exists(l, ${quote(PREFIX)} + l in variables.a)`,
      complain('policy', `an annotation is locked`),
    ],
    [
      `variables.image != variables.d['image'] && !variables.rules.images.exists(i, ${withoutTag('variables.image')}.matches(i))`,
      complain('policy', 'this image is not allowed'),
    ],
    ...URLS.map((name) => [hostRefused(name), complain('policy', `the host of ${PREFIX}${name} is not allowed`)]),
    [above('max-body-size', 'maxBodySize', bytesOf('v')), complain('policy', 'max-body-size is more than allowed')],
    [above('sample-rate', 'maxSampleRate', 'v'), complain('policy', 'sample-rate is more than allowed')],
    [
      `object.spec.?hostNetwork.orValue(false) && ${given('host-network')}.orValue('').trim() != 'true'`,
      complain(
        'host_network',
        `it would see the traffic of the node; annotate ${PREFIX}host-network: "true" to allow that`,
      ),
    ],
    [
      `variables.declared > ${MAX_DECLARED_PORTS} && !${textOf('ports')}.hasValue()`,
      complain('too_large', `its containers declare too many TCP ports; annotate ${PREFIX}ports`),
    ],
    [
      "variables.ports == ''",
      complain('no_ports', `no container that keeps running declares a TCP port; annotate ${PREFIX}ports`),
    ],
    [
      `size(variables.ports) > ${sizes.MAX_PORTS_CHARS}`,
      complain('too_large', `its containers declare too many TCP ports; annotate ${PREFIX}ports`),
    ],
    [
      "variables.native && variables.d['native'] != 'true'",
      complain('native_unavailable', 'native sidecars are switched off'),
    ],
    [
      "!variables.native && (object.spec.?restartPolicy.orValue('Always') != 'Always' || object.metadata.?ownerReferences.orValue([]).exists(o, o.kind == 'Job'))",
      complain('job_without_native_sidecars', 'a sidecar that is not native would keep the Job from ending'),
    ],
    [noRoom(), complain('pod_resources', "the pod's own spec.resources leave no room for the sidecar")],
    [
      `size(bytes(variables.status)) + variables.annotated + 512 > ${sizes.MAX_ANNOTATION_BYTES}`,
      complain('too_large', `its annotations leave no room for ${names.STATUS_ANNOTATION}`),
    ],
    [
      `variables.texts > ${MAX_TEXTS}`,
      complain('too_large', `its containers have more than ${MAX_TEXTS} variables and arguments`),
    ],
    [
      `variables.bytes + variables.annotated > ${sizes.MAX_POD_BYTES - POD_BYTES}`,
      complain('too_large', 'with the sidecar it could be larger than etcd takes'),
    ],
  ];
  return firstOf(pairs, "''");
}

const own = (name) => `${textOf(name)}.orValue('')`;

/** The rules have these names for all that must be redacted. For each: by what the text of its variable is read as a list of names. */
export const REDACTED = {
  redactHeaders: redactedHeaders,
  redactQuery: (text) => namesIn(`${text}.lowerAscii()`),
  redactBody: namesIn,
};

/** The list of names that are redacted, if the rules add to it. */
function redacted(field, text) {
  const rule = `variables.rules.${field}`;
  const byItself = OPTIONS[field].default.length === 0 ? '[]' : list(OPTIONS[field].default);
  return `(size(${rule}) == 0 ? ${text} : optional.of((${text}.optMap(v, ${REDACTED[field]('v')}).orValue(${byItself}) + ${rule}).distinct().join(',')))`;
}

/** The sniffer's own default, where that is more than the rules allow, is lowered. */
const ceiling = (name, field, rule, text) =>
  `${text}.or(variables.rules.${rule}.exists(most, ${OPTIONS[field].default.toFixed(1)} > most) ? variables.d[?'ceiling/${name}'] : optional.none())`;

const annotationOf = (field) => READ.find((option) => option.field === field).annotation.name;

/** The options that the rules change, by their fields, made of the text of their annotation or of another. */
const ruled = (textFor) => ({
  ...Object.fromEntries(Object.keys(REDACTED).map((field) => [field, redacted(field, textFor(annotationOf(field)))])),
  redact: `(variables.rules.redact == 'strict' ? optional.of('strict') : ${textFor('redact')})`,
  maxBodySize: ceiling('max-body-size', 'maxBodySize', 'maxBodySize', textFor('max-body-size')),
  sampleRate: ceiling('sample-rate', 'sampleRate', 'maxSampleRate', textFor('sample-rate')),
});

/** The value of each variable that is not just the text of its annotation, as an optional; by the field of its option, or by its name. */
export const VALUES = {
  [SERVICE_VARIABLE]: 'variables.service',
  interface: 'optional.of(variables.interface)',
  ports: 'optional.of(variables.ports)',
  ...ruled(textOf),
};

/** The same by annotation for a pod that does not set them. */
export const OF_THE_OPERATOR = Object.entries(ruled((name) => `variables.d[?${quote(name)}]`)).map(([field, value]) => [
  annotationOf(field),
  value,
]);

/** Name of the variable with the Secret, of that which says that the chart's is left out, and of the annotation that it goes with. */
export const camel = ({ annotation }) => annotation.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
export const leftOut = (secret) => `${camel(secret)}LeftOut`;
export const urlOf = ({ output }) => READ.find(({ field }) => field === output).annotation.name;

/** A secret of the chart does not go to a URL that the pod names. */
function isLeftOut(secret) {
  const { annotation } = secret;
  const url = urlOf(secret);
  return (
    `!${given(annotation)}.hasValue() && ${given(url)}.hasValue() && ` +
    `${given(url)}.orValue('').trim() != variables.d[?${quote(url)}].orValue('') && variables.d[?${quote(annotation)}].hasValue()`
  );
}

/** Name and expression, each after those that it uses. */
export function variables(status) {
  return [
    ['a', 'object.metadata.?annotations.orValue({})'],
    ['inject', `object.metadata.?labels[?${quote(names.INJECT_LABEL)}].or(variables.a[?${quote(names.INJECT_LABEL)}])`],
    [
      'running',
      `(object.spec.containers + ${optionsOf('initContainers')}.filter(c, c.?restartPolicy.orValue('') == 'Always')).filter(c, c.name != ${quote(CONTAINER_NAME)})`,
    ],
    ['application', `variables.running.filter(c, !(c.name in ${list(MESHES.map(({ proxy }) => proxy))}))`],
    ['mesh', mesh()],
    ['windows', windows()],
    ['interface', `${textOf('interface')}.orValue(variables.mesh == '' ? '' : ${quote(settings.LOOPBACK)})`],
    ['declared', 'variables.running.map(c, size(c.?ports.orValue([]))).sum()'],
    [
      'ports',
      `${textOf('ports')}.orValue(variables.declared > ${MAX_DECLARED_PORTS} ? '' : variables.mesh == '' ? ${ports('variables.running')} : ${ports('variables.application')})`,
    ],
    ['annotated', `variables.a.map(k, ${length('k')} + ${length('variables.a[k]')}).sum()`],
    ['texts', `${ALL}.map(c, ${TEXTS_OF_CONTAINERS.map((part) => `size(c.?${part}.orValue([]))`).join(' + ')}).sum()`],
    ['bytes', bytesOfContainers()],
    ['image', own('image')],
    ...['cpu-request', 'cpu-limit', 'memory-request', 'memory-limit'].map((name) => [
      name.replace(/-(.)/, (_, letter) => letter.toUpperCase()),
      own(name),
    ]),
    ['native', `${own('native')} == 'true'`],
    ...SECRETS.flatMap((secret) => [
      [leftOut(secret), isLeftOut(secret)],
      [camel(secret), `variables.${leftOut(secret)} ? '' : ${own(secret.annotation)}`],
    ]),
    [
      'service',
      `${textOf(SERVICE_ANNOTATION)}.or((${textOf('output-otlp')}.hasValue() || ${textOf('output-kafka')}.hasValue()) && ` +
        `!(${quote(SERVICE_ANNOTATION)} in variables.rules.locked) ? ` +
        `object.metadata.?labels[?${quote(SERVICE_LABEL)}].optFlatMap(v, v == '' ? optional.none() : optional.of(v)) : optional.none())`,
    ],
    ['status', status],
    ['invalid', `[\n${complaintsOfAnnotations().join(',\n')}\n].filter(c, c != '')`],
    ['reason', reason()],
  ];
}
