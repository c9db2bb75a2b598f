/**
 * A document that was there before, widened by an inferred one: endpoints, statuses, media types and types are added, and nothing is
 * taken away but that something is required. All else in it stays. In: two documents. Out: a new document.
 */

import { ID } from '../exchange/templates';
import { CUT } from './budget';
import { type Document, operationIdOf, type PathItem, type Server, sorted, summaryOf } from './document';
import { METHODS } from './exchanges';
import type { Known } from './inference';
import { PathTree } from './path-tree';
import { References } from './references';
import { SecurityMerge } from './security-merge';
import { basesOf } from './servers';
import type { Schema } from './shape';
import { isObject } from './source';
import { widenedTags } from './tags';
import { widened } from './widen';

const BRACED = /\{[^{}]*\}/g;

/** Where the exchanges of another run belong in it. */
export function knownPathsOf(document: Document): Known {
  const tree = new PathTree<{ base: string; methods: Set<string> }>();
  for (const [path, item] of Object.entries(document.paths)) {
    if (!path.startsWith('/') || !isObject(item)) continue;
    for (const base of basesOf(item.servers ?? document.servers)) {
      const { methods } = tree.add(base, path, { base, methods: new Set() });
      for (const method of METHODS) if (item[method] !== undefined) methods.add(method);
    }
  }
  return (path) => {
    const match = tree.match(path);
    if (match === undefined) return tree.follow(path, ID);
    const { base, methods } = match.value;
    return { path: { path: match.path, parameters: match.segments }, isAtRoot: base === '', methods };
  };
}

/** @throws {ValidationError} for a `$ref` that cannot be followed */
export function merged(earlier: Document, inferred: Document, label: string): Document {
  const references = new References(earlier, label);
  const servers = union(earlier.servers ?? [], inferred.servers ?? []);
  const ids = new Set(Object.values(earlier.paths).flatMap((item) => METHODS.map((method) => idOf(item[method]))));
  ids.delete('');
  const seenPaths = renamed(inferred.paths, earlier.paths);
  const security = new SecurityMerge(earlier, references);
  const news: string[] = [];
  const addedOf: AddOperation = (operation, method, path) => {
    news.push(path);
    const whole = { ...operation, operationId: operationIdOf(method, path, ids) };
    return withSecurity(whole, security.of(undefined, operation.security));
  };
  const widenedOf: WidenOperation = (before, seen, common) =>
    withSecurity(mergedOperation(before, seen, common, references), security.of(before.security, seen.security));
  const paths: [string, PathItem][] = Object.entries(earlier.paths).map(([path, item]) => {
    const seen = seenPaths.get(path);
    return [path, seen === undefined ? { ...item } : mergedItem(path, item, seen, references, { addedOf, widenedOf })];
  });
  const isSorted = paths.every(([path], index) => index === 0 || (paths[index - 1]?.[0] ?? '') < path);
  for (const [path, item] of seenPaths) {
    if (Object.hasOwn(earlier.paths, path)) continue;
    const operations = METHODS.flatMap((method) => {
      const operation = item[method];
      return isObject(operation) ? [[method, addedOf(operation, method, path)]] : [];
    });
    paths.push([path, Object.fromEntries(operations)]);
  }
  // Where not all servers have all paths, each path says which servers have it.
  if (servers.length > 1) {
    for (const [path, item] of paths) {
      const before = earlier.paths[path];
      const seen = seenPaths.get(path);
      const here = union(
        before === undefined ? [] : (before.servers ?? earlier.servers ?? []),
        seen === undefined ? [] : (seen.servers ?? inferred.servers ?? []),
      );
      if (here.length > 0 && here.length < servers.length) item.servers = here;
      else if (here.length === servers.length) delete item.servers;
    }
  }
  return {
    ...earlier,
    ...(servers.length === 0 ? {} : { servers }),
    ...(news.length === 0 ? {} : { tags: widenedTags(earlier.tags, news) }),
    paths: Object.fromEntries(isSorted ? paths.sort(([a], [b]) => (a < b ? -1 : 1)) : paths),
    ...widenedComponents(earlier.components, security.added),
  };
}

