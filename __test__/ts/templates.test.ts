import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { templateOf } from '../../ts/exchange/templates';

describe('the template of a path', () => {
  it.each([
    ['/', '/'],
    ['/orders', '/orders'],
    ['/orders/', '/orders/'],
    ['/orders/17', '/orders/:id'],
    ['/orders/17?full=1&page=2', '/orders/:id'],
    ['/orders/-17', '/orders/-:id'],
    ['/orders/17#top', '/orders/:id'],
    ['/orders/17/items/3/', '/orders/:id/items/:id/'],
    ['/api/v1/users', '/api/v1/users'],
    ['/api/v2.1/users', '/api/v2.1/users'],
    ['/apis/apps/v1beta1/x', '/apis/apps/v1beta1/x'],
    ['/users/3fa85f64-5717-4562-b3fc-2c963f66afa6/orders', '/users/:id/orders'],
    ['/users/3FA85F6457174562B3FC2C963F66AFA6', '/users/:id'],
    ['/commit/5b5857e', '/commit/:id'],
    ['/commit/d41d8cd98f00b204e9800998ecf8427e', '/commit/:id'],
    ['/reports/2024-05-17', '/reports/:date'],
    ['/reports/2024-05', '/reports/:date'],
    ['/at/2024-05-17T14:02:58.006Z', '/at/:date'],
    ['/at/2024-05-17T14%3A02%3A58%2B02%3A00', '/at/:date'],
    ['/days/20240517', '/days/:id'],
    ['/u/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/u/:id'],
    ['/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U', '/t/:id'],
    ['/s/dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', '/s/:id'],
    ['/mail/ann@example.test', '/mail/:id'],
    ['/mail/ann%40example.test', '/mail/:id'],
    ['/items/1,2,3', '/items/:id'],
    ['/items/12-34', '/items/:id'],
    ['/order-1234/pay', '/order-:id/pay'],
    ['/user1234', '/user:id'],
    ['/images/17.png', '/images/:id.png'],
    ['/assets/app.3f2a9c1b.js', '/assets/app.:id.js'],
    ['/dist/archive.tar.gz', '/dist/archive.tar.gz'],
    ['/hash/sha256', '/hash/sha256'],
    ['/codec/base64', '/codec/base64'],
    ['/oauth2/token', '/oauth2/token'],
    ['/.well-known/openid-configuration', '/.well-known/openid-configuration'],
    ['/shop.Cart/AddItem', '/shop.Cart/AddItem'],
    ['/google.cloud.bigquery.v2.JobService/InsertJobAndWait', '/google.cloud.bigquery.v2.JobService/InsertJobAndWait'],
    ['http://shop.test/orders/17?x', '/orders/:id'],
    ['http://shop.test', '/'],
    ['*', '*'],
    ['shop.test:443', 'shop.test:443'],
    ['', ''],
    ['//', '//'],
    ['/a//b', '/a//b'],
  ])('%s is %s', (path, template) => {
    expect(templateOf(path)).toBe(template);
  });

  const segment = fc.oneof(
    fc.nat().map(String),
    fc.uuid(),
    fc.stringMatching(/^[0-9a-f]{8,40}$/),
    fc.stringMatching(/^[a-z]{1,12}$/),
    fc.stringMatching(/^[\w%.@~-]{0,100}$/),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  );
  const path = fc.array(segment, { maxLength: 20 }).map((segments) => `/${segments.join('/')}`);

  it('is a template of its own, and no query changes it', () => {
    fc.assert(
      fc.property(path, fc.string(), (each, query) => {
        const template = templateOf(each);
        expect(templateOf(template)).toBe(template);
        if (!/[?#]/.test(each)) expect(templateOf(`${each}?${query}`)).toBe(template);
      }),
    );
  });

  it('is the same for all numbers and all UUIDs', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uuid(), (number, uuid) => {
        expect(templateOf(`/a/${number}/${uuid}`)).toBe('/a/:id/:id');
      }),
    );
  });

  it('is bounded whatever the path', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom('a', '1', '-', 'aA', '%', 'a1', '.', 'é'),
        (size, unit) => {
          const each = `/${unit.repeat(size * 100)}`.repeat(size);
          expect(templateOf(each).length).toBeLessThan(13 * 82);
        },
      ),
    );
  });
});
