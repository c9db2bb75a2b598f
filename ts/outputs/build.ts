/** A config in, its outputs out. */

import { configuredOutputs, countsEndpoints } from '../config/outputs';
import type { MessageField, OutputName } from '../types';
import { isSelective, type OutputContext, type OutputKind } from './kind';
import { OUTPUTS } from './list';
import type { Output } from './output';

const KINDS = Object.entries(OUTPUTS) as [OutputName, OutputKind][];

type BuildOptions = Omit<OutputContext, 'alone' | 'lossless' | 'onClosed'> & {
  onClosed(name: OutputName, error: NodeJS.ErrnoException): void;
};

type Takers = Pick<OutputContext, 'config' | 'deps' | 'listeners' | 'readers'>;

/** The fields that are looked at, whatever comes; `undefined` where that may be all of them. */
export function fieldsRead(takers: Takers): readonly MessageField[] | undefined {
  const { config, deps } = takers;
  // Of a library a listener may be added later.
  if (deps.stdoutIsOurs !== true || !isAlone(takers)) return undefined;
  const [only] = configuredOutputs(config);
  return only === undefined ? undefined : OUTPUTS[only].reads?.(config);
}

/** True if facts do for all but stdout: it gets the lines from the engine, and what is observed comes without them. */
export function needsFactsAlone(takers: Takers): boolean {
  const { config, deps } = takers;
  const toStdout =
    deps.stdoutIsOurs === true && deps.createStdout === undefined && configuredOutputs(config).has('stdout');
  return deps.observeFacts !== undefined && toStdout && isAloneButFor(takers);
}

function isAlone(takers: Takers): boolean {
  return isAloneButFor(takers) && (takers.deps.observe === undefined || needsFactsAlone(takers));
}

/** True if nothing else takes the messages, observers aside. Lines that are rewritten are not those that the engine has. */
function isAloneButFor({ config, deps, listeners, readers }: Takers): boolean {
  return (
    deps.rewrite === undefined &&
    configuredOutputs(config).size === 1 &&
    !listeners.wanted() &&
    !listeners.streams.wanted() &&
    readers.size === 0 &&
    !countsEndpoints(config) &&
    !isSelective(config)
  );
}

/** @throws {EngineError} if what an output writes to cannot be had */
export function buildOutputs({ onClosed, ...rest }: BuildOptions): readonly Output[] {
  const { config } = rest;
  const configured = configuredOutputs(config);
  const context = { ...rest, alone: isAlone(rest), lossless: config.pcapFile !== undefined };
  return KINDS.filter(([name, { always }]) => always === true || configured.has(name)).map(([name, kind]) =>
    kind.create({ ...context, onClosed: (error) => onClosed(name, error) }),
  );
}
