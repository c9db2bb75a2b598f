/** The savefiles of `fixtures/`, with the options by which they are read. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnifferConfig } from '../dist/index.js';
import { FIXTURES } from './live/harness.js';

export interface Savefile {
  name: string;
  file: string;
  ports: number[];
  options: Partial<SnifferConfig>;
  note: string;
}

export const SAVEFILES = JSON.parse(readFileSync(join(FIXTURES, 'index.json'), 'utf8')) as Savefile[];
