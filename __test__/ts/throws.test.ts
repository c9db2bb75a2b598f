// Throws over a batch by others than the outputs: the engine has its credit back, and what comes next is delivered.

import { describe, expect, it } from 'vitest';
import { request } from '../filter/exchanges';
import { settle } from './setup/fakes';
import { rig } from './setup/rig';

async function deliver(overrides: Parameters<typeof rig>[1]) {
  const { sniffer, capture, log } = await started(overrides);
  const paths: unknown[] = [];
  sniffer.on('message', ({ path }) => paths.push(path));
  await settle();
  capture.batch(request({ path: '/bad' }), request({ path: '/bad' }));
  await settle();
  capture.batch(request({ path: '/good' }));
  await settle();
  const { released } = capture;
  await sniffer.stop();
  return { paths, released, errors: log.lines.filter(({ level }) => level === 'error') };
}

async function started(overrides: Parameters<typeof rig>[1]) {
  const made = rig({}, overrides);
  await made.sniffer.start();
  return { sniffer: made.sniffer, capture: made.capture, log: made.log };
}

const throwOnBad = (lines: Buffer): void => {
  if (lines.includes('/bad')) throw new TypeError('not a function');
};

describe('a batch over which there is a throw', () => {
  it('is lost with its number told if it cannot be rewritten', async () => {
    const { paths, released, errors } = await deliver({
      rewrite: (lines) => {
        throwOnBad(lines);
        return { lines, messages: 1 };
      },
    });
    expect([paths, released]).toEqual([['/good'], 2]);
    expect(errors).toEqual([
      expect.objectContaining({ messages: 2, message: 'messages are lost: they could not be rewritten' }),
    ]);
  });

  it('reaches the outputs if it is an observer that throws', async () => {
    const { paths, released, errors } = await deliver({ observe: throwOnBad });
    expect([paths, released]).toEqual([['/bad', '/bad', '/good'], 2]);
    expect(errors).toHaveLength(1);
  });

  it('is given back if the engine cannot copy it', async () => {
    const { paths, released, errors } = await deliver({
      prepare: (capture) => {
        const copy = capture.copyLines.bind(capture);
        let copies = 0;
        capture.copyLines = (target) => {
          copy(target);
          if (++copies === 1) throw new Error('no lines');
        };
      },
    });
    expect([paths, released]).toEqual([['/good'], 2]);
    expect(errors).toEqual([expect.objectContaining({ message: "could not handle a 'batch' event of the engine" })]);
  });
});
