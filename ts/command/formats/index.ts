/** Which output stdout gets in a format that is made of whole exchanges. */

import type { Output } from '../../outputs/output';
import type { StdoutOptions } from '../../outputs/stdout/output';
import { factsOf as factsOfRow, HEADER, rowOf } from './csv';
import { commandOf, factsOf as factsOfCommand } from './curl';
import { HarOnStdout } from './har';
import { ExchangeOutput } from './output';

export function createFormat(format: 'har' | 'csv' | 'curl', options: StdoutOptions, streams: boolean): Output {
  switch (format) {
    case 'har':
      return new HarOnStdout(options, streams);
    case 'csv': {
      const rows = { header: HEADER, factsOf: factsOfRow, needsBodies: false };
      return new ExchangeOutput({ ...rows, textOf: rowOf }, options);
    }
    case 'curl':
      return new ExchangeOutput({ factsOf: factsOfCommand, needsBodies: true, textOf: commandOf }, options);
  }
}
