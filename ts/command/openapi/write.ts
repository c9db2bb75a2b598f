/** A document as text, and the file that it goes to. */

import type { Document } from '../../openapi/document';
import { loadYaml, missingPackage } from '../../openapi/source';
import { type FileKind, writeWhole } from '../whole-file';

/** Captured values are examples: only its owner may read it. */
const MODE_WITH_EXAMPLES = 0o600;
const MODE = 0o666;

export const DOCUMENTS: FileKind = {
  ...{ head: /["']?openapi["']?\s*:/, name: 'document of OpenAPI', field: 'output', flag: '--output' },
};

/** @throws {ValidationError} if the package for it is not installed */
export async function loadWriter(format: 'json' | 'yaml'): Promise<(document: Document) => string> {
  if (format === 'json') return (document) => `${JSON.stringify(document, null, 2)}\n`;
  const yaml = await loadYaml();
  if (yaml === undefined) throw missingPackage('yaml', 'output', 'YAML', '--format yaml');
  return (document) => yaml.stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** `isPrivate`: only its owner may read it. Else a file that is there keeps who may. @throws {Error} */
export function writeFile(path: string, text: string, isPrivate: boolean): void {
  if (isPrivate) writeWhole(path, text, DOCUMENTS, MODE_WITH_EXAMPLES);
  else writeWhole(path, text, DOCUMENTS, MODE, { keepsMode: true });
}
