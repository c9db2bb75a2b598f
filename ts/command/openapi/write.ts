/** A document as text, and its file: under another name next to it until it is whole. */

import { closeSync, openSync, readSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { ValidationError } from '../../errors';
import type { Document } from '../../openapi/document';
import { loadYaml, missingPackage } from '../../openapi/source';

/** Captured values are examples: only its owner may read it. */
const MODE_WITH_EXAMPLES = 0o600;
const MODE = 0o666;
/** A document says early which version it has. */
const HEAD_BYTES = 4_096;
const IS_OPENAPI = /["']?openapi["']?\s*:/;

/** @throws {ValidationError} if the package for it is not installed */
export async function loadWriter(format: 'json' | 'yaml'): Promise<(document: Document) => string> {
  if (format === 'json') return (document) => `${JSON.stringify(document, null, 2)}\n`;
  const yaml = await loadYaml();
  if (yaml === undefined) throw missingPackage('yaml', 'output', 'YAML', '--format yaml');
  return (document) => yaml.stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** Another file would be lost. @throws {ValidationError} */
export function refuseOthers(path: string): void {
  const refuse = (complaint: string): ValidationError =>
    new ValidationError('output', `'${path}' ${complaint}`, '--output');
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (status.isDirectory()) throw refuse('is a folder');
  if (!status.isFile() || status.size === 0) return;
  let head: string;
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    const fd = openSync(path, 'r');
    head = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
    closeSync(fd);
  } catch (error) {
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (!IS_OPENAPI.test(head))
    throw refuse('is no OpenAPI document, and would be lost; remove it, or name another file');
}

/** @throws {Error} */
export function writeFile(path: string, text: string, hasExamples: boolean): void {
  const mode = hasExamples ? MODE_WITH_EXAMPLES : MODE;
  const status = statSync(path, { throwIfNoEntry: false });
  // A pipe or a device is written as it is.
  if (status !== undefined && !status.isFile()) {
    writeFileSync(path, text);
    return;
  }
  // A link stays, and its file is replaced.
  const whole = status === undefined ? path : realpathSync(path);
  const partial = `${whole}.${process.pid}.partial`;
  try {
    writeFileSync(partial, text, { mode, flag: 'wx' });
    renameSync(partial, whole);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
