// What a request through the gateway costs, beside HAProxy (an unfiltered
// reverse proxy: the practical ceiling) measured in the same run, in turn.
//
//   node tests/bench/proxy.mjs [--rounds N] [--seconds S] [--only NAME] [--json FILE]
//
// The figure is CPU time of the proxy's whole process tree for each answered
// request, the median of the rounds: it holds on a shared machine, where rates
// do not. The proxy has core 0; the load, the origin and this script core 1.
// Needs the release build, nginx, openssl and, for the peer, haproxy.
process.env.COP_BUILD ??= new URL('../../build/release', import.meta.url).pathname;

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';

const { makeAuthority, makeCertificate } = await import('../scenarios/lib/certificates.mjs');
const { configText, copgatePath, makeBundle, makeCa, policyText } = await import('../scenarios/lib/gateway.mjs');
const { freePort, keep } = await import('../scenarios/lib/process.mjs');
const { Place, source, until } = await import('../scenarios/lib/scenario.mjs');

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const rounds = Number(option('rounds', 5));
const seconds = Number(option('seconds', 3));
const only = option('only', null);
const connections = 32;
const host = 'library.example';
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());

const place = new Place('bench');
const two = cpus().length > 1;
const onCore = (core, command, args) => (two ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]);
const keepOn = (core, command, args) => keep(place, ...onCore(core, command, args));

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

// ---- the setting ----

const load = place.path('load');
execFileSync('cc', ['-std=c17', '-D_GNU_SOURCE', '-O2', '-o', load, `${source}/tests/bench/load.c`, '-lssl', '-lcrypto']);

const authority = await makeAuthority(place, 'origin');
const certificate = await makeCertificate(place, { name: 'good', names: [host], issuer: authority });
const originHttp = await freePort();
const originTls = await freePort();
for (const [name, size] of [['1k', 1024], ['16k', 16384], ['1m', 1048576]]) place.file(`docs/${name}`, Buffer.alloc(size, 'copgate '));
place.file('nginx.conf', `
daemon off; ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; pid ${place.path('nginx.pid')}; error_log ${place.path('nginx.log')} crit;
events { worker_connections 15000; }
http { access_log off; sendfile on; tcp_nopush on; open_file_cache max=100; keepalive_timeout 3600s; keepalive_requests 1000000000;
  client_body_temp_path ${place.path('t1')}; proxy_temp_path ${place.path('t2')}; fastcgi_temp_path ${place.path('t3')}; uwsgi_temp_path ${place.path('t4')}; scgi_temp_path ${place.path('t5')};
  server { listen 127.0.0.1:${originHttp} backlog=4096; listen 127.0.0.1:${originTls} ssl backlog=4096; ssl_certificate ${certificate.certificate}; ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off; root ${place.path('docs')}; } }`);
keepOn(1, '/usr/sbin/nginx', ['-p', place.folder, '-e', place.path('nginx.log'), '-c', place.path('nginx.conf')]);

const bundle = await makeBundle(place);
const ca = await makeCa(place);
const policy = place.file('policy.yaml', policyText(['{name: child, age: 9, subscriber: residential, template: household-child}']));
place.file('hosts-only/bundle.yaml', 'id: cop:bundle:hosts-only\ntitle: "hosts"\nissuer: "a bench"\nlicence: "CC0-1.0"\nrevision: "1"\n');
place.file('hosts-only/list.yaml', 'id: cop:list:gambling\nformat: domains\nentries: ["casino.example"]\nobject: domain\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n');
const hostsOnly = await makeBundle(place, 'hosts-only', [place.path('hosts-only')]);
const plainPolicy = place.file('plain-policy.yaml', policyText(['{name: child, age: 9, block: [gambling.real_money]}']));

async function startCopgate(name, settings) {
  const port = await freePort();
  const file = place.file(`${name}.yaml`, configText({
    port, bundles: [bundle], policy, ca, trust: authority.certificate, hosts: { [host]: '127.0.0.1' },
    tlsPort: originTls, httpPort: originHttp, profile: 'child', workers: 1, log: '/dev/null', limits: { idle_ms: 3600000, connections: 20000 }, ...settings,
  }));
  const kept = keepOn(0, copgatePath, ['-c', file]);
  await until('copgate', () => { if (kept.code !== null) throw new Error(kept.err); return kept.err.includes('ready on'); });
  return { name: 'copgate', port, pid: kept.pid, ca: ca.certificate };
}

const full = await startCopgate('full', { inspect: 'all' });
const names = await startCopgate('names', { bundles: [hostsOnly], policy: plainPolicy });
names.ca = authority.certificate;

