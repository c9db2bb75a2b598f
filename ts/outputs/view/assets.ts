/** The files of the page, as the build has made them. Read when a page is wanted, and not before. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE_ERROR_CODES, EngineError } from '../../errors';

export interface Assets {
  html: string;
  script: string;
  style: string;
  icon: string;
}

/** Beside the compiled code of the package. */
export const FOLDER = join(__dirname, '..', '..', 'page');

/** @throws {EngineError} if they are not there: in a clone they are built */
export function readAssets(folder = FOLDER): Assets {
  const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
  try {
    return { html: text('page.html'), script: text('page.js'), style: text('page.css'), icon: text('icon.svg') };
  } catch (cause) {
    const message = `the page's own files are missing: ${(cause as Error).message} (in a clone, npm run build:ts makes them)`;
    throw new EngineError(ENGINE_ERROR_CODES.UNRECOVERABLE, message, { cause });
  }
}

/** As a Content-Security-Policy names an inline script or style (CSP 3 §2.3.1). */
export function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Of every page: no code but ours, and no text becomes code. */
export function policyOf(code: { script: string; style: string; image: string; connect?: string }): string {
  return [
    "default-src 'none'",
    `script-src ${code.script}`,
    `style-src ${code.style}`,
    `img-src ${code.image}`,
    ...(code.connect === undefined ? [] : [`connect-src ${code.connect}`]),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
