/** Exchanges in one HTML file that shows itself. Only this file is always loaded; the rest comes with a run that has such a file. */

import { EngineError } from '../../errors';
import type { OutputKind } from '../kind';
import { unwritable } from '../unwritable';

export const html: OutputKind = {
  dropReasons: ['overflow', 'invalid', 'closed'],
  create({ config: { htmlFile = '', pcapFile, interface: name }, deps, endings, capture, lossless, onClosed }) {
    const { HtmlOutput } = require('./output') as typeof import('./output');
    try {
      return new HtmlOutput({
        path: htmlFile,
        source: pcapFile ?? name,
        lossless,
        endings,
        wordsOfClocks: deps.wordsOfClocks,
        engineStats: () => capture.stats(),
        onClosed,
      });
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw unwritable('the HTML file', htmlFile, cause);
    }
  },
};
