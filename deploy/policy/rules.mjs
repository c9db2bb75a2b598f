// The conditions on the texts of annotations, in CEL: for each option of the sniffer a rule that is made from its row in the table.
// A rule may take less than the webhook does, and never more.
import { createRequire } from 'node:module';
import { firstOf, fits, list, matches, quote } from './cel.mjs';

const require = createRequire(import.meta.url);
const { COMMAND_OPTIONS } = require('../../dist/config/command.js');
const { OPTIONS } = require('../../dist/config/options.js');
const { checkBatch } = require('../../dist/config/batch.js');
const { MESSAGE_FIELDS } = require('../../dist/config/fields.js');
const { DEFAULT_REDACTED_HEADERS } = require('../../dist/config/redaction.js');
const { MEDIA_TYPE } = require('../../dist/config/checks.js');
const texts = require('../../dist/config/texts.js');
const { BYTES_PER_UNIT, MS_PER_UNIT } = require('../../dist/filter/units.js');
const { MAX_CPU_LIMIT_SHARE, MAX_PORT, MIN_CPU_LIMIT_SHARE, MIN_PORT } = require('../../dist/config/limits.js');
const { INTERFACE_NAME } = require('../../dist/injector/sniffer-text.js');
const { TOKEN } = require('../../dist/token.js');

/** Options of the sniffer that a pod may set: field, annotation, variable. */
export const READ = COMMAND_OPTIONS.filter(({ annotation }) => annotation !== undefined);

