import { expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';

it('the newest are known, and none that is forgotten', () => {
  const endings = new Endings();
  for (let n = 0; n < 10_000; n++) endings.note({ [`1.${n}`]: 'closed' });
  for (let n = 0; n < 100; n++) endings.forget(`1.${5_000 + n}`);
  for (let n = 0; n < 101; n++) endings.note({ [`2.${n}`]: 'reset' });
  expect(['1.0', '1.1', '1.5000', '2.100'].map((id) => endings.of(id)?.type)).toEqual([
    undefined,
    'closed',
    undefined,
    'reset',
  ]);
});

it.each([
  ['client CANCEL@5', { words: 'reset by the client with CANCEL', brief: 'CANCEL', type: 'CANCEL', atMicros: 5 }],
  ['server', { words: 'reset by the server', brief: 'stream reset', type: 'reset' }],
  ['closed client@7', { words: 'connection closed by the client', brief: 'conn. closed', type: 'closed', atMicros: 7 }],
  ['reset', { words: 'connection reset', brief: 'conn. reset', type: 'reset' }],
])('reads %s', (how, ending) => {
  const endings = new Endings();
  endings.note({ '1.1': how });
  expect(endings.of('1.1')).toEqual(ending);
  expect(endings.of('1.2')).toBeUndefined();
});

it('watchers are told until they go', () => {
  const endings = new Endings();
  const told: string[] = [];
  const unwatch = endings.watch((id) => told.push(`a ${id}`));
  endings.watch((id) => told.push(`b ${id}`));
  endings.note({ '1.1': 'closed' });
  unwatch();
  endings.note({ '1.2': 'reset' });
  expect(told).toEqual(['a 1.1', 'b 1.1', 'b 1.2']);
});
