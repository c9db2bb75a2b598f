/** Exchanges on a page. Only this file is always loaded; the rest comes with a run that has a page. */

import { statSync } from 'node:fs';
import { toCaptureOptions } from '../../config/engine';
import type { OutputContext, OutputKind } from '../kind';
import type { PacketCopies } from './packets';

export const view: OutputKind = {
  dropReasons: ['overflow', 'invalid'],
  create({ config, deps, endings, capture, lossless, sayAlways }) {
    const { checkListening } = require('./listening') as typeof import('./listening');
    const listening = checkListening(config);
    const { ViewOutput } = require('./output') as typeof import('./output');
    return new ViewOutput({
      listening,
      ports: config.ports,
      lossless,
      packets: packetsOf({ config, deps }, listening.host),
      source: config.pcapFile ?? config.interface,
      endings,
      engineStats: () => capture.stats(),
      say: (url) => sayAlways({ url }, 'the page is open at this address, once; keep it to yourself'),
      wordsOfClocks: deps.wordsOfClocks,
      schedule: deps.schedule,
      now: deps.now,
    });
  },
};

/** Packets are not redacted, as what the page shows is: to other machines they are not sent. */
function packetsOf({ config, deps }: Pick<OutputContext, 'config' | 'deps'>, host: string): PacketCopies | undefined {
  const { isLoopback } = require('./listening') as typeof import('./listening');
  const { pcapFile } = config;
  if (pcapFile === undefined || deps.savefiles === 'none' || !isLoopback(host)) return undefined;
  if (deps.savefiles === undefined && statSync(pcapFile, { throwIfNoEntry: false })?.isFile() !== true)
    return undefined;
  const { Savefiles } = require('../../exchange/savefiles') as typeof import('../../exchange/savefiles');
  const { PacketCopies } = require('./packets') as typeof import('./packets');
  return new PacketCopies({
    savefiles: deps.savefiles ?? new Savefiles([pcapFile]),
    capture: toCaptureOptions(config),
  });
}
