import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** This package's version. package.json lies one level above both ts/ and dist/. */
export const VERSION: string = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')).version;
