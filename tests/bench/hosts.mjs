// Millions of domains: what compiling them takes, what finding a host costs
// beside a plain table of 64-bit fingerprints and a marisa-trie in the same run,
// and what memory the bundle takes in one worker and in several.
//
//   node tests/bench/hosts.mjs [--domains N] [--workers N] [--json FILE]
//   node tests/bench/hosts.mjs --listed FILE --hosts NAME=FILE [--hosts ...]
//       [--source FOLDER]
//
// Needs the release build with its benchmark:
//   cmake --preset release -DCOP_TESTS=ON
//   cmake --build --preset release --target copc copgate bench-hosts
// and, for the trie, libmarisa-dev and the target bench-marisa.
// Names are made here, the same ones every time, unless --listed names a file
// of domains, one a line, and --hosts files of hosts to look up. They are in one
// list, unless --source names the folder of a bundle that has them in several.
process.env.COP_BUILD ??= new URL('../../build/release', import.meta.url).pathname;

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const { copcPath, makeCa, policyText, startGateway } = await import('../scenarios/lib/gateway.mjs');
const { build, Place } = await import('../scenarios/lib/scenario.mjs');

const options = (name) => process.argv.flatMap((word, at) => (word === `--${name}` ? [process.argv[at + 1]] : []));
const option = (name, fallback) => options(name)[0] ?? fallback;
const workersMost = Number(option('workers', 4));
const place = new Place('bench-hosts');

// A small generator of numbers, so that every run has the same inputs.
let seed = 0x2027n;
const next = (below) => {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((seed >> 33n) % BigInt(below));
};
const syllables = ['ba', 'ke', 'lo', 'mi', 'nu', 'pra', 'sto', 'ti', 'vu', 'xe', 'zor', 'qui'];
const word = () => Array.from({ length: 2 + next(3) }, () => syllables[next(syllables.length)]).join('');
const tops = ['test', 'example', 'invalid'];

function makeNames() {
  const domains = Number(option('domains', 1_000_000));
  const listed = Array.from({ length: domains }, (_, i) => `${i % 4 === 0 ? `${word()}.` : ''}${word()}-${i.toString(36)}.${tops[next(3)]}`);
  const asked = Array.from({ length: 5_000 }, () => (next(3) === 0 ? `www.${listed[next(domains)]}` : `${word()}.${word()}.${tops[next(3)]}`));
  const sets = {
    requests: Array.from({ length: 40_000 }, () => asked[Math.floor(asked.length ** (next(1e6) / 1e6)) - 1]),
    distinct: Array.from({ length: 600_000 }, (_, i) => `${word()}.${word()}${i.toString(36)}.${tops[next(3)]}`),
    members: Array.from({ length: 500_000 }, () => listed[next(domains)]),
  };
  return [place.file('listed.txt', `${listed.join('\n')}\n`),
    Object.entries(sets).map(([name, hosts]) => `${name}=${place.file(`${name}.txt`, `${hosts.join('\n')}\n`)}`)];
}

// The bundle's mapping in each process of the gateway, in KiB.
function mappings(pid, path) {
  const sum = { pss: 0, rss: 0, dirty: 0, processes: 0 };
  const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  const parentOf = (p) => Number(readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1]);
  for (const p of all) {
    try {
      if (Number(p) !== pid && parentOf(p) !== pid) continue;
      let isBundle = false;
      for (const line of readFileSync(`/proc/${p}/smaps`, 'utf8').split('\n')) {
        if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) {
          isBundle = line.endsWith(path);
          sum.processes += isBundle ? 1 : 0;
        }
        const [, key, kib] = /^(Pss|Rss|Private_Dirty): +(\d+)/.exec(isBundle ? line : '') ?? [];
        if (key) sum[{ Pss: 'pss', Rss: 'rss', Private_Dirty: 'dirty' }[key]] += Number(kib);
      }
    } catch { /* it ended while we looked */ }
  }
  return sum;
}

const [listed, sets] = option('listed', null) ? [option('listed'), options('hosts')] : makeNames();
const domains = readFileSync(listed, 'latin1').split('\n').length - 1;
const results = { schema: 'copgate/bench-hosts-table/v1', cpu: cpus()[0].model, domains };

place.file('source/bundle.yaml', 'id: cop:bundle:listed\ntitle: "listed"\nissuer: "a bench"\nlicence: "CC0-1.0"\nrevision: "1"\n');
place.file('source/list.yaml', `id: cop:list:listed\nformat: domains\nfile: listed.txt\nobject: domain\ncategories: [sexual.pornography]\nlicence: "CC0-1.0"\n`);
place.file('source/listed.txt', readFileSync(listed));

try {
  const bundle = place.path('listed.cop');
  const timed = spawnSync('/usr/bin/time', ['-f', '%e %U %M', copcPath, 'build', option('source', place.path('source')), '-o', bundle], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (timed.status !== 0) throw new Error(timed.stderr.slice(-2000));
  const [wall, user, kib] = timed.stderr.trim().split('\n').at(-1).split(' ').map(Number);
  results.compile = { wall, user, mib: kib / 1024, bytesPerDomain: statSync(bundle).size / domains };
  console.log(`compiling ${domains} domains: ${wall} s (${user} s CPU), ${(kib / 1024).toFixed(0)} MiB, ${results.compile.bytesPerDomain.toFixed(2)} bytes a domain`);

  const run = spawnSync(join(build, 'tests/bench-hosts'), [bundle, listed, ...sets], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`bench-hosts: ${run.stderr}`);
  Object.assign(results, JSON.parse(run.stdout), { schema: results.schema });
  console.log(`index ${results.index_bytes} bytes, plain table ${results.table_bytes} bytes`);
  for (const set of results.sets) console.log(`${set.hosts.padEnd(12)} ${String(set.n).padStart(7)} hosts, ${set.found} found: hash ${set.hash_ns} ns, index ${set.index_ns} ns, plain table ${set.table_ns} ns`);

  const trie = join(build, 'tests/bench-marisa');
  if (existsSync(trie)) {
    const peer = spawnSync(trie, ['3', listed, ...sets], { encoding: 'utf8' });
    if (peer.status !== 0) throw new Error(`bench-marisa: ${peer.stderr}`);
    results.trie = JSON.parse(peer.stdout);
    console.log(`marisa-trie ${results.trie.trie_bytes} bytes (${(results.trie.trie_bytes / domains).toFixed(2)} a domain)`);
    for (const set of results.trie.sets) console.log(`${set.hosts.padEnd(12)} ${set.found} found: marisa-trie ${set.trie_ns} ns`);
  }

  const ca = await makeCa(place);
  const policy = place.file('policy.yaml', policyText(['{name: child, age: 9, block: [sexual.pornography]}']));
  results.memory = [];
  for (let workers = 1; workers <= workersMost; workers *= 2) {
    const gateway = await startGateway(place, { bundles: [bundle], policy, ca, profile: 'child', workers, tlsPort: 443, httpPort: 80 });
    const sum = mappings(gateway.kept.pid, bundle);
    results.memory.push({ workers, ...sum });
    console.log(`${workers} worker(s), mapped in ${sum.processes} processes: PSS ${(sum.pss / 1024).toFixed(1)} MiB together (RSS ${(sum.rss / 1024).toFixed(1)}), copied ${sum.dirty} KiB; the file has ${(statSync(bundle).size / 1048576).toFixed(1)} MiB`);
    await gateway.kept.stop('SIGTERM');
  }
} finally {
  await place.end();
}
if (option('json', null)) writeFileSync(option('json'), JSON.stringify(results, null, 2));