type AddOperation = (operation: Schema, method: string, path: string) => Schema;
type WidenOperation = (before: Schema, seen: Schema, common: readonly Parameter[]) => Schema;

function withSecurity(operation: Schema, security: unknown): Schema {
  const { security: before, ...others } = operation;
  if (security === undefined) return others;
  return before === undefined ? { ...others, security } : { ...operation, security };
}

function widenedComponents(earlier: unknown, added: Record<string, Schema>): Schema {
  if (Object.keys(added).length === 0) return {};
  const { securitySchemes, ...others } = isObject(earlier) ? earlier : {};
  return {
    components: { ...others, securitySchemes: { ...(isObject(securitySchemes) ? securitySchemes : {}), ...added } },
  };
}

/** With the names of parameters that the earlier document has at the same places: two paths that differ in names alone are one. */
function renamed(inferred: Document['paths'], earlier: Document['paths']): Map<string, PathItem> {
  const known = new Map(Object.keys(earlier).map((path) => [path.replace(BRACED, '{}'), path]));
  return new Map(
    Object.entries(inferred).map(([path, item]): [string, PathItem] => {
      const there = known.get(path.replace(BRACED, '{}')) ?? path;
      if (there === path) return [path, item];
      const [from, to] = [path, there].map((each) => (each.match(BRACED) ?? []).map((name) => name.slice(1, -1)));
      const names = new Map(from?.map((name, index) => [name, to?.[index] ?? name]));
      const operations = METHODS.flatMap((method) => {
        const operation = item[method];
        if (!isObject(operation)) return [];
        const parameters = ((operation.parameters ?? []) as Parameter[]).map((each) =>
          each.in === 'path' ? { ...each, name: names.get(each.name) ?? each.name } : each,
        );
        return [[method, { ...operation, summary: summaryOf(method, there), parameters }]];
      });
      return [
        there,
        { ...Object.fromEntries(operations), ...(item.servers === undefined ? {} : { servers: item.servers }) },
      ];
    }),
  );
}

/** The earlier entries first, as they are. */
function union(earlier: readonly Server[], seen: readonly Server[]): Server[] {
  const urls = new Set(earlier.map(({ url }) => url));
  return [...earlier, ...seen.filter(({ url }) => !urls.has(url))];
}

function idOf(operation: unknown): string {
  return isObject(operation) && typeof operation.operationId === 'string' ? operation.operationId : '';
}

function mergedItem(
  path: string,
  item: PathItem,
  seen: PathItem,
  references: References,
  { addedOf, widenedOf }: { addedOf: AddOperation; widenedOf: WidenOperation },
): PathItem {
  const whole = { ...(item.$ref === undefined ? item : references.object(item)) };
  const common = parametersOf(whole.parameters, references);
  for (const method of METHODS) {
    const operation = seen[method];
    if (!isObject(operation)) continue;
    const before = whole[method];
    whole[method] =
      before === undefined
        ? withoutCommon(addedOf(operation, method, path), common)
        : widenedOf(references.object(before), operation, common);
  }
  return whole;
}

type Parameter = Schema & { name: string; in: string };

function parametersOf(parameters: unknown, references: References): Parameter[] {
  return (Array.isArray(parameters) ? parameters : []).map((each) => references.object(each) as Parameter);
}

const isSame =
  (one: Parameter) =>
  (other: Parameter): boolean =>
    one.in === other.in && (one.in === 'header' ? `${one.name}`.toLowerCase() === other.name : one.name === other.name);

/** Parameters of the path item hold for each of its operations. */
function withoutCommon(operation: Schema, common: readonly Parameter[]): Schema {
  const parameters = ((operation.parameters ?? []) as Parameter[]).filter(
    (each) => !common.some((one) => isSame(one)(each)),
  );
  const { parameters: _, ...rest } = operation;
  return parameters.length === 0 ? rest : { ...rest, parameters };
}

