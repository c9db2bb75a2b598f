/** Which output stdout gets in a format that is made of whole exchanges. */

import type { Output } from '../../outputs/output';
import type { StdoutOptions } from '../../outputs/stdout/output';
import { factsOf as factsOfRow, HEADER, rowOf } from './csv';
import { commandOf, factsOf as factsOfCommand } from './curl';
import { HarOnStdout } from './har';
import { ExchangeOutput } from './output';

/** `shown`: for texts that stand in the output as they are. */
export function createFormat(
  format: 'har' | 'csv' | 'curl',
  options: StdoutOptions,
  { streams, shown }: { streams: boolean; shown: (text: string) => string },
): Output {
  switch (format) {
    case 'har':
      return new HarOnStdout(options, streams);
    case 'csv': {
      const rows = { header: HEADER, factsOf: factsOfRow, needsBodies: false };
      return new ExchangeOutput({ ...rows, textOf: (exchange) => rowOf(exchange, shown) }, options);
    }
    case 'curl':
      return new ExchangeOutput({ factsOf: factsOfCommand, needsBodies: true, textOf: commandOf }, options);
  }
}
