// The types as a program that uses the package sees them: what shall compile does, and what shall not does not.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const CONSUMERS = join(__dirname, '../../packaging/consumers');

/** With the declarations that the package has in place of its sources. */
function complaints(): string[] {
  const programs = readdirSync(CONSUMERS).filter((name) => /\.[mc]ts$/.test(name));
  expect(programs).toContain('messages.mts');
  const program = ts.createProgram(
    programs.map((name) => join(CONSUMERS, name)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      types: ['node'],
      typeRoots: [join(__dirname, '../../node_modules/@types')],
      paths: { 'tcp-sniffer': [join(`${process.env.TEST_DIST}`, 'index.d.ts')] },
      strict: true,
      noEmit: true,
      // An error in the package's own declarations is one too.
      skipLibCheck: false,
    },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ messageText, file: of, start }) =>
        `${of?.fileName}@${start}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

describe('the declarations of the package', () => {
  it('are what programs of its users take them for', { timeout: 120_000 }, () => {
    expect(complaints()).toEqual([]);
  });
});