let haproxy = null;
if (existsSync('/usr/sbin/haproxy')) {
  const [plain, tls, tcp] = [await freePort(), await freePort(), await freePort()];
  const leaf = place.file('leaf.pem', readFileSync(certificate.certificate, 'utf8') + readFileSync(certificate.key, 'utf8'));
  const config = place.file('haproxy.cfg', `
global
  nbthread 1
  maxconn 8000
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
  tune.ssl.cachesize 0
defaults
  mode http
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  http-reuse always
frontend plain
  bind 127.0.0.1:${plain}
  default_backend http_origin
frontend tls
  bind 127.0.0.1:${tls} ssl crt ${leaf} alpn http/1.1
  default_backend https_origin
frontend tcp
  mode tcp
  bind 127.0.0.1:${tcp}
  default_backend tcp_origin
backend http_origin
  server o 127.0.0.1:${originHttp} pool-max-conn 1024
backend https_origin
  server o 127.0.0.1:${originTls} pool-max-conn 1024 ssl verify required ca-file ${authority.certificate} verifyhost ${host} sni str(${host}) alpn http/1.1
backend tcp_origin
  mode tcp
  server o 127.0.0.1:${originTls}
`);
  const kept = keepOn(0, '/usr/sbin/haproxy', ['-f', config, '-db']);
  await new Promise((done) => { setTimeout(done, 500); });
  if (kept.code !== null) throw new Error(kept.err);
  haproxy = { plain, tls, tcp, pid: kept.pid };
}
const peer = (port, mode) => (haproxy ? { name: 'HAProxy', port: haproxy[port], pid: haproxy.pid, ca: authority.certificate, mode } : null);

const scenarios = [
  ['plain, kept, 1 KiB', 'plain', '/1k', false, full, peer('plain', 'reverse'), originHttp],
  ['plain, kept, 16 KiB', 'plain', '/16k', false, full, peer('plain', 'reverse'), originHttp],
  ['spliced, kept, 1 KiB', 'tunnel', '/1k', false, names, peer('tcp', 'reverse-tls'), originTls],
  ['spliced, new connection', 'tunnel', '/1k', true, names, peer('tcp', 'reverse-tls'), originTls],
  ['intercepted, kept, 1 KiB', 'tunnel', '/1k', false, full, peer('tls', 'reverse-tls'), originTls],
  ['intercepted, kept, 16 KiB', 'tunnel', '/16k', false, full, peer('tls', 'reverse-tls'), originTls],
  ['intercepted, kept, 1 MiB', 'tunnel', '/1m', false, full, peer('tls', 'reverse-tls'), originTls],
  ['intercepted, new connection', 'tunnel', '/1k', true, full, peer('tls', 'reverse-tls'), originTls],
].filter(([name]) => only === null || name.includes(only));

function measure(subject, mode, path, isNew, originPort) {
  return new Promise((done, failed) => {
    const [command, args] = onCore(1, load, [subject.mode ?? mode, String(subject.port), host, String(originPort), path, String(connections), String(seconds), subject.ca]);
    const child = spawn(command, args, { env: { ...process.env, ...(isNew ? { LOAD_NEW: '1' } : {}) } });
    let before = 0;
    let result = null;
    let err = '';
    child.stderr.on('data', (d) => { err += d; });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.started) before = cpuSeconds(subject.pid);
      else result = { ...said, cpuUs: ((cpuSeconds(subject.pid) - before) * 1e6) / said.requests };
    });
    child.on('close', () => (result && result.errors === 0 ? done(result) : failed(new Error(`${subject.name}: ${err || JSON.stringify(result)}`))));
  });
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const results = [];

try {
  for (const [name, mode, path, isNew, ours, theirs, originPort] of scenarios) {
    const subjects = [ours, ...(theirs ? [theirs] : [])];
    const all = new Map(subjects.map((s) => [s, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const subject of subjects) all.get(subject).push(await measure(subject, mode, path, isNew, originPort));
    }
    const figures = subjects.map((s) => {
      const cpu = all.get(s).map((r) => r.cpuUs);
      return { name: s.name, cpuUs: median(cpu), least: Math.min(...cpu), most: Math.max(...cpu), rps: median(all.get(s).map((r) => r.requests / r.seconds)), p50us: median(all.get(s).map((r) => r.p50_us)), p99us: median(all.get(s).map((r) => r.p99_us)) };
    });
    results.push({ scenario: name, figures });
    const words = figures.map((f) => `${f.name} ${f.cpuUs.toFixed(1)} us (${f.least.toFixed(1)}-${f.most.toFixed(1)}), ${Math.round(f.rps)}/s`);
    const ratio = figures.length > 1 ? `; ratio ${(figures[0].cpuUs / figures[1].cpuUs).toFixed(2)}` : '';
    console.log(`${name.padEnd(30)} ${words.join(' | ')}${ratio}`);
  }

  if (only === null || 'idle'.includes(only)) {
    const count = 2000;
    for (const [label, subject] of [['intercepted', full], ['spliced', names]]) {
      const before = pssKiB(subject.pid);
      const [command, args] = onCore(1, load, ['idle', String(subject.port), host, String(originTls), '/1k', String(count), '0', subject.ca]);
      const child = spawn(command, args);
      await new Promise((done) => { createInterface({ input: child.stdout }).once('line', done); });
      await new Promise((done) => { setTimeout(done, 1000); });
      const each = (pssKiB(subject.pid) - before) / count;
      child.stdin.end();
      await new Promise((done) => { child.on('close', done); });
      results.push({ scenario: `idle ${label}`, kib: each });
      console.log(`${`idle, ${label}, ${count} kept`.padEnd(30)} ${each.toFixed(1)} KiB each (PSS of all processes)`);
    }
  }
} finally {
  await place.end();
}
if (option('json', null)) writeFileSync(option('json', null), JSON.stringify({ schema: 'copgate/bench-proxy/v1', cpu: cpus()[0].model, rounds, seconds, connections, results }, null, 2));
