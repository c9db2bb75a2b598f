// The server's side of SASL as a broker has it: PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677).
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface User {
  readonly mechanism: string;
  readonly username: string;
  readonly password: string;
}

/** Answers each message of a client; `undefined` says that it is not who it says. */
export interface Exchange {
  next(message: Buffer): { readonly answer: Buffer; readonly isDone: boolean } | undefined;
}

const ITERATIONS = 4_096;
const NONCE = 'server-nonce';
const SALT = Buffer.from('a salt');

export function exchangeWith({ mechanism, username, password }: User): Exchange {
  if (mechanism === 'PLAIN') {
    return {
      next: (message) =>
        message.toString() === `\0${username}\0${password}` ? { answer: Buffer.alloc(0), isDone: true } : undefined,
    };
  }
  const hash = mechanism === 'SCRAM-SHA-512' ? 'sha512' : 'sha256';
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const bytes = hash === 'sha512' ? 64 : 32;
  const salted = pbkdf2Sync(password, SALT, ITERATIONS, bytes, hash);
  let first: { bare: string; answer: string } | undefined;
  return {
    next(message) {
      const text = message.toString();
      if (first === undefined) {
        const bare = text.replace(/^n,,/, '');
        if (!bare.startsWith(`n=${username},r=`)) return undefined;
        const answer = `r=${bare.slice(bare.indexOf(',r=') + 3)}${NONCE},s=${SALT.toString('base64')},i=${ITERATIONS}`;
        first = { bare, answer };
        return { answer: Buffer.from(answer), isDone: false };
      }
      const [, bare = '', proof = ''] = /^(.*),p=(.*)$/.exec(text) ?? [];
      const all = `${first.bare},${first.answer},${bare}`;
      const key = hmac(salted, 'Client Key');
      const signature = hmac(createHash(hash).update(key).digest(), all);
      const wanted = Buffer.from(key.map((byte, at) => byte ^ (signature[at] ?? 0)));
      if (proof !== wanted.toString('base64')) return undefined;
      const verifier = hmac(hmac(salted, 'Server Key'), all).toString('base64');
      return { answer: Buffer.from(`v=${verifier}`), isDone: true };
    },
  };
}
