// What a request through the gateway costs, beside HAProxy (an unfiltered
// reverse proxy: the practical ceiling), nginx or the gateway without what is
// measured, in the same run, in turn.
//
//   node tests/bench/proxy.mjs [--rounds N] [--seconds S] [--only NAME]
//       [--domains N] [--json FILE]
//
// The figure is CPU time of the proxy's whole process tree for each answered
// request, the median of the rounds: it holds on a shared machine, where rates
// do not. The proxy has core 0; the load and the origin core 1.
// Needs the release build, nginx, openssl, libnghttp2-dev and, for the peer,
// haproxy. What --only names are parts of names of scenarios, with | between.
process.env.COP_BUILD ??= new URL('../../build/release', import.meta.url).pathname;

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';

const { domains, gateways, haproxy, host, load, nginx, onCore, origin, place } = await import('./setting.mjs');

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const rounds = Number(option('rounds', 5));
const seconds = Number(option('seconds', 3));
const only = option('only', null);
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());

// ---- processes and what they cost ----

function tree(pid) {
  const children = new Map();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = Number(readFileSync(`/proc/${entry}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch { /* it ended while we looked */ }
  }
  const all = [pid];
  for (let i = 0; i < all.length; i += 1) all.push(...(children.get(all[i]) ?? []));
  return all;
}

const cpuSeconds = (pid) => tree(pid).reduce((sum, p) => {
  const fields = readFileSync(`/proc/${p}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}, 0);

const pssKiB = (pid) => tree(pid).reduce((sum, p) => sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${p}/smaps_rollup`, 'utf8'))[1]), 0);

// ---- the scenarios ----

// A subject is who is measured and, where it differs, how.
const { full, h2, names, resolving, patterns } = gateways;
const fresh = { LOAD_NEW: '1' };
const streams = { LOAD_H2: '8' };
const light = { LOAD_RATE: '500' };
const each = (name, start, how = {}) => ({ name, start, how });
const beside = (ours, port) => [each('copgate', ours), each('HAProxy', haproxy(port))];

const scenarios = [
  { name: 'plain, kept, 1 KiB', mode: 'plain', to: origin.http, who: beside(full, 'plain') },
  { name: 'plain, kept, 16 KiB', mode: 'plain', to: origin.http, path: '/16k', who: beside(full, 'plain') },
  { name: 'spliced, kept, 1 KiB', who: beside(names, 'tcp') },
  { name: 'spliced, new connection', env: fresh, who: beside(names, 'tcp') },
  { name: 'intercepted, kept, 1 KiB', who: beside(full, 'tls') },
  { name: 'intercepted, kept, 16 KiB', path: '/16k', who: beside(full, 'tls') },
  { name: 'intercepted, kept, 1 MiB', path: '/1m', who: beside(full, 'tls') },
  { name: 'intercepted, new connection', env: fresh, who: beside(full, 'tls') },
  { name: 'HTTP/2 client, 1 KiB', env: streams, connections: 4, who: beside(h2, 'tls') },
  { name: 'HTTP/2 client and server, 1 KiB', env: streams, connections: 4, who: [each('copgate', full, { to: origin.h2 }), each('HAProxy', haproxy('tls'))] },
  { name: 'full handshake with the server', env: fresh, who: [each('copgate', full, { to: origin.once }), each('HAProxy', haproxy('once')), each('HAProxy, pooled', haproxy('tls'))] },
  { name: 'a host not seen before', env: fresh, to: origin.once, isDifference: true, who: [each('new host', resolving, { host: `h#.${host}` }), each('known host', resolving)] },
  { name: `${domains} domains, new URLs`, mode: 'plain', to: origin.http, path: '/1k?#', isDifference: true, who: [each('with', gateways.domains), each('one domain', names)] },
  { name: '1000 patterns, new URLs', path: '/1k?#', isDifference: true, who: [each('with', patterns), each('without', gateways.inspecting)] },
  { name: 'blocked', mode: 'plain', to: origin.http, host: 'casino.example', env: { LOAD_STATUS: '403' }, who: beside(full, 'plain') },
  { name: 'light load, 500/s', mode: 'plain', to: origin.http, env: light, isLatency: true, who: [each('copgate', full), each('nginx', nginx)] },
  { name: `reload of ${domains} domains, 500/s`, mode: 'plain', to: origin.http, env: light, isLatency: true, who: [each('with', gateways.domains, { isReloading: true }), each('without', gateways.domains)] },
].filter(({ name }) => only === null || only.split('|').some((part) => name.includes(part)));

// Another beginning for the numbers of each measurement: none comes twice.
let begun = 0;
const seed = () => String((begun += 1) * 10_000_000);

function measure(subject, how) {
  const [command, args] = onCore(1, load, [subject.mode ?? how.mode ?? 'tunnel', String(subject.port), how.host ?? host, String(how.to ?? origin.tls), how.path ?? '/1k', String(how.connections ?? 32), String(seconds), subject.ca]);
  return new Promise((done, failed) => {
    const child = spawn(command, args, { env: { ...process.env, LOAD_SEED: seed(), ...how.env } });
    let before = 0;
    let result = null;
    let err = '';
    let reloaded = null;
    child.stderr.on('data', (d) => { err += d; });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.started) {
        before = cpuSeconds(subject.pid);
        if (how.isReloading) reloaded = subject.reload();
      } else {
        result = { ...said, cpuUs: ((cpuSeconds(subject.pid) - before) * 1e6) / said.requests };
      }
    });
    child.on('close', async () => {
      await reloaded;
      if (result && result.errors === 0) done(result);
      else failed(new Error(`${subject.name}: ${err || JSON.stringify(result)}`));
    });
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function compare(scenario) {
  const subjects = [];
  for (const { name, start, how } of scenario.who) {
    const subject = await start();
    if (subject) subjects.push({ name, subject, how: { ...scenario, ...how }, all: [] });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const s of subjects) s.all.push(await measure(s.subject, s.how));
  }
  return subjects.map(({ name, all }) => {
    const of = (key) => median(all.map((r) => r[key]));
    const cpu = all.map((r) => r.cpuUs);
    return { name, cpuUs: median(cpu), least: Math.min(...cpu), most: Math.max(...cpu), rps: median(all.map((r) => r.requests / r.seconds)), p50us: of('p50_us'), p99us: of('p99_us'), mostUs: of('most_us') };
  });
}

