import { describe, expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';
import { HarOutput, MAX_HAR_WAITING_BYTES } from '../../ts/outputs/har/output';
import { FakeLog, FakeTime, settle } from './setup/fakes';

/** A disk that takes what it is given when it is told to. */
class FakeFile {
  text = '';
  closed = 0;
  hold = false;
  readonly held: (() => void)[] = [];

  begin(): void {}

  async append(entries: readonly (readonly (string | Buffer)[])[]): Promise<void> {
    if (this.hold) await new Promise<void>((resolve) => this.held.push(resolve));
    this.text += entries.map((pieces) => `${pieces.map(String).join('')}\n`).join('');
  }

  repair(): boolean {
    return true;
  }

  close(): void {
    this.closed++;
  }
}

function output(options: { lossless?: boolean; streams?: boolean; endings?: Endings } = {}) {
  const [file, time, log] = [new FakeFile(), new FakeTime(), new FakeLog()];
  const har = new HarOutput({
    file,
    streams: options.streams ?? false,
    ...(options.endings && { endings: options.endings }),
    lossless: options.lossless ?? false,
    log: log.createLogger('info'),
    schedule: time.schedule,
    now: time.now,
    onClosed: () => expect.fail('nothing breaks here'),
  });
  har.begin();
  return { har, file, time, log };
}

const ENDS = {
  timestamp: '2024-05-17T08:30:00.002Z',
  httpVersion: '1.1',
  receiver: { ip: '10.0.0.5', port: 8080 },
  destination: { ip: '10.0.0.9', port: 40_000 },
};

function line(id: number, direction: 'request' | 'response', body: string): string {
  const start = direction === 'request' ? { method: 'GET', path: '/' } : { statusCode: 200 };
  const request = direction === 'request' ? {} : { request: { method: 'GET', path: '/' } };
  return `${JSON.stringify({ id: `1.${id}`, ...ENDS, direction, ...start, headers: {}, body, bodySize: body.length, ...request })}\n`;
}

/** Counts who keeps it. */
function large(...lines: string[]): { batch: Parameters<HarOutput['write']>[0]; holders(): number; kept(): number } {
  let [holders, kept] = [0, 0];
  const keep = () => {
    holders++;
    kept++;
    return () => holders--;
  };
  return {
    batch: { lines: Buffer.from(lines.join('')), messages: lines.length, keep },
    holders: () => holders,
    kept: () => kept,
  };
}

const HUGE = '\0'.repeat(300_000);

describe('the HAR output', () => {
  it('lets every batch go that it has kept, once its exchange is written', async () => {
    const { har, file } = output();
    const batches = Array.from({ length: 20 }, (_, n) =>
      large(line(n >> 1, n % 2 === 0 ? 'request' : 'response', HUGE)),
    );
    for (const { batch } of batches) {
      har.write(batch);
      await settle();
    }
    await har.close();
    expect(batches.map(({ kept, holders }) => [kept(), holders()])).toEqual(batches.map(() => [1, 0]));
    const entries = file.text
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(entries).toHaveLength(10);
    expect(
      entries.every(({ request, response }) => request.postData.text === HUGE && response.content.text === HUGE),
    ).toBe(true);
    expect(har.stats()).toMatchObject({ accepted: 20, delivered: 20, dropped: 0, waiting: 0 });
  });

  it('says how a request without a response ended, as far as that is known', async () => {
    const endings = new Endings();
    const { har, file } = output({ endings });
    const requests = [1, 2, 3].map((id) => line(id, 'request', ''));
    endings.note({ '1.1': 'closed' });
    har.write({ lines: Buffer.from(requests.join('')), messages: 3 });
    const atMicros = (Date.parse(ENDS.timestamp) + 1_500) * 1_000;
    endings.note({ '1.3': `client CANCEL@${atMicros}` });
    await har.close();
    const told = file.text
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text))
      .map(({ response, time }) => [response._error, time]);
    expect(told).toEqual([
      ['no response: connection closed', 0],
      ['no response was seen', 0],
      ['no response: reset by the client with CANCEL', 1_500],
    ]);
  });

  it('writes the messages of a WebSocket into its entry, as Chromium does', async () => {
    const { har, file } = output({ streams: true });
    const write = (...lines: object[]) =>
      har.write({ lines: Buffer.from(lines.map((it) => `${JSON.stringify(it)}\n`).join('')), messages: lines.length });
    const exchange = (id: string) => [
      { id, ...ENDS, direction: 'request', method: 'GET', path: '/', headers: {}, body: '', bodySize: 0 },
      { id, ...ENDS, direction: 'response', statusCode: 101, headers: { upgrade: 'websocket' }, body: '', bodySize: 0 },
    ];
    const inside = (id: string, direction: string, opcode: string, data: string, more = {}) => ({
      ...{ stream: 'websocket', id, sequence: 1, ...ENDS, direction, data, dataSize: data.length, opcode, ...more },
    });
    const entries = () => file.text.split('\n').flatMap((text) => (text === '' ? [] : [JSON.parse(text)]));
    write(...exchange('1.1'), inside('1.1', 'request', 'text', 'hi'), ...exchange('2.1'));
    write(inside('1.1', 'response', 'binary', 'AAE=', { dataEncoding: 'base64', truncated: true }));
    write(inside('1.1', 'request', 'ping', ''), inside('1.1', 'request', 'close', ''));
    await settle();
    expect(entries()).toEqual([]);
    write(inside('1.1', 'response', 'close', ''));
    await settle();
    const time = Date.parse(ENDS.timestamp) / 1000;
    expect(entries()).toMatchObject([
      {
        _id: '1.1',
        _resourceType: 'websocket',
        _webSocketMessages: [
          { type: 'send', time, opcode: 1, data: 'hi' },
          { type: 'receive', time, opcode: 2, data: 'AAE=', _truncated: true },
        ],
      },
    ]);
    // Of a WebSocket that is written, or that was never seen, and of another stream, whose text is in its response.
    write(inside('1.1', 'request', 'text', 'late'), inside('9.9', 'request', 'text', 'lost'));
    write({ ...inside('2.1', 'response', 'text', 'event'), stream: 'sse' });
    await har.close();
    expect(entries().map(({ _id, _webSocketMessages }) => [_id, _webSocketMessages.length])).toEqual([
      ['1.1', 2],
      ['2.1', 0],
    ]);
    expect(har.stats()).toMatchObject({ accepted: 12, delivered: 10, droppedBy: { overflow: 2 }, waiting: 0 });
  });

  it('does not wait for messages of WebSockets that are not asked for', async () => {
    const { har, file } = output();
    const response = {
      id: '1.1',
      ...ENDS,
      direction: 'response',
      statusCode: 101,
      headers: { upgrade: 'websocket' },
      bodySize: 0,
    };
    har.write({ lines: Buffer.from(`${JSON.stringify(response)}\n`), messages: 1 });
    await settle();
    expect(file.text).not.toContain('_webSocketMessages');
    expect(har.stats()).toMatchObject({ delivered: 1 });
    await har.close();
  });

  it('copies a large text that is the smaller part of its batch', () => {
    const { har } = output();
    const { batch, kept } = large(line(1, 'request', 'x'.repeat(100_000)), line(2, 'request', 'y'.repeat(300_000)));
    har.write(batch);
    batch.lines.fill('#');
    expect(kept()).toBe(1);
  });

  it('drops the oldest where the disk is slower than the traffic, and lets them go', async () => {
    const { har, file, log } = output();
    file.hold = true;
    const batches = Array.from({ length: 80 }, (_, n) =>
      large(line(n >> 1, n % 2 === 0 ? 'request' : 'response', HUGE)),
    );
    for (const { batch } of batches) har.write(batch);
    const held = batches.filter(({ holders }) => holders() > 0);
    const bytes = held.reduce((sum, { batch }) => sum + batch.lines.length, 0);
    // With the chunk that the disk has, and one entry more.
    expect(bytes).toBeLessThan(MAX_HAR_WAITING_BYTES + 6 * 6 * HUGE.length);
    expect(har.stats().droppedBy.overflow).toBeGreaterThan(0);
    expect(log.messages('warn')).toHaveLength(1);
    file.hold = false;
    for (const go of file.held) go();
    await har.close();
    expect(batches.every(({ holders }) => holders() === 0)).toBe(true);
    const { accepted, delivered, dropped, waiting } = har.stats();
    expect([accepted, delivered + dropped, waiting]).toEqual([80, 80, 0]);
  });

  it.each([true, false])('gives up at the limit though the disk hangs in a write (lossless: %s)', async (lossless) => {
    const { har, file, time } = output({ lossless });
    file.hold = true;
    const batches = Array.from({ length: 9 }, (_, n) =>
      large(line(n >> 1, n % 2 === 0 ? 'request' : 'response', HUGE)),
    );
    const taken = batches.map(({ batch }) => har.write(batch));
    await settle();
    har.limitDrain(100);
    const closed = har.close();
    time.advance(100);
    await Promise.all([closed, ...taken]);
    expect(har.stats()).toMatchObject({ accepted: 9, delivered: 0, droppedBy: { abandoned: 9 }, waiting: 0 });
    // The file is closed when the disk has ended its write, and what that needed is let go.
    expect(file.closed).toBe(0);
    for (const go of file.held) go();
    await settle();
    expect(file.closed).toBe(1);
    expect(batches.every(({ holders }) => holders() === 0)).toBe(true);
    expect(har.stats()).toMatchObject({ delivered: 0, droppedBy: { abandoned: 9 }, waiting: 0 });
  });

  it('looks at the clock itself: a batch behind the limit is not even read', () => {
    const { har, time } = output();
    har.limitDrain(100);
    har.write({ lines: Buffer.from(line(1, 'request', '')), messages: 1 });
    time.ms = 100;
    har.write({ lines: Buffer.from('no JSON\nneither\n'), messages: 2 });
    har.write({ lines: Buffer.from('no JSON\n'), messages: 1 });
    expect(har.stats()).toMatchObject({ accepted: 4, delivered: 0, droppedBy: { abandoned: 3 }, waiting: 1 });
  });

  it('builds no entry of what still waits for its other half when it has given up', async () => {
    const { har, file, time } = output();
    const lines = Array.from({ length: 1_000 }, (_, n) => line(n, 'request', 'x'.repeat(1_000)));
    har.write({ lines: Buffer.from(lines.join('')), messages: lines.length });
    har.limitDrain(100);
    time.advance(100);
    await har.close();
    expect(file.text).toBe('');
    expect(har.stats()).toMatchObject({ droppedBy: { abandoned: 1_000 }, waiting: 0 });
  });
});
