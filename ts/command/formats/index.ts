/** Which output stdout gets in a format that is made of whole exchanges. */

import type { Coming } from '../../outputs/kind';
import type { Output } from '../../outputs/output';
import type { StdoutOptions } from '../../outputs/stdout/output';
import { ExchangeOutput } from './output';

export function createFormat(format: 'har' | 'csv' | 'curl', options: StdoutOptions, come: Coming): Output {
  switch (format) {
    case 'har': {
      const { HarOnStdout } = require('./har') as typeof import('./har');
      return new HarOnStdout(options, come);
    }
    case 'csv': {
      const { factsOf, HEADER: header, rowOf: textOf } = require('./csv') as typeof import('./csv');
      return new ExchangeOutput({ header, factsOf, needsBodies: false, textOf }, options);
    }
    case 'curl': {
      const { commandOf: textOf, factsOf } = require('../../exchange/curl') as typeof import('../../exchange/curl');
      return new ExchangeOutput({ factsOf, needsBodies: true, textOf }, options);
    }
  }
}
