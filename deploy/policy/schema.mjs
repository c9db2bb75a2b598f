// The parts of the schema of the chart's values that come from the code: names of the table of options, and the texts that the injector takes.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { TOKEN } = require('../../dist/token.js');
const { MAX_PORT } = require('../../dist/config/limits.js');
const { OBJECT_NAME, SECRET_KEY } = require('../../dist/injector/names.js');
const { QUANTITY } = require('../../dist/injector/quantity.js');
const { ANNOTATION_NAMES } = require('../../dist/injector/settings.js');
const { SIDECAR_OPTION_NAMES } = require('../../dist/injector/sidecar-options.js');

/** Without lookaheads, which Helm's patterns have not: they allow more then, and bounds of the whole text. */
const inner = ({ source }) => source.replace(/^\^(?:\(\?[=!](?:[^()\\]|\\.)*\))*/, '').replace(/\$$/, '');

if (MAX_PORT !== 65_535) throw new Error('the pattern of a port is another one');
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const RANGE = `\\s*${PORT}\\s*(?:-\\s*${PORT}\\s*)?`;
const BASE64 = '[A-Za-z0-9+/=\\s]+';

export const definitions = () => ({
  annotations: { type: 'array', items: { enum: [...ANNOTATION_NAMES].sort() } },
  options: {
    type: 'object',
    propertyNames: { enum: [...SIDECAR_OPTION_NAMES].sort() },
    additionalProperties: {
      type: ['string', 'number', 'boolean', 'array'],
      items: { type: ['string', 'number'] },
    },
  },
  header: { type: 'string', pattern: TOKEN.source, not: { pattern: '^(?:\\+.*|(?i:none))$' } },
  name: { type: 'string', pattern: '^[^,\\p{Cc}\\p{Z}](?:[^,\\p{Cc}]*[^,\\p{Cc}\\p{Z}])?$' },
  ports: { type: 'string', pattern: `^(?:${RANGE}(?:,${RANGE})*)?$` },
  secret: {
    type: 'string',
    pattern: `^(?:${inner(OBJECT_NAME)}/${inner(SECRET_KEY)})?$`,
    not: { pattern: '/\\.(?:\\.|$)' },
  },
  quantity: { type: ['string', 'number'], pattern: QUANTITY.source },
  certificates: {
    type: 'string',
    pattern: `^$|-----BEGIN CERTIFICATE-----${BASE64}-----END CERTIFICATE-----`,
  },
});
