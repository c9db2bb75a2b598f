/** An OpenAPI 3.1 document. In: endpoints. Out: the same object for the same endpoints, sorted, so that a diff of two shows what changed. */

import { METHODS } from './exchanges';
import type { Found } from './inference';
import { SECURITY_SCHEMES } from './security';
import type { Schema } from './shape';
import { tagOf, tagsOf } from './tags';

const OPENAPI_VERSION = '3.1.0';
/** Servers of a document. */
const MAX_SERVERS = 100;
const MAX_OPERATION_ID_UNITS = 80;

export interface PathItem extends Schema {
  servers?: Server[];
}

export interface Server extends Schema {
  url: string;
}

export interface Document extends Schema {
  openapi: string;
  info: Schema;
  servers?: Server[];
  tags?: unknown[];
  paths: Record<string, PathItem>;
}

export function documentOf(found: readonly Found[]): Document {
  const servers = sorted(new Set(found.flatMap(originsOf)))
    .slice(0, MAX_SERVERS)
    .map((url) => ({ url }));
  const paths = new Map<string, PathItem>();
  const ids = new Set<string>();
  for (const each of inOrder(found)) {
    const { path, method, operation } = each;
    const item = paths.get(path.path) ?? {};
    paths.set(path.path, item);
    item[method] = {
      tags: [tagOf(path.path)],
      summary: summaryOf(method, path.path),
      description: 'Inferred from captured traffic.',
      operationId: operationIdOf(method, path.path, ids),
      ...operation.schema(path),
    };
    const here = sorted(new Set([...(item.servers ?? []).map(({ url }) => url), ...originsOf(each)]));
    if (each.hasServers) item.servers = [];
    else if (servers.length > 1 && here.length > 0) item.servers = here.map((url) => ({ url }));
  }
  for (const item of paths.values()) putLast(item, 'servers');
  return {
    openapi: OPENAPI_VERSION,
    info: {
      title: servers.length === 1 ? `HTTP API of ${servers[0]?.url.replace(/^\w+:\/\//, '')}` : 'HTTP API',
      description: 'Inferred from captured traffic by tcp-sniffer.',
      version: '0.0.0',
    },
    ...(servers.length === 0 ? {} : { servers }),
    ...(paths.size === 0 ? {} : { tags: tagsOf(paths.keys()) }),
    // The same as without it, and linters want it to be said. Operations say what is known of them.
    security: [],
    paths: Object.fromEntries(paths),
    ...componentsOf(found),
  };
}

/** The schemes of credentials that operations name. */
function componentsOf(found: readonly Found[]): Schema {
  const names = new Set(
    found.flatMap(({ operation }) => (operation.security.schema() ?? []).flatMap((each) => Object.keys(each))),
  );
  if (names.size === 0) return {};
  return {
    components: {
      securitySchemes: Object.fromEntries(sorted(names).map((name) => [name, SECURITY_SCHEMES.get(name)])),
    },
  };
}

export function summaryOf(method: string, path: string): string {
  return `${method.toUpperCase()} ${path}`;
}

/** Of a path whose servers are given there is no other one to say. */
function originsOf({ operation, hasServers }: Found): string[] {
  return hasServers ? [] : [...operation.origins];
}

function inOrder(found: readonly Found[]): Found[] {
  return [...found].sort(
    (a, b) =>
      (a.path.path < b.path.path ? -1 : a.path.path > b.path.path ? 1 : 0) ||
      METHODS.indexOf(a.method) - METHODS.indexOf(b.method),
  );
}

export function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort();
}

function putLast(item: PathItem, name: string): void {
  const value = item[name];
  delete item[name];
  if (value !== undefined) item[name] = value;
}

/** `getOrdersByOrderId`: generators of code make names of it. `taken` has it afterwards. */
export function operationIdOf(method: string, path: string, taken: Set<string>): string {
  const words = path.replace(/\{(\w+)\}/g, ' by $1 ').match(/[A-Za-z\d]+/g) ?? ['root'];
  const base = method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const cut = base.slice(0, MAX_OPERATION_ID_UNITS);
  let id = cut;
  for (let n = 2; taken.has(id); n++) id = `${cut}${n}`;
  taken.add(id);
  return id;
}

/** Their members have names of any kind; `examples` of a document's components is not among them. */
const MAPS: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'],
  ...['paths', 'pathItems', 'webhooks', 'callbacks', 'schemas', 'parameters', 'requestBodies', 'responses', 'headers'],
  ...['securitySchemes', 'links', 'content', 'encoding', 'variables'],
]);

/** True if there may be captured values in it. `isMap`: its members are named by people, and not by OpenAPI. */
export function hasExamples(value: unknown, isMap = false): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, member]) =>
      (!isMap && (key === 'examples' || key === 'example')) || hasExamples(member, !isMap && MAPS.has(key)),
  );
}
