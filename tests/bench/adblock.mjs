// What lists in Adblock syntax cost a request, and whether the engines of
// browsers say the same.
//
//   node tests/bench/adblock.mjs --lists FILE,FILE --requests FILE [--limit N]
//     [--naive STEP] [--show N] [--json FILE]
//
// REQUESTS is JSON lines of {url, frameUrl, cpt}, plain or packed with zstd.
// Needs the release build with its benchmark:
//   cmake --preset release -DCOP_TESTS=ON
//   cmake --build --preset release --target copc bench-adblock
// The engines beside ours are those of package.json here, where they have been
// installed (npm install --prefix tests/bench); without them ours runs alone.
// Ours is asked by host of the source and type, as the gateway asks; the lists
// are joined into one, because exceptions count within a list.
process.env.COP_BUILD ??= new URL('../../build/release', import.meta.url).pathname;

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const { copcPath } = await import('../scenarios/lib/gateway.mjs');
const { Place, build } = await import('../scenarios/lib/scenario.mjs');

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const lists = option('lists', '').split(',').filter(Boolean);
const requestsPath = option('requests', null);
if (lists.length === 0 || requestsPath === null) {
  console.error('usage: adblock.mjs --lists FILE,FILE --requests FILE');
  process.exit(2);
}

// Words of requests in other places for what we call by one.
const types = {
  main_frame: 'document', sub_frame: 'subdocument', iframe: 'subdocument', imageset: 'image', xhr: 'xmlhttprequest',
  fetch: 'xmlhttprequest', beacon: 'ping', texttrack: 'media',
};
const ours = ['document', 'subdocument', 'script', 'stylesheet', 'image', 'font', 'media', 'object', 'xmlhttprequest', 'ping', 'websocket', 'other'];
const typeOf = (word) => (ours.includes(types[word] ?? word) ? types[word] ?? word : 'other');
const hostOf = (url) => { try { return new URL(url).hostname || '-'; } catch { return '-'; } };

const unpacked = requestsPath.endsWith('.zst')
  ? spawnSync('zstd', ['-dc', requestsPath], { maxBuffer: 1 << 30, encoding: 'utf8' }).stdout
  : readFileSync(requestsPath, 'utf8');
const requests = unpacked.trim().split('\n').slice(0, Number(option('limit', Infinity))).map((line) => {
  const { url, frameUrl, cpt } = JSON.parse(line);
  return { url: url.replace(/[\t\r\n]/g, ''), frame: frameUrl ?? url, type: typeOf(cpt) };
});
const text = lists.map((path) => readFileSync(path, 'utf8')).join('\n');

const place = new Place('bench-adblock');
const results = {};
const said = {}; // by engine: 1 blocked, 0 not, of each request

function runOurs() {
  place.file('ads/ads.txt', text);
  place.file('ads/bundle.yaml', 'id: cop:bundle:ads\ntitle: "ads"\nissuer: "a bench"\nlicence: "CC0-1.0"\nrevision: "1"\n');
  place.file('ads/list.yaml', 'id: cop:list:ads\nformat: adblock\nfile: ads.txt\ncategories: [commerce.ads_tracking]\nlicence: "CC0-1.0"\n');
  const bundle = place.path('ads.cop');
  const started = process.hrtime.bigint();
  const built = spawnSync(copcPath, ['build', place.path('ads'), '-o', bundle], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const buildMs = Number(process.hrtime.bigint() - started) / 1e6;
  const naive = option('naive', null);
  const asked = spawnSync(join(build, 'tests/bench-adblock'), naive ? [bundle, place.path('ads/ads.txt'), naive] : [bundle], {
    input: requests.map((r) => `${r.type}\t${hostOf(r.frame)}\t${r.url}`).join('\n'), encoding: 'utf8', maxBuffer: 1 << 30,
  });
  if (asked.error !== undefined) throw asked.error;
  said.ours = asked.stdout.trim().split('\n').map((word) => (word === '1' ? 1 : 0));
  results.ours = { buildMs, bundleBytes: statSync(bundle).size, ...JSON.parse(asked.stderr.trim().split('\n').at(-1)) };
}

// The best of three rounds over all requests, in nanoseconds each.
function timed(name, match) {
  let best = Infinity;
  for (let round = 0; round < 3; round++) {
    const started = process.cpuUsage();
    said[name] = requests.map(match);
    const used = process.cpuUsage(started);
    best = Math.min(best, ((used.user + used.system) * 1000) / requests.length);
  }
  results[name] = { uncached_ns: Math.round(best), blocked: said[name].reduce((sum, one) => sum + one, 0) };
}

async function peer(name, start) {
  try {
    timed(name, await start());
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.log(`${name} is not installed; it is left out`);
  }
}

const webTypes = { document: 'main_frame', subdocument: 'sub_frame' };
const ghostery = async () => {
  const { FiltersEngine, Request } = await import('@ghostery/adblocker');
  const engine = FiltersEngine.parse(text, { loadCosmeticFilters: false });
  return (r) => Number(engine.match(Request.fromRawDetails({ type: webTypes[r.type] ?? r.type, url: r.url, sourceUrl: r.frame })).match);
};
const ublock = async () => {
  const { StaticNetFilteringEngine } = await import('@gorhill/ubo-core');
  const engine = await StaticNetFilteringEngine.create();
  await engine.useLists([{ name: 'lists', raw: text }]);
  return (r) => Number(engine.matchRequest({ originURL: r.frame, url: r.url, type: webTypes[r.type] ?? r.type }) === 1);
};

// Which types of request two engines differ on, and examples.
function compare(name) {
  const differences = {};
  requests.forEach((r, i) => {
    if (said.ours[i] === said[name][i]) return;
    const key = `${r.type}: ${said.ours[i] ? 'only ours blocks' : `only ${name} blocks`}`;
    (differences[key] ??= []).push(r);
  });
  const n = Object.values(differences).reduce((sum, some) => sum + some.length, 0);
  results[name].agreement = 1 - n / requests.length;
  results[name].differences = Object.fromEntries(Object.entries(differences).map(([key, some]) => [key, some.length]));
  for (const [key, some] of Object.entries(differences)) {
    console.log(`  ${key}: ${some.length}`);
    for (const r of some.slice(0, Number(option('show', 0)))) console.log(`    ${r.url.slice(0, 120)} from ${hostOf(r.frame)}`);
  }
}

try {
  runOurs();
  await peer('ghostery', ghostery);
  await peer('ublock', ublock);
} finally {
  rmSync(place.folder, { recursive: true, force: true });
}
for (const [name, result] of Object.entries(results)) {
  console.log(`${name}: ${result.uncached_ns} ns a request, ${result.blocked} of ${requests.length} blocked`);
  if (name !== 'ours') compare(name);
}
const json = option('json', null);
if (json !== null) writeFileSync(json, `${JSON.stringify({ schema: 'copgate/bench-adblock/v1', requests: requests.length, results }, null, 2)}\n`);
