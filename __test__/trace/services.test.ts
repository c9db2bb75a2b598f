/** Services in Node that call each other over real sockets, captured on loopback: the tree has the times that they logged themselves. */

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Traces } from '../../ts/trace/traces';
import { inOrder, mostItself, treesOf } from '../../ts/trace/tree';
import { describeLive, startCli, until } from '../live/harness.js';

const ADDRESSES = { front: '127.0.7.2', orders: '127.0.7.3', stock: '127.0.7.4' } as const;
const ORDERS = 40;
const SLOW = 23;
/** The orders in which the machine kept a service the least from running: half of them have to be exact, as not all delays are known. */
const UNDISTURBED = ORDERS / 4;
const SERVICE_OF = { front: 'front', order: 'orders' } as const;
type Service = 'front' | 'orders' | 'stock';
const serviceOf = (name: string): Service => SERVICE_OF[name as keyof typeof SERVICE_OF] ?? 'stock';

interface Running {
  child: ChildProcess;
  origin: string;
  port: number;
}

describeLive('three services in Node', () => {
  const services: Running[] = [];
  const logged = new Map<string, { self: number; kept: number }>();

  const start = async (address: string): Promise<Running> => {
    const child = fork(join(__dirname, 'service.mjs'), [address]);
    const [port] = await once(child, 'message');
    child.on('message', (message: { path: string; self: number; kept: number } | 'ready') => {
      if (message !== 'ready') logged.set(message.path, message);
    });
    const service = { child, port, origin: `http://${address}:${port}` };
    services.push(service);
    return service;
  };
  const tell = async ({ child }: Running, routes: object): Promise<void> => {
    child.send({ routes });
    await once(child, 'message');
  };

  beforeAll(async () => {
    const [front, orders, stock] = [
      await start(ADDRESSES.front),
      await start(ADDRESSES.orders),
      await start(ADDRESSES.stock),
    ];
    const at = ({ origin }: Running, name: string): [string, string] => [origin, name];
    const first = [[at(stock, 'item')], [at(stock, 'left')], [at(stock, 'item-again')]];
    await tell(stock, {
      ...{ item: { work: 0.2 }, left: { work: 0.1, slow: SLOW }, 'item-again': { work: 0.3 } },
      ...{ price: { wait: 4 }, coupon: { wait: 9 } },
    });
    await tell(orders, { order: { work: 1, calls: [...first, [at(stock, 'price'), at(stock, 'coupon')]] } });
    await tell(front, { front: { work: 0.6, calls: [[at(orders, 'order')]] } });
  });
  afterAll(() => {
    for (const { child } of services) child.disconnect();
  });

  test('each hop has the time that its service logged', async () => {
    const command = startCli(['--ports', services.map(({ port }) => port).join(), '--interface', 'lo']);
    await command.logged('capture started');
    const agent = new Agent({ keepAlive: true });
    const ids = Array.from({ length: ORDERS }, () => randomBytes(16).toString('hex'));
    for (const [n, id] of ids.entries()) {
      const headers = { traceparent: `00-${id}-${randomBytes(8).toString('hex')}-01` };
      const [response] = await once(get(`${services[0]?.origin}/front/${n}`, { agent, headers }), 'response');
      response.resume();
      await once(response, 'end');
    }
    agent.destroy();
    const PATHS = ['front', 'order', 'item', 'left', 'item-again', 'price', 'coupon'];
    await until(() => logged.size === ORDERS * PATHS.length);
    command.child.kill('SIGINT');
    const { code, stdout } = await command.done;
    expect(code).toBe(0);
    const traces = new Traces();
    traces.read(Buffer.from(stdout));
    traces.end();
    expect(traces.count).toBe(ORDERS);
    /** While an order was served: for how long the machine kept a service from running. */
    const keptIn = (n: number, service: Service): number => {
      const upTo = (order: number): number =>
        Math.max(
          ...PATHS.filter((name) => serviceOf(name) === service).map(
            (name) => logged.get(`/${name}/${order}`)?.kept ?? 0,
          ),
        );
      return upTo(n) - (n === 0 ? 0 : upTo(n - 1));
    };
    /** By the name of the hop: how much more the capture says than the log. */
    const more = new Map<string, { ms: number; kept: number }[]>(PATHS.map((name) => [name, []]));
    for (const [n, id] of ids.entries()) {
      const placements = [...inOrder(treesOf(traces.find(id)?.hops ?? []))];
      expect(placements.map(({ node, depth }) => `${depth} ${node.hop.path}`).sort()).toEqual(
        [...[`0 /front/${n}`, `1 /order/${n}`], ...PATHS.slice(2).map((name) => `2 /${name}/${n}`)].sort(),
      );
      if (n === SLOW) expect(mostItself(placements)?.hop.path).toBe(`/left/${SLOW}`);
      for (const { node } of placements) {
        expect([node.isUncertain, node.isSelfUncertain, node.skewMs]).toEqual([false, false, 0]);
        const [, name = ''] = node.hop.path.split('/');
        const ms = (node.selfMs ?? Number.NaN) - (logged.get(node.hop.path)?.self ?? Number.NaN);
        more.get(name)?.push({ ms, kept: keptIn(n, serviceOf(name)) });
      }
    }
    for (const [name, each] of more) {
      expect(each).toHaveLength(ORDERS);
      // A service sees a request after its packet, and logs before the packet of its response: the capture says no less, but for the
      // millisecond to which the begin of calls at the same time is known.
      expect(Math.min(...each.map(({ ms }) => ms)), name).toBeGreaterThan(-1);
      const least = each.sort((a, b) => a.kept - b.kept).slice(0, UNDISTURBED);
      const own = least.map(({ ms, kept }) => ms - kept).sort((a, b) => a - b);
      expect(own[UNDISTURBED / 2], `${name}: ${JSON.stringify(least)}`).toBeLessThan(1);
    }
  });
});
