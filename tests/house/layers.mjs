// The includes of every C file obey layers.txt.
import { end, files, folderOf, read } from './lib/tree.mjs';

const order = [];
const narrowed = new Map();
for (const line of read('tests/house/layers.txt').split('\n')) {
  const text = line.replace(/#.*/, '').trim();
  if (text === '') continue;
  const [folder, only] = text.split(':');
  if (only === undefined) order.push(folder);
  else narrowed.set(folder, new Set([folder, ...only.trim().split(/\s+/)]));
}

// Where `#include "..."` leads: public headers are written from include/.
function target(include) {
  return include.startsWith('cop/') ? 'include/cop' : folderOf(include);
}

const problems = [];
let checked = 0;
const extra = new Map([
  // The contract of compiling is public; only these may use it.
  ['cop/compile.h', new Set(['include/cop', 'rules/bundle', 'rules/read', 'rules/model', 'rules/check', 'rules/compile', 'gateway/proc', 'tools/copc', 'tests'])],
]);
for (const path of files('', /\.(c|h|tbl)$/)) {
  const from = folderOf(path);
  const place = order.indexOf(from);
  if (place < 0) {
    problems.push(`${path}: the folder ${from} is not in layers.txt`);
    continue;
  }
  read(path).split('\n').forEach((line, index) => {
    const match = /^\s*#\s*include\s+"([^"]+)"/.exec(line);
    if (match === null || !match[1].includes('/')) return; // a library's
    checked += 1;
    const to = target(match[1]);
    const where = `${path}:${index + 1}`;
    if (to === from) return;
    const toPlace = order.indexOf(to);
    if (toPlace < 0) problems.push(`${where}: "${match[1]}" is in no folder of layers.txt`);
    else if (toPlace > place) problems.push(`${where}: ${from} must not use ${to}, which stands below it`);
    else if (narrowed.has(from) && !narrowed.get(from).has(to)) problems.push(`${where}: ${from} may not use ${to}`);
    if (extra.has(match[1]) && !extra.get(match[1]).has(from)) problems.push(`${where}: ${from} may not use ${match[1]}`);
  });
}
end('layers', checked, problems);
