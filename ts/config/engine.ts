/** The config as the engine takes it: the values of the rows that say `engine`, under the same names. */

import type { CaptureOptions, OwnOutputOptions } from '../native/binding';
import type { MessageField } from '../types';
import type { Option } from './option';
import { OPTIONS } from './options';
import { tracesUrl } from './otlp';
import type { EngineField, ValidatedConfig } from './types';

/** None, so that each option of the engine is either a row of the table or made below. The compiler shows these words for one. */
type Unknown = Record<
  Exclude<EngineField, keyof CaptureOptions>,
  'the engine has no such option: add it to src/binding/options.rs, and run `npm run build:addon`'
>;

const FIELDS = Object.entries<Option>(OPTIONS)
  .filter(([, { engine }]) => engine === true)
  .map(([field]) => field as EngineField);

/** Facts that the engine needs beside the config. */
export interface Circumstances {
  /** The process does nothing but this, so that all its CPU time counts. */
  ownsProcess?: boolean | undefined;
  /** The size of the ring is the user's own, and kept. */
  ringIsGiven?: boolean;
}

/** Every value is passed: the engine has no defaults. `read`: the only fields of messages that are looked at. */
export function toCaptureOptions(
  config: ValidatedConfig,
  read?: readonly MessageField[],
  { ownsProcess = false, ringIsGiven = false }: Circumstances = {},
): CaptureOptions {
  const fields = FIELDS.filter((field) => config[field] !== undefined);
  const values = Object.fromEntries(fields.map((field) => [field, config[field]])) as Pick<
    ValidatedConfig,
    EngineField
  >;
  // Of a savefile no interface is opened.
  const { interface: device, ...rest } = values;
  const options = {
    ...rest,
    ...(read === undefined ? {} : { fields: [...read] }),
    ...(config.pcapFile !== undefined || device === '' ? {} : { interface: device }),
    ownOutputs: [config.outputUrl, config.outputOtlp === undefined ? undefined : tracesUrl(config.outputOtlp)]
      .filter((url) => url !== undefined)
      .map(ownOutput),
    cpuOfProcess: ownsProcess,
    ringBufferFits: !ringIsGiven,
  } satisfies CaptureOptions & Partial<Unknown>;
  return options;
}

/** A POST to the URL, as it stands on the wire (RFC 9112 §3.2): our own are no messages. */
function ownOutput(url: string): OwnOutputOptions {
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const hosts = [`${hostname}:${number}`, ...(port === '' ? [hostname] : [])];
  return { hosts, port: number, target: `${pathname}${search}` };
}
