// `require('./x') as typeof import('./x')` in ts/ loads a part late, and Node's `require` finds no TypeScript: where tests import the sources,
// the part is imported with the rest. A plugin of vitest.
import { join, sep } from 'node:path';

const SOURCES = join(import.meta.dirname, '..', 'ts') + sep;

export const lateParts = {
  name: 'late-parts',
  enforce: 'pre',
  transform(code, id) {
    if (!id.startsWith(SOURCES)) return undefined;
    const imports = [];
    const text = code.replaceAll(/require\(('\.[^']+')\) as typeof import\(\1\)/g, (_, path) => {
      const name = `latePart${imports.length}`;
      imports.push(`import * as ${name} from ${path};`);
      return name;
    });
    // After the text, so that its lines keep their numbers.
    return imports.length === 0 ? undefined : `${text}\n${imports.join('\n')}\n`;
  },
};