function say({ name, isDifference, isLatency }, figures) {
  const words = figures.map((f) => (isLatency
    ? `${f.name} ${f.p50us} us, 99 % ${f.p99us}, longest ${f.mostUs}`
    : `${f.name} ${f.cpuUs.toFixed(1)} us (${f.least.toFixed(1)}-${f.most.toFixed(1)}), ${Math.round(f.rps)}/s`));
  const [a, b] = figures.map((f) => (isLatency ? f.p50us : f.cpuUs));
  const verdict = b === undefined ? '' : isDifference ? `; ${(a - b).toFixed(1)} us more` : `; ratio ${(a / b).toFixed(2)}`;
  console.log(`${name.padEnd(32)} ${words.join(' | ')}${verdict}`);
}

const results = [];

async function idle(label, subject) {
  const count = 2000;
  const before = pssKiB(subject.pid);
  const [command, args] = onCore(1, load, ['idle', String(subject.port), host, String(origin.tls), '/1k', String(count), '0', subject.ca]);
  const child = spawn(command, args);
  await new Promise((done) => { createInterface({ input: child.stdout }).once('line', done); });
  await new Promise((done) => { setTimeout(done, 1000); });
  const kib = (pssKiB(subject.pid) - before) / count;
  child.stdin.end();
  await new Promise((done) => { child.on('close', done); });
  results.push({ scenario: `idle ${label}`, kib });
  console.log(`${`idle, ${label}, ${count} kept`.padEnd(32)} ${kib.toFixed(1)} KiB each (PSS of all processes)`);
}

try {
  console.log(`load of the machine before: ${loadavg()[0].toFixed(1)}`);
  for (const scenario of scenarios) {
    const figures = await compare(scenario);
    results.push({ scenario: scenario.name, figures });
    say(scenario, figures);
  }
  if (only === null || 'idle'.includes(only)) {
    await idle('intercepted', await full());
    await idle('spliced', await names());
  }
} finally {
  await place.end();
}
if (option('json', null)) writeFileSync(option('json', null), JSON.stringify({ schema: 'copgate/bench-proxy/v2', cpu: cpus()[0].model, rounds, seconds, results }, null, 2));
