/** The display of the command beside the sniffer's own outputs, loaded only if there is a terminal. */

import { createLogger } from '../logger';
import { isTerminal } from '../run/standard';
import type { Appearance, Terminal } from './terminal';

export type Shown = Pick<Terminal, 'createLogger' | 'createStdout' | 'observe' | 'observeFacts' | 'attach' | 'close'> &
  Partial<Pick<Terminal, 'endings'>>;

/** Without a terminal: logs as JSON lines, and nothing else. */
const UNSEEN: Shown = {
  createLogger,
  createStdout: undefined,
  observe: undefined,
  observeFacts: undefined,
  attach: () => {},
  close: async () => {},
};

/** The parts for people are loaded only if there is a terminal or a summary: every start of the command would wait for them. */
export async function show(appearance: Appearance): Promise<Shown> {
  const { format, summary, traces } = appearance;
  const isLookedAt = isTerminal(1) || isTerminal(2) || summary === true || format === 'text' || traces !== undefined;
  if (isLookedAt) return loadTerminal(appearance);
  if (format === undefined || format === 'json') return UNSEEN;
  const { createFormat } = require('./formats') as typeof import('./formats');
  return {
    ...UNSEEN,
    createStdout: (options, come) => createFormat(format, options, come),
  };
}

export function loadTerminal(appearance: Appearance): Promise<Terminal> {
  const { Terminal } = require('./terminal') as typeof import('./terminal');
  return Terminal.create(appearance);
}
