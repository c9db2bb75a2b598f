/** The wishes of OpenAPI linters for a document beyond that it is valid, as far as traffic can tell it. */

import type { Document } from '../../ts/openapi/document.js';
import { METHODS } from '../../ts/openapi/exchanges.js';
import type { Requirement } from '../../ts/openapi/security.js';

interface Operation {
  tags?: string[];
  summary?: string;
  description?: string;
  operationId?: string;
  security?: Requirement[];
}

export function operationsOf(document: Document): [where: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, Operation][] =>
      item[method] === undefined ? [] : [[`${method.toUpperCase()} ${path}`, item[method] as Operation]],
    ),
  );
}

/** Complaints; none may be in a document that was inferred, or widened after that. */
export function lintsOf(document: object): string[] {
  const { tags, components, security, ...rest } = document as Document;
  const { securitySchemes = {} } = (components ?? {}) as { securitySchemes?: object };
  const named = new Set((tags as { name: string; description?: string }[] | undefined)?.map(({ name }) => name));
  const used = new Set<string>();
  const ids = new Set<string | undefined>();
  const complaints = operationsOf(rest as Document).flatMap(([where, operation]) => {
    const schemes = (operation.security ?? []).flatMap((each) => Object.keys(each));
    for (const name of schemes) used.add(name);
    const isNew = !ids.has(operation.operationId);
    ids.add(operation.operationId);
    return [
      ...(operation.summary === where ? [] : ['summary']),
      ...(operation.description ? [] : ['description']),
      ...(operation.operationId && isNew ? [] : ['operationId']),
      ...(operation.tags?.length === 1 && operation.tags.every((tag) => named.has(tag)) ? [] : ['tags']),
      ...schemes.filter((name) => !Object.hasOwn(securitySchemes, name)),
    ].map((complaint) => `${where} ${complaint}`);
  });
  const arrays = JSON.stringify(rest.paths, (key, value) =>
    key !== 'properties' && isArrayWithoutItems(value) ? 'array without items' : value,
  );
  return [
    ...complaints,
    ...(Array.isArray(security) ? [] : ['security']),
    ...((tags?.length ?? 0) === named.size ? [] : ['a tag twice']),
    ...Object.keys(securitySchemes).filter((name) => !used.has(name)),
    ...(arrays.includes('array without items') ? ['array without items'] : []),
  ];
}

function isArrayWithoutItems(value: { type?: unknown; items?: unknown } | null): boolean {
  return [value?.type].flat().includes('array') && value?.items === undefined;
}
