/**
 * Two schemas as one schema that takes what either takes. The second is inferred; the first may be anybody's. Where the first has
 * keywords that are not inferred, it stays as it is, and what was seen besides stands next to it in `anyOf`. Pure.
 */

import { CUT, MAX_EXAMPLES, MAX_PROPERTIES } from './budget';
import { type Schema, UNSEEN } from './shape';
import { isObject } from './source';

/** Marks the alternative that is inferred. */
const SEEN = 'x-tcp-sniffer-seen';

const INFERRED: ReadonlySet<string> = new Set([
  'type',
  'format',
  'items',
  'properties',
  'required',
  'additionalProperties',
]);
/** Say something of a value and forbid none. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'deprecated', 'readOnly', 'writeOnly', 'example', 'examples', 'externalDocs'],
  ...['xml', '$comment'],
]);
const FORMATTED: ReadonlySet<string> = new Set(['string', 'integer', 'number']);
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];

export function widened(earlier: unknown, seen: Schema): Schema | boolean {
  if (earlier === true) return true;
  if (!isObject(earlier)) return seen;
  if (isAny(earlier)) return earlier;
  // Nothing is known of what was seen: it may have been anything.
  if (isAny(seen)) return { ...annotationsOf(earlier), ...seen };
  if (!isInferred(earlier)) return besides(earlier, seen);
  const types = typesOf([...typesIn(earlier), ...typesIn(seen)]);
  const [a, b] = [earlier, seen];
  const format = formatOf(a, b);
  const { isCut, ...object } = objectOf(a, b);
  const items = typesIn(a).includes('array') && typesIn(b).includes('array') ? itemsOf(a, b) : (a.items ?? b.items);
  const examples = examplesOf(a, b);
  const { [CUT]: _, ...annotations } = annotationsOf(a);
  return {
    ...annotations,
    type: types.length === 1 ? types[0] : types,
    ...(format === undefined ? {} : { format }),
    ...(items === undefined ? {} : { items }),
    ...object,
    ...(examples === undefined ? {} : { examples }),
    ...cutsOf(a, b, isCut === true ? ['properties'] : []),
  };
}

/** True if it takes every value. */
function isAny(schema: Schema): boolean {
  return Object.keys(schema).every((key) => ANNOTATIONS.has(key) || key.startsWith('x-'));
}

function isInferred(schema: Schema): boolean {
  const { type, properties, additionalProperties, required } = schema;
  const isRight =
    typesIn(schema).length > 0 &&
    (typeof type === 'string' || Array.isArray(type)) &&
    (properties === undefined || isObject(properties)) &&
    (required === undefined || Array.isArray(required)) &&
    (additionalProperties === undefined || additionalProperties === true || isObject(additionalProperties));
  const onlyOf = (name: string, keys: readonly string[]): boolean =>
    typesIn(schema).includes(name) || keys.every((key) => schema[key] === undefined);
  return (
    isRight &&
    onlyOf('object', ['properties', 'required', 'additionalProperties']) &&
    onlyOf('array', ['items']) &&
    Object.keys(schema).every((key) => INFERRED.has(key) || ANNOTATIONS.has(key) || key.startsWith('x-'))
  );
}

function besides(earlier: Schema, seen: Schema): Schema {
  const { anyOf } = earlier;
  const others = Object.keys(earlier).filter(
    (key) => key !== 'anyOf' && !ANNOTATIONS.has(key) && !key.startsWith('x-'),
  );
  const last = Array.isArray(anyOf) && others.length === 0 ? anyOf.at(-1) : undefined;
  if (!isObject(last) || last[SEEN] !== true) return { anyOf: [earlier, { ...seen, [SEEN]: true }] };
  return { ...earlier, anyOf: [...(anyOf as unknown[]).slice(0, -1), widened(last, seen)] };
}

function typesIn({ type }: Schema): string[] {
  const types = Array.isArray(type) ? type : [type];
  return types.filter((each): each is string => typeof each === 'string' && TYPES.includes(each));
}

function typesOf(types: readonly string[]): string[] {
  const all = new Set(types);
  if (all.has('number')) all.delete('integer');
  return TYPES.filter((type) => all.has(type));
}

