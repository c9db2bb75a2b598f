/** `--sidecar-options`: the operator's values for what pods set by annotations. */

import { COMMAND_OPTIONS } from '../config/command';
import { suggest } from '../suggest';
import { LABEL_NAME } from './names';
import { OTEL_VARIABLES } from './otel-variables';
import { isObject } from './pod';
import { SECRETS } from './secrets';
import { CombinationError, checkSnifferText, checkSnifferTexts, refuseControls, variableFor } from './sniffer-text';

/** Annotations whose default the injector has an option for. */
const OWN_DEFAULTS = ['ports', 'interface', 'output-url', ...SECRETS.map(({ annotation }) => annotation as string)];

type Reader = (text: string, production: boolean) => [variable: string, text: string];

/** By the names of the annotations, those with an option of the injector too. */
const READERS: Readonly<Record<string, Reader | undefined>> = Object.fromEntries([
  ...COMMAND_OPTIONS.flatMap(({ field, annotation }): [string, Reader][] =>
    annotation === undefined
      ? []
      : [[annotation.name, (text, production) => [variableFor(field), checkSnifferText(field, text, production)]]],
  ),
  ...OTEL_VARIABLES.map(({ annotation, variable, check }): [string, Reader] => [
    annotation,
    (text) => {
      check(text.trim());
      return [variable, text.trim()];
    },
  ]),
]);

/** Names that `readSidecarOptions` takes. */
export const SIDECAR_OPTION_NAMES: readonly string[] = Object.keys(READERS).filter(
  (name) => !OWN_DEFAULTS.includes(name),
);

/**
 * Options of every sidecar by the names of their annotations, as the texts of variables.
 * @throws {Error} what is expected
 */
export function readSidecarOptions(given: unknown, production: boolean): Record<string, string> {
  const content = typeof given === 'string' ? parseJson(given) : given;
  if (!isObject(content)) throw new Error('must be a JSON object');
  const own = Object.keys(content).find((name) => OWN_DEFAULTS.includes(name));
  if (own !== undefined) throw new Error(`${own} has an option of the injector of its own`);
  const env = Object.fromEntries(
    Object.entries(content).map(([name, value]) => {
      const read = SIDECAR_OPTION_NAMES.includes(name) ? READERS[name] : undefined;
      if (read === undefined) {
        const near = suggest(name, SIDECAR_OPTION_NAMES);
        throw new Error(`${name} is not an option of a sidecar${near === undefined ? '' : `; did you mean ${near}?`}`);
      }
      if (isObject(value) || value === null) throw new Error(`${name}: must be a text, a number, a boolean or a list`);
      return attempt(name, () => {
        refuseControls(String(value).trim());
        return read(String(value), production);
      });
    }),
  );
  checkOptionsTogether(env, production);
  return env;
}

/**
 * The same by the names of namespaces.
 * @throws {Error} what is expected
 */
export function readNamespaces(given: unknown, production: boolean): Record<string, Record<string, string>> {
  const content = typeof given === 'string' ? parseJson(given) : given;
  if (!isObject(content)) throw new Error('must be a JSON object');
  return Object.fromEntries(
    Object.entries(content).map(([name, options]) => {
      if (!LABEL_NAME.test(name)) throw new Error(`${name} is not the name of a namespace`);
      return [name, attempt(name, () => readSidecarOptions(options, production))];
    }),
  );
}

/** @throws {Error} for the first option that does not go with another */
export function checkOptionsTogether(env: Readonly<Record<string, string>>, production: boolean): void {
  try {
    checkSnifferTexts(env, production);
  } catch (error) {
    throw error instanceof CombinationError ? new Error(`${error.annotation}: ${error.message}`) : error;
  }
}

function attempt<Result>(name: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
}
