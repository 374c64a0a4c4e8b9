// Cases of the text files in tests/corpora; README.md there tells the form.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { source } from './scenario.mjs';

const letters = { r: '\r', n: '\n', t: '\t', '\\': '\\' };
const plain = (text) => text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, c) => (c[0] === 'x' ? String.fromCharCode(parseInt(c.slice(1), 16)) : letters[c]));

function expand(text, value, host) {
  return text.replace(/\{\?\}|\{host\}|\{to\}|\{(\d+)\*([^}]*)\}|\\(?:x[0-9a-fA-F]{2}|.)/g, (all, times, repeated) => {
    if (all === '{?}' && value !== undefined) return expand(value, undefined, host);
    if (all === '{host}') return host;
    if (all === '{to}') return `http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n`;
    if (times !== undefined) return plain(repeated).repeat(Number(times));
    return all[0] === '\\' ? plain(all) : all;
  });
}

// All cases of a file: {number, title, outcome, words, bytes}. `bytes` is a
// string of bytes (latin1); words are the outcome's.
export function corpus(name, host = '') {
  const cases = [];
  const text = readFileSync(join(source, 'tests/corpora', name)).toString('latin1');
  for (const block of text.split('\n\n')) {
    const [first, outcome, ...rest] = block.split('\n').filter((l) => l !== '' && !l.startsWith('#'));
    if (outcome === undefined) continue;
    const values = rest.filter((l) => l.startsWith('? ')).map((l) => l.slice(2));
    const template = rest.filter((l) => !l.startsWith('? ')).join('');
    const [, number, title] = /^(\d+) (.*)/.exec(first);
    for (const value of values.length > 0 ? values : [undefined]) {
      cases.push({ number: Number(number), title: value === undefined ? title : `${title}: ${value.slice(0, 60)}`, outcome, words: outcome.split(' '), bytes: expand(template, value, host) });
    }
  }
  return cases;
}
