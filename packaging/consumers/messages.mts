// What TypeScript knows of messages; never run, only compiled. An `@ts-expect-error` without an error is one.
import type { HttpMessage, HttpRequest, HttpResponse } from 'tcp-sniffer';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_Claim extends true>(): void {}

// A request or a response, told apart by its direction.
export function told(message: HttpMessage): unknown {
  is<Same<HttpMessage['direction'], 'request' | 'response'>>();
  if (message.direction === 'request') {
    is<Same<typeof message, HttpRequest>>();
    is<Same<typeof message.path, string | undefined>>();
    // @ts-expect-error a request has no status
    return message.statusCode.toFixed();
  }
  is<Same<typeof message, HttpResponse>>();
  is<Same<typeof message.statusCode, number | undefined>>();
  is<Same<typeof message.request, { method: string; path: string } | undefined>>();
  // @ts-expect-error a response has no path
  return message.path.length;
}

// Without a look at the direction every field can be read.
export function untold({ method = '-', statusCode = 0, latencyMs, body, headers }: HttpMessage): unknown[] {
  return [method.length, statusCode.toFixed(), latencyMs?.toFixed(), body?.length, headers.host];
}

declare const common: Omit<HttpRequest, 'direction' | 'method' | 'path' | 'statusCode' | 'request'>;
export const request: HttpMessage = { ...common, direction: 'request', method: 'GET', path: '/' };
// @ts-expect-error a request has no status
export const neither: HttpMessage = { ...common, direction: 'request', statusCode: 200 };
