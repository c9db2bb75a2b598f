/** A document that the user gives, JSON or YAML. In: the name of a file. Out: its object; a refusal says what is wrong with it. */

import { readFileSync, statSync } from 'node:fs';
import { ValidationError } from '../errors';
import type { Document } from './document';
import type { Schema } from './shape';

/** The largest that are published have some 10 MiB. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** Schemas in schemas; the deepest that are published have some 30 levels. */
const MAX_LEVELS = 500;
const VERSION = /^3\.[0-2](?:\.|$)/;

/** The packages that are the user's to install. */
const PACKAGES = { yaml: 'yaml@2', ajv: 'ajv@8' } as const;

/** Says how to install it. */
export function missingPackage(
  name: keyof typeof PACKAGES,
  field: string,
  why: string,
  label: string,
): ValidationError {
  return new ValidationError(
    field,
    `${why} needs the package ${name}, which is not installed: npm install ${PACKAGES[name]}`,
    label,
  );
}

/** `undefined` if it is not installed. */
export async function loadPackage<Module>(load: () => Promise<Module>): Promise<Module | undefined> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

type LoadYaml = () => Promise<Pick<typeof import('yaml'), 'parse' | 'stringify'> | undefined>;

export const loadYaml: LoadYaml = () => loadPackage(() => import('yaml'));

/** `label`: the flag that names it. @throws {ValidationError} */
export async function readDocument(file: string, label: string, load: LoadYaml = loadYaml): Promise<Document> {
  const refuse = (complaint: string): ValidationError =>
    new ValidationError('openapi', `'${file}' ${complaint}`, label);
  let text: string;
  try {
    if (statSync(file).size > MAX_DOCUMENT_BYTES) throw refuse('has more than 64 MiB: it is no OpenAPI document');
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    throw refuse(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
  }
  return checkedDocument(await parsed(text, refuse, label, load), refuse);
}

async function parsed(
  text: string,
  refuse: (complaint: string) => ValidationError,
  label: string,
  load: LoadYaml,
): Promise<unknown> {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      // A flow mapping is YAML and not JSON; as a rule it is JSON with a mistake.
      throw refuse(`is not JSON: ${(error as Error).message}`);
    }
  }
  const yaml = await load();
  if (yaml === undefined) throw missingPackage('yaml', 'openapi', 'a document in YAML', label);
  try {
    return yaml.parse(text, { logLevel: 'silent' });
  } catch (error) {
    throw refuse(`is neither JSON nor YAML: ${(error as Error).message.split('\n', 1)[0]}`);
  }
}

function checkedDocument(value: unknown, refuse: (complaint: string) => ValidationError): Document {
  if (!isObject(value)) throw refuse('is no OpenAPI document: it is not an object');
  const { openapi, swagger, paths = {}, info = {} } = value;
  if (typeof swagger === 'string' || typeof swagger === 'number')
    throw refuse(`is Swagger ${swagger}; OpenAPI 3.0 and later are read, to which converters take it`);
  const version = typeof openapi === 'number' ? openapi.toFixed(1) : openapi;
  if (typeof version !== 'string' || !VERSION.test(version))
    throw refuse("is no OpenAPI document of version 3: it has no 'openapi: 3.…'");
  if (!isObject(paths)) throw refuse("has 'paths' that is not an object");
  if (isDeeper(value, MAX_LEVELS)) throw refuse(`is nested deeper than ${MAX_LEVELS} levels`);
  return { ...value, openapi: version, info: isObject(info) ? info : {}, paths: paths as Document['paths'] };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

export function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
