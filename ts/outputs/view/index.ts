/** Exchanges on a page. Loaded is only this: all the rest when there is a page. */

import type { OutputKind } from '../kind';

export const view: OutputKind = {
  dropReasons: ['overflow', 'invalid'],
  create({ config, deps, capture, lossless, sayAlways }) {
    const { checkListening } = require('./listening') as typeof import('./listening');
    const listening = checkListening(config);
    const { ViewOutput } = require('./output') as typeof import('./output');
    return new ViewOutput({
      listening,
      ports: config.ports,
      lossless,
      source: config.pcapFile ?? config.interface,
      engineStats: () => capture.stats(),
      say: (url) => sayAlways({ url }, 'the page is open at this address, once; keep it to yourself'),
      schedule: deps.schedule,
      now: deps.now,
    });
  },
};
