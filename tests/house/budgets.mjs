// Sizes that keep a file readable: lines of a file, lines and parameters of a
// function, width. Exceptions are listed here and may only get fewer.
import { end, files, read, ratchet } from './lib/tree.mjs';

const most = { file: 700, function: 100, parameters: 6, width: 100 };

const allowed = {
  file: [],
  function: [],
  parameters: [
    'cop_report_at', // printf-like: place, words, values
    'pump_start', // what to call back, with what, and where the handle goes
    // libnghttp2 says what its callbacks are given.
    'read_body',
  ],
};

// A declaration and its definition are one finding.
const once = (list) => [...new Set(list)];
const found = { file: [], function: [], parameters: [], width: [] };
const sources = files('', /\.(c|h)$/);

function countParameters(text) {
  let depth = 0;
  let n = text.trim() === '' || text.trim() === 'void' ? 0 : 1;
  for (const c of text) {
    if (c === '(') depth += 1;
    if (c === ')') depth -= 1;
    if (c === ',' && depth === 0) n += 1;
  }
  return n;
}

for (const path of sources) {
  const text = read(path);
  const lines = text.split('\n');
  if (lines.length - 1 > most.file) found.file.push(path);
  lines.forEach((line, i) => {
    if (line.length > most.width) found.width.push(`${path}:${i + 1} is ${line.length} wide`);
  });
  // Our formatter puts a function's braces in the first column.
  let start = -1;
  lines.forEach((line, i) => {
    if (line === '{') start = i;
    if (line === '}' && start >= 0) {
      let head = '';
      for (let k = start - 1; k >= 0 && lines[k] !== '' && !/^[}#/]/.test(lines[k]); k -= 1) head = `${lines[k]} ${head}`;
      const name = /([a-zA-Z_0-9]+)\s*\(/.exec(head)?.[1] ?? '?';
      if (i - start - 1 > most.function) found.function.push(`${path}: ${name}`);
      const parameters = /\(([\s\S]*)\)/.exec(head)?.[1] ?? '';
      if (countParameters(parameters) > most.parameters) found.parameters.push(name);
      start = -1;
    }
  });
  if (path.endsWith('.h')) {
    for (const match of text.matchAll(/^[A-Za-z][^;{}()]*?\b([a-z_0-9]+)\(([^;{}()]*(?:\([^()]*\)[^;{}()]*)*)\)\s*(?:__attribute__[^;]*)?;/gm)) {
      if (countParameters(match[2]) > most.parameters) found.parameters.push(match[1]);
    }
  }
}

end('budgets', sources.length, [
  ...ratchet('longer than a file may be', found.file, allowed.file),
  ...ratchet('longer than a function may be', found.function, allowed.function),
  ...ratchet('more parameters than a function may have', once(found.parameters), allowed.parameters),
  ...found.width,
]);
