/** One operation of a JSON Patch (RFC 6902 §4), of the kinds that are used here. */

export interface Operation {
  op: 'add' | 'replace' | 'test';
  path: string;
  value: unknown;
}