/** A keyword that only one of them has says nothing of the strings of the other, if it has some. */
function formatOf(a: Schema, b: Schema): unknown {
  if (a.format === b.format) return a.format;
  const [without, format] = a.format === undefined ? [a, b.format] : [b, a.format];
  const isOther = without.format !== undefined || typesIn(without).some((type) => FORMATTED.has(type));
  return isOther ? undefined : format;
}

/** Where a limit cut one of them off, what is not in it may have been anything. */
function itemsOf(a: Schema, b: Schema): unknown {
  const [ofA, ofB] = [a, b].map(knownItemsOf);
  if (ofA === undefined) return a[CUT] === undefined ? (ofB ?? a.items) : {};
  return ofB === undefined ? ofA : widened(ofA, ofB as Schema);
}

function knownItemsOf({ items }: Schema): unknown {
  return isObject(items) && items[UNSEEN] !== undefined ? undefined : items;
}

function objectOf(a: Schema, b: Schema): Schema {
  const [ofA, ofB] = [a, b].map((schema) => typesIn(schema).includes('object'));
  if (!ofA && !ofB) return {};
  if (!ofA || !ofB) {
    const { properties, required, additionalProperties } = ofA ? a : b;
    return {
      ...(properties === undefined ? {} : { properties }),
      ...(required === undefined ? {} : { required }),
      ...(additionalProperties === undefined ? {} : { additionalProperties }),
    };
  }
  const [propertiesA, propertiesB] = [propertiesOf(a), propertiesOf(b)];
  const names = [...new Set([...Object.keys(propertiesA), ...Object.keys(propertiesB)])].sort();
  const othersA = a.additionalProperties;
  const othersB = b.additionalProperties as Schema | undefined;
  const others = othersA === undefined ? othersB : othersB === undefined ? othersA : widened(othersA, othersB);
  const properties = names.map((name): [string, unknown] => {
    const inA = Object.hasOwn(propertiesA, name) ? propertiesA[name] : undefined;
    const inB = Object.hasOwn(propertiesB, name) ? (propertiesB[name] as Schema) : undefined;
    // It may have been one of the other members there.
    const [elseA, elseB] = [othersA ?? elseOf(a), othersB ?? (elseOf(b) as Schema | undefined)];
    if (inA === undefined) return [name, elseA === undefined ? inB : widened(elseA, inB as Schema)];
    if (inB === undefined) return [name, elseB === undefined ? inA : widened(inA, elseB)];
    return [name, widened(inA, inB)];
  });
  if (names.length > MAX_PROPERTIES && names.length > Object.keys(propertiesA).length) {
    // Too many of them to be names.
    const all = properties.reduce<unknown>((wide, [, each]) => widened(wide, each as Schema), others);
    return { additionalProperties: all, isCut: true };
  }
  const requiredB = new Set(listOf(b.required));
  const required = listOf(a.required).filter((name) => requiredB.has(name));
  return {
    ...(names.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(required.length === 0 ? {} : { required }),
    ...(others === undefined ? {} : { additionalProperties: others }),
  };
}

/** Where a limit cut it off, a member that is not listed may have been anything. */
function elseOf(schema: Schema): Schema | undefined {
  return schema[CUT] === undefined ? undefined : {};
}

function propertiesOf({ properties }: Schema): Schema {
  return isObject(properties) ? properties : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function annotationsOf(schema: Schema): Schema {
  return Object.fromEntries(
    Object.entries(schema).filter(([key]) => key !== 'examples' && (ANNOTATIONS.has(key) || key.startsWith('x-'))),
  );
}

function examplesOf(a: Schema, b: Schema): unknown[] | undefined {
  const [ofA, ofB] = [listOf(a.examples), listOf(b.examples)];
  const all = [...ofA, ...ofB.filter((each) => !ofA.includes(each))];
  return all.length === 0 ? undefined : all.slice(0, Math.max(MAX_EXAMPLES, ofA.length));
}

function cutsOf(a: Schema, b: Schema, more: readonly string[]): Schema {
  const cuts = [...new Set([...listOf(a[CUT]), ...listOf(b[CUT]), ...more])].sort();
  return cuts.length === 0 ? {} : { [CUT]: cuts };
}
