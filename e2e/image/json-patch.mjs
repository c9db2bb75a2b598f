// JSON Patch (RFC 6902), what the injector uses of it: `add` and `test`.
import assert from 'node:assert/strict';

export function applyPatch(document, operations) {
  const result = structuredClone(document);
  for (const { op, path, value } of operations) {
    const names = path
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = names.pop();
    const parent = names.reduce((at, name) => {
      assert.ok(Object.hasOwn(at, name), `${path} has no parent`);
      return at[name];
    }, result);
    if (op === 'test') assert.deepEqual(parent[last], value, path);
    else if (op !== 'add') throw new Error(`operation ${op}`);
    else if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : Number(last), 0, value);
    else parent[last] = value;
  }
  return result;
}
