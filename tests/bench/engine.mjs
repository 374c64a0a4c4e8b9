// What a decision costs: the shipped packs, and a bundle of a million domains.
//
//   node tests/bench/engine.mjs [--urls FILE] [--domains N] [--json FILE]
//
// Needs the release build with its benchmark:
//   cmake --preset release -DCOP_TESTS=ON
//   cmake --build --preset release --target copc bench-engine
// URLs are made here, the same ones every time, unless --urls names a file with
// one a line. The floor beside each figure is one keyed hash over the URL.
process.env.COP_BUILD ??= new URL('../../build/release', import.meta.url).pathname;

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const { copcPath, makeBundle, policyText } = await import('../scenarios/lib/gateway.mjs');
const { build, Place } = await import('../scenarios/lib/scenario.mjs');

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const domains = Number(option('domains', 1_000_000));
const place = new Place('bench-engine');

// A small generator of numbers, so that every run has the same inputs.
let seed = 0x2026n;
const next = (below) => {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((seed >> 33n) % BigInt(below));
};
const word = () => {
  const syllables = ['ba', 'ke', 'lo', 'mi', 'nu', 'pra', 'sto', 'ti', 'vu', 'xe', 'zor', 'qui'];
  return Array.from({ length: 2 + next(3) }, () => syllables[next(syllables.length)]).join('');
};
const listed = Array.from({ length: domains }, (_, i) => `${word()}-${i.toString(36)}.${['test', 'example', 'invalid'][next(3)]}`);
const packNames = ['casino.example', 'adult.example', 'social.example', 'helpline.example', 'library.example', 'photos.shared-host.example'];
const urls = option('urls', null) ? readFileSync(option('urls'), 'utf8') : Array.from({ length: 20_000 }, () => {
  const kind = next(10);
  const host = kind < 2 ? listed[next(listed.length)] : kind < 4 ? packNames[next(packNames.length)] : `${word()}.${word()}.example`;
  return `https://${kind % 3 === 0 ? 'www.' : ''}${host}/${word()}/${word()}?${word()}=${next(1e6)}&${word()}=${word()}`;
}).join('\n');

const policy = place.file('policy.yaml', policyText(['{name: child, age: 9, subscriber: residential, template: household-child}']));
const plain = place.file('plain.yaml', policyText(['{name: child, age: 9, block: [sexual.pornography]}']));
place.file('million/bundle.yaml', 'id: cop:bundle:million\ntitle: "a million"\nissuer: "a bench"\nlicence: "CC0-1.0"\nrevision: "1"\n');
place.file('million/list.yaml', 'id: cop:list:million\nformat: domains\nfile: million.txt\nobject: domain\ncategories: [sexual.pornography]\nlicence: "CC0-1.0"\n');
place.file('million/million.txt', `${listed.join('\n')}\n`);

const results = [];
try {
  const timed = spawnSync('/usr/bin/time', ['-f', '%e %U %M', copcPath, 'build', place.path('million'), '-o', place.path('million.cop')], { encoding: 'utf8' });
  const bundles = [['packs', await makeBundle(place), policy], [`${domains} domains`, place.path('million.cop'), plain]];
  if (timed.status === 0) {
    const [wall, user, kib] = timed.stderr.trim().split('\n').at(-1).split(' ').map(Number);
    const bytes = statSync(place.path('million.cop')).size;
    results.push({ subject: 'compile', wall, user, mib: kib / 1024, bytesPerDomain: bytes / domains });
    console.log(`compiling ${domains} domains: ${wall} s (${user} s CPU), ${(kib / 1024).toFixed(0)} MiB, ${(bytes / domains).toFixed(1)} bytes a domain`);
  } else if (timed.error === undefined) throw new Error(timed.stderr);
  else await makeBundle(place, 'million', [place.path('million')]);
  for (const [name, bundle, profiles] of bundles) {
    const run = spawnSync(join(build, 'tests/bench-engine'), [bundle, profiles, 'child'], { input: urls, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`bench-engine: ${run.stderr}`);
    const r = JSON.parse(run.stdout);
    results.push({ subject: name, ...r });
    console.log(`${name.padEnd(18)} parse ${r.parse_ns} ns, classify ${r.classify_ns} ns, cached ${r.cached_ns} ns, cached and evaluated ${r.cached_and_evaluated_ns} ns, floor ${r.hash_floor_ns} ns; open and audit ${r.open_and_audit_ms} ms; ${Math.round(1e9 / (r.parse_ns + r.classify_ns))} new, ${Math.round(1e9 / (r.parse_ns + r.cached_and_evaluated_ns))} repeated decisions/s`);
  }
} finally {
  await place.end();
}
if (option('json', null)) writeFileSync(option('json'), JSON.stringify({ schema: 'copgate/bench-engine-table/v1', cpu: cpus()[0].model, results }, null, 2));