function mergedOperation(before: Schema, seen: Schema, common: readonly Parameter[], references: References): Schema {
  const own = parametersOf(before.parameters, references);
  const news = (seen.parameters ?? []) as Parameter[];
  // Where a limit cut them off, what is not listed may have been there with any text.
  const [isCutBefore, isCut] = [before, seen].map((operation) => operation[CUT] !== undefined);
  const parameters = own.map((each) => mergedParameter(each, news.find(isSame(each)), isCut));
  for (const each of common) {
    if (own.some(isSame(each))) continue;
    const widest = mergedParameter(each, news.find(isSame(each)), isCut);
    // Its own one takes the place of that of the path item.
    if (JSON.stringify(widest) !== JSON.stringify(each)) parameters.push(widest);
  }
  for (const each of news) {
    if ([...own, ...common].some((one) => isSame(one)(each))) continue;
    // Requests were seen before without it.
    if (each.in === 'path') parameters.push(each);
    else parameters.push({ ...(withoutRequired(each) as Parameter), ...(isCutBefore ? { schema: {} } : {}) });
  }
  const body = mergedBody(before.requestBody, seen.requestBody, references);
  const responses = mergedResponses(before.responses, seen.responses, references);
  const cuts = [...new Set([...listOf(before[CUT]), ...listOf(seen[CUT])])];
  return {
    ...before,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses,
    ...(cuts.length === 0 ? {} : { [CUT]: sorted(cuts as string[]) }),
  };
}

/** `seen` is absent if no request had it. */
function mergedParameter(before: Parameter, seen: Parameter | undefined, isCut: boolean | undefined): Parameter {
  const isRequired = before.in === 'path' || seen?.required === true;
  const parameter = (isRequired ? before : withoutRequired(before)) as Parameter;
  // A parameter has a schema, or content in place of it.
  if (before.schema === undefined) return parameter;
  if (seen === undefined) return isCut === true && before.in !== 'path' ? { ...parameter, schema: {} } : parameter;
  return { ...parameter, schema: widened(before.schema, seen.schema as Schema) };
}

function mergedBody(before: unknown, seen: unknown, references: References): Schema | undefined {
  if (before === undefined) return isObject(seen) ? withoutRequired(seen) : undefined;
  const body = references.object(before);
  if (!isObject(seen)) return withoutRequired(body);
  return { ...(seen.required === true ? body : withoutRequired(body)), ...mergedContent(body, seen) };
}

/** The others keep their order: what is the same stays the same text. */
function withoutRequired(schema: Schema): Schema {
  const { required: _, ...optional } = schema;
  return optional;
}

function mergedResponses(before: unknown, seen: unknown, references: References): Schema {
  const responses: Schema = { ...references.object(before) };
  for (const [status, response] of Object.entries(isObject(seen) ? seen : {})) {
    // One for a range of statuses, or for all others, has it already.
    const key = [status, `${status[0]}XX`, 'default'].find((each) => Object.hasOwn(responses, each)) ?? status;
    const there = responses[key];
    responses[key] = there === undefined ? response : mergedResponse(references.object(there), response as Schema);
  }
  const names = sorted(Object.keys(responses));
  return Object.fromEntries(names.map((name) => [name, responses[name]]));
}

function mergedResponse(before: Schema, seen: Schema): Schema {
  if (seen.content === undefined) return before;
  return { ...before, ...mergedContent(before, seen) };
}

/** Of a body, or of a response. */
function mergedContent(before: Schema, seen: Schema): Schema {
  const content: Schema = isObject(before.content) ? { ...before.content } : {};
  const [isCutBefore, isCut] = [before, seen].map((each) => each[CUT] !== undefined);
  const types = isObject(seen.content) ? seen.content : {};
  // A type that was beyond the limits may have had any body.
  if (isCut) for (const type of Object.keys(content)) if (!Object.hasOwn(types, type)) content[type] = {};
  for (const [type, media] of Object.entries(types)) {
    const there = content[type];
    if (there === undefined) content[type] = isCutBefore ? {} : media;
    else if (isObject(there) && there.schema !== undefined && isObject(media) && isObject(media.schema)) {
      // Without a schema nothing was seen whole, or it is of a kind that has none.
      content[type] = { ...there, schema: widened(there.schema, media.schema) };
    }
  }
  const cuts = [...new Set([...listOf(before[CUT]), ...listOf(seen[CUT])])];
  return {
    content: Object.fromEntries(sorted(Object.keys(content)).map((type) => [type, content[type]])),
    ...(cuts.length === 0 ? {} : { [CUT]: sorted(cuts as string[]) }),
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
