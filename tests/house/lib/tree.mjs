// What the house tests share: the tree's files, and how a test ends.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = process.argv[2] ?? new URL('../../..', import.meta.url).pathname;

const skipped = new Set(['.git', 'build', 'node_modules']);

// Every file below `folder`, as paths from the root, sorted.
export function files(folder = '', wanted = /./) {
  const found = [];
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const below = join(path, entry.name);
      if (entry.isDirectory()) visit(below);
      else if (wanted.test(entry.name)) found.push(relative(root, below));
    }
  };
  visit(join(root, folder));
  return found.sort();
}

export const read = (path) => readFileSync(join(root, path), 'utf8');

// The folder that a file belongs to in layers.txt: two steps deep at most.
export function folderOf(path) {
  const parts = path.split('/');
  return parts[0] === 'tests' ? 'tests' : parts.slice(0, 2).join('/');
}

// A list that may only shrink: what is found must be exactly what it allows.
export function ratchet(name, found, allowed) {
  const unexpected = found.filter((entry) => !allowed.includes(entry));
  const stale = allowed.filter((entry) => !found.includes(entry));
  return [
    ...unexpected.map((entry) => `${name}: ${entry}`),
    ...stale.map((entry) => `${name}: ${entry} is no longer so: take it off the list`),
  ];
}

export function end(subject, checked, problems) {
  for (const problem of problems) console.error(problem);
  console.log(`${subject}: ${checked} checked, ${problems.length} wrong`);
  if (checked === 0) {
    console.error(`${subject}: nothing was found to check`);
    process.exit(1);
  }
  process.exit(problems.length === 0 ? 0 : 1);
}
