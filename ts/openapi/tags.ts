/** The part of an interface that an operation belongs to, by its path: `/api/v1/orders/{orderId}` is of `orders`. Pure. */

import type { Schema } from './shape';

/** Stands before all paths of an interface and tells no path from another. */
const PREFIX = /^(?:api|rest|v\d{1,3}(?:\.\d{1,3})*)$/i;
/** Of paths that are parameters alone. */
const ROOT = '/';

interface Tag extends Schema {
  name: string;
}

/** `path`: as the document has it. */
export function tagOf(path: string): string {
  const fixed = path.split('/').filter((segment) => segment !== '' && !segment.includes('{'));
  return fixed.find((segment) => !PREFIX.test(segment)) ?? fixed[0] ?? ROOT;
}

/** Sorted, each of them once. */
export function tagsOf(paths: Iterable<string>): Tag[] {
  return [...new Set([...paths].map(tagOf))].sort().map((name) => ({
    name,
    // A segment is text of a client, and a description is Markdown.
    description: name === ROOT ? 'Paths without a fixed segment.' : 'Paths with the segment of this name.',
  }));
}

/** Those that a document has, and after them those of further paths that it does not have. */
export function widenedTags(earlier: unknown, paths: Iterable<string>): unknown[] {
  const there = Array.isArray(earlier) ? earlier : [];
  const names = new Set(there.map((tag: { name?: unknown } | null) => tag?.name));
  return [...there, ...tagsOf(paths).filter(({ name }) => !names.has(name))];
}
