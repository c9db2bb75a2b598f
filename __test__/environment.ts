/**
 * Runs before each file of tests: what they see does not depend on who runs them. In a terminal `npm test` asks its runners
 * for colours (`FORCE_COLOR`), and the commands under test would take that for themselves; what a developer has set for
 * colours or for the sniffer would reach them too, and so would the zone of the clock.
 */

import { COMMAND_OPTIONS } from '../ts/config/command';

const COLOURS = ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS', 'COLORTERM', 'CLICOLOR', 'CLICOLOR_FORCE'];
const OURS = [
  ...COMMAND_OPTIONS.map(({ variable }) => variable ?? ''),
  ...[
    'OUTPUT_URL_AUTH_TOKEN',
    'RETRY_OPEN_MS',
    'KEEP_NET_RAW',
    'TCP_SNIFFER_PRODUCTION',
    'POD_NAME',
    'NAMESPACE',
    'NODE_NAME',
  ],
];

export function makeNeutral(env: NodeJS.ProcessEnv): void {
  for (const name of [...COLOURS, ...OURS]) delete env[name];
  if (env.NODE_ENV === 'production') env.NODE_ENV = 'test';
  env.TZ = 'UTC';
}

makeNeutral(process.env);
