// HTTP/2 written by hand, so that it may be wrong: frames, and fields without
// compression (RFC 7541 6.2.2). And the cases of tests/corpora/http2.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { source } from './scenario.mjs';

const latin1 = (text) => Buffer.from(text, 'latin1');

export function frame(type, flags, stream, payload = '') {
  const body = latin1(payload);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

// A length in seven bits and what they do not hold (RFC 7541 5.1).
const sized = (text) => {
  const n = latin1(text).length;
  if (n < 127) return String.fromCharCode(n) + text;
  const rest = n - 127;
  return String.fromCharCode(127, ...(rest < 128 ? [rest] : [(rest & 127) | 128, rest >> 7])) + text;
};

export const block = (fields) => fields.map(([name, value]) => `\0${sized(name)}${sized(value)}`).join('');
export const opening = Buffer.concat([latin1('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0)]);

// Frames in bytes: {type, flags, stream, payload}.
export function framesOf(bytes) {
  const frames = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const n = bytes.readUIntBE(at, 3);
    frames.push({ type: bytes[at + 3], flags: bytes[at + 4], stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, at + 9 + n) });
    at += 9 + n;
  }
  return frames;
}

const simple = { r: '\r', n: '\n', t: '\t', 0: '\0' };
const unescape = (text) => text.replace(/\\(x[0-9a-fA-F]{1,2}|.)/g, (_, c) => (c[0] === 'x' ? String.fromCharCode(parseInt(c.slice(1), 16)) : simple[c] ?? c));

// The cases of a .tbl file: {text, outcome, follow, fields}; `site` instead of
// a.example where it stands alone.
export function cases(name, site) {
  const text = readFileSync(join(source, 'tests/corpora/http2', name)).toString('latin1');
  const words = new Map([...text.matchAll(/^#define (\w+) (FIELD.*)$/gm)].map((m) => [m[1], m[2]]));
  return [...text.matchAll(/^H2_CASE\((\w+), (\w+), (.*)\)$/gm)].map(([whole, outcome, follow, list]) => {
    const plain = list.replace(/"(?:\\.|[^"\\])*"|\b[A-Z]+\b/g, (word) => words.get(word) ?? word);
    const fields = [...plain.matchAll(/FIELD\("((?:\\.|[^"\\])*)", ((?:"(?:\\.|[^"\\])*"\s*)+)\)/g)]
      .map(([, field, value]) => [unescape(field), unescape(value.replace(/"\s*"/g, '').replace(/^"|"\s*$/g, ''))])
      .map(([field, value]) => [field, value === 'a.example' ? site : value]);
    return { text: whole, outcome, follow, fields };
  });
}
