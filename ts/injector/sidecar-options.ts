/** `--sidecar-options`: the operator's values for what pods set by annotations. */

import { COMMAND_OPTIONS } from '../config/command';
import { suggest } from '../suggest';
import { isObject } from './pod';
import { CombinationError, checkSnifferText, checkSnifferTexts, variableFor } from './sniffer-text';

/** Annotations whose default the injector has an option for. */
const OWN_DEFAULTS = ['ports', 'interface', 'output-url'];

/**
 * Options of every sidecar by the names of their annotations, as the texts of variables.
 * @throws {Error} what is expected
 */
export function readSidecarOptions(given: unknown, production: boolean): Record<string, string> {
  const content = typeof given === 'string' ? parseJson(given) : given;
  if (!isObject(content)) throw new Error('must be a JSON object');
  const names = COMMAND_OPTIONS.flatMap(({ annotation }) => annotation?.name ?? []);
  const own = Object.keys(content).find((name) => OWN_DEFAULTS.includes(name));
  if (own !== undefined) throw new Error(`${own} has an option of the injector of its own`);
  const env = Object.fromEntries(
    Object.entries(content).map(([name, value]) => {
      const option = COMMAND_OPTIONS.find(({ annotation }) => annotation?.name === name);
      if (option === undefined) {
        const near = suggest(name, names);
        throw new Error(`${name} is no option of a sidecar${near === undefined ? '' : `; did you mean ${near}?`}`);
      }
      if (isObject(value) || value === null) throw new Error(`${name}: must be a text, a number, a boolean or a list`);
      try {
        return [variableFor(option.field), checkSnifferText(option.field, String(value), production)];
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      }
    }),
  );
  try {
    checkSnifferTexts(env, production);
  } catch (error) {
    throw error instanceof CombinationError ? new Error(`${error.annotation}: ${error.message}`) : error;
  }
  return env;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('is not JSON');
  }
}
