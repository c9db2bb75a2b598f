/** A config in, its outputs out. */

import { configuredOutputs } from '../config/outputs';
import type { OutputName } from '../types';
import { isSelective, type OutputContext, type OutputKind } from './kind';
import { OUTPUTS } from './list';
import type { Output } from './output';

const KINDS = Object.entries(OUTPUTS) as [OutputName, OutputKind][];

export type BuildOptions = Omit<OutputContext, 'alone' | 'lossless' | 'onClosed'> & {
  onClosed(name: OutputName, error: NodeJS.ErrnoException): void;
};

/** @throws {EngineError} if what an output writes to cannot be had */
export function buildOutputs({ onClosed, ...rest }: BuildOptions): readonly Output[] {
  const { config, listeners, readers } = rest;
  const configured = configuredOutputs(config);
  const context = {
    ...rest,
    alone:
      configured.size === 1 &&
      !listeners.wanted() &&
      !listeners.streams.wanted() &&
      readers.size === 0 &&
      rest.deps.observe === undefined &&
      !isSelective(config),
    lossless: config.pcapFile !== undefined,
  };
  return KINDS.filter(([name, { always }]) => always === true || configured.has(name)).map(([name, kind]) =>
    kind.create({ ...context, onClosed: (error) => onClosed(name, error) }),
  );
}