/** The expected value in the check's own words, from its complaint about a value that no check accepts. */
function expected(check) {
  try {
    check(Symbol('nothing that fits'), '', false);
  } catch ({ complaint }) {
    return complaint.replace(/^must be /, '').replace(/, got Symbol\(.*$/, '');
  }
  throw new Error('takes anything');
}

/** Of Kafka's own (`Topic.MAX_NAME_LENGTH`). */
export const MAX_TOPIC_CHARS = 249;

/** Digits that fit in a whole number of CEL and of JavaScript, with room for a unit. */
const DIGITS = 12;
const UNITS = Object.fromEntries(Object.entries(BYTES_PER_UNIT).filter(([unit]) => unit !== ''));

/** Bytes of a text for which `isSize` holds. */
export const bytesOf = (text) =>
  firstOf(
    [[matches(text, '^[0-9]+$'), `int(${text})`]],
    `int(${text}.find('^[0-9]+')) * {${Object.entries(UNITS)
      .map(([unit, bytes]) => `'${unit}': ${bytes}`)
      .join(', ')}}[${text}.find('[A-Za-z]+$').lowerAscii()]`,
  );

const isSize = (text) => matches(text, `^(?:[0-9]{1,${DIGITS}}|(?i:[0-9]{1,6} ?(?:${Object.keys(UNITS).join('|')})))$`);

/** A size as the sidecar reads it, of which more is taken than of an annotation; whether it is a whole number is not asked. */
export const hasSize = (text) =>
  matches(
    text,
    `^(?:[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)|(?:[0-9]+(?:\\.[0-9]+)?|\\.[0-9]+)[\\s\\v\\p{Z}\\x{feff}]*(?i:${Object.keys(UNITS).join('|')}))$`,
  );

/** At most so many bytes, of a text for which `hasSize` holds; parts of a byte are rounded. */
export const isAtMost = (text, most) =>
  `double(${text}.find('^[+-]?[0-9.]+')) * {${Object.entries(BYTES_PER_UNIT)
    .map(([unit, bytes]) => `'${unit}': ${bytes.toFixed(1)}`)
    .join(', ')}}[${text}.find('[A-Za-z]*$').lowerAscii()] < ${most} + 0.5`;

/** Units of whole milliseconds; their case counts. */
const TIMES = Object.fromEntries(Object.entries(MS_PER_UNIT).filter(([, ms]) => Number.isInteger(ms)));

const msOf = (text) =>
  firstOf(
    [[matches(text, '^[0-9]+$'), `int(${text})`]],
    `int(${text}.find('^[0-9]+')) * {${Object.entries(TIMES)
      .map(([unit, ms]) => `'${unit}': ${ms}`)
      .join(', ')}}[${text}.find('[a-z]+$')]`,
  );

const isTime = (text) => matches(text, `^(?:[0-9]{1,${DIGITS}}|[0-9]{1,6} ?(?:${Object.keys(TIMES).join('|')}))$`);

/** No control characters, of which no variable of a container takes NUL. */
const printable = (text) => matches(text, '^[^\\x00-\\x1f\\x7f]*$');

const oneOfWords = (text, words) => matches(text, `^(?i:${words.join('|')})$`);

const LABEL = '[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?';
/** A zero before others would make it octal. */
const OCTET = '(?:0|[1-9][0-9]{0,2})';
/** Names whose last label begins with a letter, which no parser takes for an address, and addresses. */
const HOST = `(?:(?:${LABEL}\\.)*[A-Za-z](?:[-A-Za-z0-9]*[A-Za-z0-9])?|${OCTET}(?:\\.${OCTET}){3})`;

/** Less than a parser of URLs takes: no user, no IPv6, no backslash, nothing but visible ASCII. */
function isUrl(text, schemes) {
  return [
    matches(text, `^(?i:${schemes.join('|')})://${HOST}(?::[0-9]{1,5})?(?:[/?#][!-\\[\\]-~]*)?$`),
    // Punycode that is none is no host.
    `!${matches(text, '^[^/]*//(?:[^/?#]*\\.)?(?i:xn--)')}`,
    `isURL(${text})`,
    `${hostOf(text)}.split('.').all(part, !${matches('part', '^[0-9]+$')} || int(part) <= 255)`,
    `(url(${text}).getPort() == '' || int(url(${text}).getPort()) <= ${MAX_PORT})`,
  ].join(' && ');
}

/** Less than the webhook takes: no IPv6, no zstd, which not every Node.js has. As the sidecar, which is in production. */
export function isKafkaUrl(text) {
  const topic = '(?:[0-9A-Za-z._-]|\\{(?:namespace|node|pod|service)\\})+';
  const parameter = '(?:compression=(?:none|gzip)|sasl=(?i:plain|scram-sha-256|scram-sha-512))';
  const broker = '[0-9A-Za-z._-]+(?::[0-9]{1,5})?';
  return [
    matches(text, `^(?i:kafkas?)://${broker}(?:,${broker})*/${topic}(?:\\?${parameter}(?:&${parameter})*)?$`),
    `size(${text}.split('/')[3].split('?')[0]) <= ${MAX_TOPIC_CHARS}`,
    `!(${text}.split('/')[3].split('?')[0] in ['.', '..'])`,
    `${brokersOf(text)}.all(b, size(b) == 1 || int(b[1]) >= ${MIN_PORT} && int(b[1]) <= ${MAX_PORT})`,
    `(${matches(text, '^(?i:kafkas):')} || !${matches(text, '[?&]sasl=(?i:plain)')})`,
  ].join(' && ');
}

/** Host and port of each broker of a URL that fits. */
const brokersOf = (text) => `${text}.split('/')[2].split(',').map(b, b.split(':'))`;

const ADDRESS = '\\[[0-9A-Fa-f:.]+\\]';
/** The characters of a broker's host, and of another URL's: those that a parser of URLs leaves as they are but for their case. */
const BROKER = '0-9A-Za-z_-';
const NAME = `!"$&'()*+,;=\`{}~${BROKER}`;

/** A dot at the end of a host stands for the root of the names. */
const nameOf = (characters) => `[.${characters}]*[${characters}]`;

/**
 * For who only has to know the hosts of what a sidecar sends to: the rest of the URL is the sidecar's to refuse. A host ends at the
 * first `/`, `?` or `#`; up to there stands nothing that would make it another host, as a user, a backslash or a `%` does. A name
 * whose last label is a number is an address, which is taken only as four decimal numbers.
 */
export function hasHosts(text) {
  const rest = '(?::[0-9]*)?(?:[/?#](?s:.*))?$';
  const address = matches(text, `^(?i:https?)://(?:${OCTET}(?:\\.${OCTET}){3}|${ADDRESS})${rest}`);
  const name = matches(text, `^(?i:https?)://${nameOf(NAME)}\\.?${rest}`);
  const number = matches(text, '^[^/]*//(?:[^/?#:]*\\.)?(?:[0-9]+|0[Xx][0-9A-Fa-f]*)\\.?(?:[:/?#]|$)');
  return `(${address} || ${name} && !${number})`;
}

export function hasBrokers(text) {
  const broker = `(?:${nameOf(BROKER)}\\.?|${ADDRESS})(?::[0-9]{1,5})?`;
  return matches(text, `^(?i:kafkas?)://${broker}(?:,${broker})*/[^/?#@]*(?:\\?[^#@]*)?$`);
}

/** In what stands between `//` and the next slash: the host without brackets and without a dot at its end. */
const hostIn = (authority, characters) =>
  `${authority}.find(${quote(`^\\[[0-9A-Fa-f:.]+|^${nameOf(characters)}`)}).replace('[', '')`;
const hostOf = (text) => hostIn(`${text}.split('/')[2]`, NAME);

/** A condition on all hosts of a URL that fits. */
export const everyHost = (name, text, condition) =>
  name === 'output-kafka'
    ? `${text}.split('/')[2].split(',').all(b, ${condition(hostIn('b', BROKER))})`
    : condition(hostOf(text));

/** The names of headers in a text, in lower case; `none` is not among them. */
export const headerNames = (text) =>
  `(${text}.trim().lowerAscii() == 'none' ? [] : ${namesIn(`${text}.lowerAscii()`)})`;

/** The same of query parameters, or of members of bodies, as they are written. */
export const namesIn = (text) => `${text}.split(',').map(n, n.trim()).filter(n, n != '')`;

/** The headers that the text has redacted: those that it names, or those beside the sniffer's own. */
export function redactedHeaders(text) {
  const names = headerNames(text);
  return `(${names}.exists(n, n.startsWith('+')) ? ${list(DEFAULT_REDACTED_HEADERS)} + ${names}.map(n, n.replace('+', '', 1)) : ${names})`;
}

const BARE = TOKEN.source.replace('^[', '').replace(']+$', '');
const areHeaders = (text) => {
  const names = headerNames(text);
  const first = BARE.replace('+', '');
  return [
    `${names}.all(n, ${matches('n', `^\\+?[${first}][${BARE}]*$`)} && !(n in ['none', '+none']))`,
    `(${names}.all(n, n.startsWith('+')) || !${names}.exists(n, n.startsWith('+')))`,
    `(size(${names}) > 0 || ${text}.trim().lowerAscii() == 'none')`,
  ].join(' && ');
};

function areFilters(text) {
  const value = '[!-+\\--:<-~]';
  const part = [
    `method=[${BARE}]+`,
    `path=${value}+`,
    'status=[1-9xX][0-9xX]{2}',
    `header=[${BARE}]+(?::[ -+\\--:<-~]*)?`,
  ].join('|');
  const filter = `(?:${part})(?:, ?(?:${part}))*`;
  // Half of what the engine takes of both kinds together.
  return matches(text, `^${filter}(?:; ?${filter}){0,30}$`);
}

/** Comparisons joined by `and` and `or`, each with one value and without quotes and parentheses. */
function isExpression(text) {
  const comparison = [
    'status!?=(?:[1-9xX][0-9xX]{2}|none)',
    'status[<>]=?[1-9][0-9]{2}',
    'method!?=[A-Za-z]+',
    'path!?=/[!#-%*-+\\--{}~]*',
    'host!?=[A-Za-z0-9.*-]+',
    'latency[<>]=?[0-9]{1,6}(?:ms|s|m|min)',
  ].join('|');
  return matches(text, `^(?:not )?(?:${comparison})(?: (?:and|or) (?:not )?(?:${comparison})){0,30}$`);
}

function isBatch(text) {
  const words = [...texts.TRUE_WORDS, ...texts.FALSE_WORDS].join('|');
  const [, formats] = /^one of (.*)$/.exec(expected(checkBatch.parts.format));
  const part = [
    '(?:maxMessages|maxBytes)=[1-9][0-9]{0,8}',
    'maxDelayMs=[0-9]{1,9}',
    `gzip(?:=(?i:${words}))?`,
    `format=(?:${formats.split(', ').join('|')})`,
  ].join('|');
  return matches(text, `^(?:(?i:true|false)|(?:${part})(?:, ?(?:${part}))*)$`);
}

const arePorts = (text) => {
  const ends = "r.split('-').map(p, int(p.trim()))";
  return [
    matches(text, '^\\s*[0-9]{1,5}\\s*(?:-\\s*[0-9]{1,5}\\s*)?(?:,\\s*[0-9]{1,5}\\s*(?:-\\s*[0-9]{1,5}\\s*)?)*$'),
    `${text}.split(',').all(r, ${ends}.all(p, p >= 1 && p <= ${MAX_PORT}) && ${ends}.isSorted())`,
  ].join(' && ');
};

const BY_FIELD = {
  ports: arePorts,
  interface: (text) => fits(text, INTERFACE_NAME),
  // The image of the sidecar sets NODE_ENV=production.
  outputUrl: (text) => isUrl(text, ['https']),
  outputOtlp: (text) => isUrl(text, ['https', 'http']),
  outputKafka: isKafkaUrl,
  outputBatch: isBatch,
  outputContentType: (text) => fits(text, MEDIA_TYPE),
  redactHeaders: areHeaders,
  redactQuery: printable,
  redactBody: printable,
  include: areFilters,
  exclude: areFilters,
  filter: isExpression,
  trigger: (text) => `(${text} == 'signal' || ${isExpression(text)})`,
  metricsHost: printable,
  cpuLimitShare: (text) =>
    `${matches(text, '^[0-9]{1,2}(?:\\.[0-9]{1,15})?$')} && double(${text}) >= ${MIN_CPU_LIMIT_SHARE} && double(${text}) <= ${MAX_CPU_LIMIT_SHARE}.0`,
  fields: (text) => `${namesIn(text)}.all(n, n in ${list(MESSAGE_FIELDS)})`,
};

/** That the text is a whole number as the option's own parser reads it, and the number. */
function numberRule(parse, text) {
  if (parse === texts.size) return [isSize(text), `(${bytesOf(text)})`];
  if (parse === texts.time) return [isTime(text), `(${msOf(text)})`];
  return [matches(text, `^[0-9]{1,${DIGITS}}$`), `int(${text})`];
}

/** That the text, without space around it, is a value of the option. */
export function ruleFor(field, text) {
  const { check, parse } = OPTIONS[field];
  if (BY_FIELD[field] !== undefined) return BY_FIELD[field](text);
  const what = expected(check);
  if (what === 'true or false') return oneOfWords(text, [...texts.TRUE_WORDS, ...texts.FALSE_WORDS]);
  const [, words] = /^one of (.*)$/.exec(what) ?? [];
  if (words !== undefined) return `${text} in ${list(words.split(', '))}`;
  const [, least, most] = /^an integer (?:from (\d+) to (\d+)|of at least \d+)$/.exec(what) ?? [];
  const [, only = least] = /^an integer of at least (\d+)$/.exec(what) ?? [];
  if (only !== undefined) {
    const [valid, number] = numberRule(parse, text);
    return [valid, `${number} >= ${only}`, ...(most === undefined ? [] : [`${number} <= ${most}`])].join(' && ');
  }
  if (what === 'a number from 0 to 1')
    return matches(text, '^(?:0(?:\\.[0-9]{1,15})?|\\.[0-9]{1,15}|1(?:\\.0{1,15})?)$');
  throw new Error(`deploy/policy/rules.mjs has no rule for ${field}, which must be ${what}: add it`);
}

/** Annotations that are no options of the sniffer; less than the webhook takes, in visible ASCII. */
const PAIR = '[!-$&-+./0-<>-~-]+=(?:[!-$&-+./0-~-]|%[2-7][0-9A-Fa-f])*';
export const OTEL_RULES = {
  'otel-service-name': (text) => matches(text, '^[!-~]{1,255}$'),
  'otel-resource-attributes': (text) => matches(text, `^${PAIR}(?:,${PAIR})*$`),
};

/** Lists of which an annotation without any name counts as not set. */
export const isList = ({ emptyMeans }) => Array.isArray(emptyMeans);
