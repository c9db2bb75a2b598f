import { join, sep } from 'node:path';
import { defineConfig } from 'vitest/config';

const SOURCES = join(import.meta.dirname, 'ts') + sep;

/**
 * `require('./x') as typeof import('./x')` in ts/ loads a part late, and Node's `require` finds no TypeScript: where tests import the sources,
 * the part is imported with the rest.
 */
export const lateParts = {
  name: 'late-parts',
  enforce: 'pre' as const,
  transform(code: string, id: string): string | undefined {
    if (!id.startsWith(SOURCES)) return undefined;
    const imports: string[] = [];
    const text = code.replaceAll(/require\(('\.[^']+')\) as typeof import\(\1\)/g, (_, path: string) => {
      const name = `latePart${imports.length}`;
      imports.push(`import * as ${name} from ${path};`);
      return name;
    });
    // After the text, so that its lines keep their numbers.
    return imports.length === 0 ? undefined : `${text}\n${imports.join('\n')}\n`;
  },
};

export default defineConfig({
  plugins: [lateParts],
  test: {
    include: ['__test__/**/*.test.ts'],
    // Many tests start processes; on a busy machine those take their time.
    testTimeout: 20_000,
    globalSetup: ['__test__/ts/setup/build.ts'],
    setupFiles: ['__test__/environment.ts'],
  },
});
