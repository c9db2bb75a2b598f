import { expect, it } from 'vitest';
import { Endings } from '../../ts/exchange/endings';

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
