/**
 * The config at the door: whatever the caller passed goes in, a complete and correct config or a `ValidationError` comes
 * out. Knows no environment, no flags, and opens nothing; it looks at the disk only to tell whether two paths are one file.
 */

import { resolve } from 'node:path';
import { ValidationError } from '../errors';
import { suggest } from '../suggest';
import { PORTS_EXPECTED, show, wrong } from './checks';
import { refuseLeftOut } from './fields';
import { MAX_FILTERS } from './filters';
import type { Option } from './option';
import { OPTIONS } from './options';
import { isSameFile } from './same-file';
import { withStrictNames } from './strict';
import type { ValidatedConfig } from './types';

const ROWS = Object.entries<Option>(OPTIONS);

interface ValidateOptions {
  production?: boolean;
  /** Messages come from JSON lines: no ports are needed. */
  readsLines?: boolean | undefined;
  /** It is a part of a config: options may be there without the option that they need. */
  isPart?: boolean;
}

/**
 * The config with every default in place. Options that are `undefined` count as left out.
 * @throws {ValidationError} for the first option that is wrong, naming it, what is expected, and what came
 */
export function validateConfig(config: unknown, options: ValidateOptions = {}): ValidatedConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw wrong('config', 'an object with at least `ports`', config);
  }
  const given: Record<string, unknown> = { ...config };
  if (options.readsLines === true && Array.isArray(given.ports) && given.ports.length === 0) given.ports = undefined;
  for (const field of Object.keys(given)) {
    if (given[field] !== undefined && !Object.hasOwn(OPTIONS, field)) throw unknownOption(field);
  }
  if (given.ports === undefined && options.readsLines !== true) throw wrong('ports', PORTS_EXPECTED, undefined);
  const result: Record<string, unknown> = {};
  for (const [field, row] of ROWS) {
    const value =
      given[field] === undefined ? row.default : row.check(given[field], field, options.production === true);
    // The caller gets arrays of its own and not those of the defaults.
    if (value !== undefined) result[field] = Array.isArray(value) ? [...value] : value;
  }
  const whole = { ports: [], ...result } as unknown as ValidatedConfig;
  if (whole.include.length + whole.exclude.length > MAX_FILTERS) {
    throw new ValidationError(
      whole.include.length > whole.exclude.length ? 'include' : 'exclude',
      `must be at most ${MAX_FILTERS} filters together with the other option`,
    );
  }
  refuseLeftOut(result);
  if (options.isPart !== true) refuseIdle(result);
  const { pcapFile } = whole;
  if (pcapFile !== undefined) refuseSameFile(whole, pcapFile);
  refuseSameOutput(whole);
  return whole.redact === 'strict' ? { ...whole, ...withStrictNames(whole) } : whole;
}

/** A default has no effect either, but a whole config has it too. */
function refuseIdle(result: Readonly<Record<string, unknown>>): void {
  for (const [field, { needs, default: usual }] of ROWS) {
    if (needs === undefined || result[needs] !== undefined || result[field] === usual) continue;
    throw new ValidationError(field, `needs ${needs}, without which it has no effect`);
  }
}

/** `write` is of the command alone. */
type OutputFiles = Pick<ValidatedConfig, 'outputFile' | 'harFile' | 'htmlFile'> & { write?: string | undefined };

/** @throws {ValidationError} if a file would be written over what is read */
export function refuseSameFile(files: OutputFiles, pcapFile: string): void {
  for (const [field, file] of outputFilesIn(files)) {
    if (isSameFile(file, pcapFile)) {
      throw new ValidationError(field, `must not be the savefile that is read, got ${show(file)}`);
    }
  }
}

/** @throws {ValidationError} if two outputs would write to one file */
export function refuseSameOutput(files: OutputFiles): void {
  const given = outputFilesIn(files);
  for (const [at, [field, file]] of given.entries()) {
    const other = given.slice(0, at).find(([, earlier]) => isSameFile(resolve(earlier), resolve(file)));
    if (other !== undefined) throw new ValidationError(field, `must not be the file of ${other[0]}, got ${show(file)}`);
  }
}

function outputFilesIn({ outputFile, harFile, htmlFile, write }: OutputFiles): [string, string][] {
  return Object.entries({ outputFile, harFile, htmlFile, write }).flatMap(([field, file]): [string, string][] =>
    file === undefined ? [] : [[field, file]],
  );
}

function unknownOption(field: string): ValidationError {
  const near = suggest(field, Object.keys(OPTIONS));
  return new ValidationError(field, `is no option${near === undefined ? '' : `; did you mean ${near}?`}`);
}
