/**
 * Checks the texts of the sidecar's environment with the code that the sidecar itself will check them with: a text that it would
 * refuse at its start must not get into a pod.
 */

import type { SnifferConfig } from '../config';
import { validateConfig } from '../config';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import { ValidationError } from '../errors';

/** Linux (`dev_valid_name`): IFNAMSIZ is 16 with the final zero, and some characters are not taken. */
export const INTERFACE_NAME = /^(?!\.\.?$)[!-.0-9;-~]{0,15}$/;

/** The environment of a container takes no NUL: the container would not start. Other control characters have no use in a value. */
const CONTROL = /\p{Cc}/u;

/** @throws {Error} what is expected */
export function refuseControls(text: string): void {
  if (CONTROL.test(text)) throw new Error('must have no control characters');
}

/** The given text is not shown: it may be a secret. */
const GOT = /, got .*$/s;

/**
 * The text as it may stand in the sidecar's variable.
 * @throws {Error} what is expected, without what came
 */
export function checkSnifferText(field: keyof SnifferConfig, text: string, production: boolean): string {
  const option = optionFor(field);
  const trimmed = text.trim();
  if (trimmed === '' && option.emptyMeans !== undefined) return trimmed;
  refuseControls(trimmed);
  if (field === 'interface' && !INTERFACE_NAME.test(trimmed)) throw new Error('must be the name of an interface');
  try {
    validateConfig({ ports: [1], [field]: option.parse(trimmed) }, { production, isPart: true });
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new Error(error.complaint.replace(GOT, ''));
  }
  return trimmed;
}

/** Two options that do not go together. */
export class CombinationError extends Error {
  constructor(
    readonly annotation: string,
    complaint: string,
  ) {
    super(complaint.replace(GOT, ''));
  }
}

/**
 * All that a sidecar will find in its environment: what is right by itself may not go together.
 * @throws {CombinationError} for the first option that does not go with another
 */
export function checkSnifferTexts(env: Readonly<Record<string, string>>, production: boolean): void {
  const given = COMMAND_OPTIONS.flatMap(({ field, variable, parse }): [string, unknown][] => {
    const text = variable === undefined ? '' : (env[variable] ?? '');
    return text === '' ? [] : [[field, parse(text)]];
  });
  try {
    validateConfig({ ports: [1], ...Object.fromEntries(given) }, { production, isPart: true });
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    const { field, complaint } = error;
    throw new CombinationError(
      COMMAND_OPTIONS.find((each) => each.field === field)?.annotation?.name ?? field,
      complaint,
    );
  }
}

/** The variable by which the sniffer takes that option. */
export function variableFor(field: keyof SnifferConfig): string {
  return optionFor(field).variable ?? '';
}

function optionFor(field: keyof SnifferConfig): CommandOption {
  const option = COMMAND_OPTIONS.find((each) => each.field === field);
  if (option === undefined) throw new Error(`the sniffer has no option ${field}`);
  return option;
}
