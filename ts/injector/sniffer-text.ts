/**
 * What the sidecar will find in its environment is checked here by the code that the sidecar will check it with: what it
 * would refuse at its start must not get into a pod.
 */

import type { SnifferConfig } from '../config';
import { validateConfig } from '../config';
import { COMMAND_OPTIONS, type CommandOption } from '../config/command';
import { ValidationError } from '../errors';

/** Linux (`dev_valid_name`): IFNAMSIZ is 16 with the final zero, and some characters are not taken. */
export const INTERFACE_NAME = /^(?!\.\.?$)[!-.0-9;-~]{0,15}$/;

/**
 * The text as it may stand in the sidecar's variable.
 * @throws {Error} what is expected, without what came
 */
export function checkSnifferText(field: keyof SnifferConfig, text: string, production: boolean): string {
  const option = optionFor(field);
  const trimmed = text.trim();
  if (trimmed === '' && option.emptyMeans !== undefined) return trimmed;
  if (field === 'interface' && !INTERFACE_NAME.test(trimmed)) throw new Error('must be the name of an interface');
  try {
    validateConfig({ ports: [1], [field]: option.parse(trimmed) }, { production });
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    throw new Error(error.complaint.replace(/, got .*$/s, ''));
  }
  return trimmed;
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
