// What the proxies are measured in: an origin, a name server, the gateway with
// several policies, and the peers. Each is started when it is first asked for.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

import { makeAuthority, makeCertificate } from '../scenarios/lib/certificates.mjs';
import { configText, copgatePath, makeBundle, makeCa, policyText } from '../scenarios/lib/gateway.mjs';
import { freePort, keep } from '../scenarios/lib/process.mjs';
import { Place, source, until } from '../scenarios/lib/scenario.mjs';

export const host = 'library.example';
export const place = new Place('bench');

const two = cpus().length > 1;
export const onCore = (core, command, args) => (two ? ['taskset', ['-c', String(core), command, ...args]] : [command, args]);
const keepOn = (core, command, args) => keep(place, ...onCore(core, command, args));
const once = (make) => {
  let made = null;
  return () => (made ??= make());
};

export const load = place.path('load');
execFileSync('cc', ['-std=c17', '-D_GNU_SOURCE', '-O2', '-o', load, `${source}/tests/bench/load.c`, `${source}/tests/bench/load_h2.c`, '-lssl', '-lcrypto', '-lnghttp2']);

// ---- the origin ----

const authority = await makeAuthority(place, 'origin');
const certificate = await makeCertificate(place, { name: 'good', names: [host, `*.${host}`], issuer: authority });
// http, tls: HTTP/1.1; h2: HTTP/2 as well; once: a connection for each request
export const origin = { http: await freePort(), tls: await freePort(), h2: await freePort(), once: await freePort() };
for (const [name, size] of [['1k', 1024], ['16k', 16384], ['1m', 1048576]]) place.file(`docs/${name}`, Buffer.alloc(size, 'copgate '));

const nginxTop = (name) => `
daemon off; ${process.getuid() === 0 ? 'user root;' : ''} worker_processes 1; pid ${place.path(`${name}.pid`)}; error_log ${place.path(`${name}.log`)} crit;
events { worker_connections 15000; }
http { access_log off; sendfile on; tcp_nopush on; open_file_cache max=100; keepalive_timeout 3600s; keepalive_requests 1000000000;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${place.path(`${name}-${kind}`)};`).join(' ')}`;
const secret = `ssl_certificate ${certificate.certificate}; ssl_certificate_key ${certificate.key};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache off; ssl_session_tickets off;`;

async function startNginx(core, name, servers) {
  const file = place.file(`${name}.conf`, `${nginxTop(name)}\n${servers}\n}`);
  const kept = keepOn(core, '/usr/sbin/nginx', ['-p', place.folder, '-e', place.path(`${name}.log`), '-c', file]);
  await new Promise((done) => { setTimeout(done, 500); });
  if (kept.code !== null) throw new Error(kept.err);
  return kept;
}

await startNginx(1, 'origin', `
  server { listen 127.0.0.1:${origin.http} backlog=4096; listen 127.0.0.1:${origin.tls} ssl backlog=4096; ${secret} root ${place.path('docs')}; }
  server { listen 127.0.0.1:${origin.h2} ssl http2 backlog=4096; ${secret} root ${place.path('docs')}; http2_max_concurrent_streams 1000; }
  server { listen 127.0.0.1:${origin.once} ssl backlog=4096; ${secret} root ${place.path('docs')}; keepalive_timeout 0; }`);

// ---- a name server: every name is at 127.0.0.1 ----

const nameServer = once(() => new Promise((done) => {
  const socket = createSocket('udp4');
  socket.on('message', (asked, from) => {
    let end = 12;
    while (asked[end] !== 0) end += asked[end] + 1;
    const isA = asked.readUInt16BE(end + 1) === 1;
    const answer = Buffer.from('c00c000100010000003c00047f000001', 'hex');
    const head = Buffer.from(asked.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(isA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([head, asked.subarray(12, end + 5), ...(isA ? [answer] : [])]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1', () => done(socket));
  place.atEnd(() => socket.close());
}));

// ---- the gateway ----

const ca = once(() => makeCa(place));
const shipped = once(() => makeBundle(place));
const child = place.file('child.yaml', policyText(['{name: child, age: 9, subscriber: residential, template: household-child}']));
const gambling = place.file('gambling.yaml', policyText(['{name: child, age: 9, block: [gambling.real_money]}']));

// A bundle of one list of what is gambling.
function listBundle(name, format, entries) {
  place.file(`${name}/bundle.yaml`, `id: cop:bundle:${name}\ntitle: "a list"\nissuer: "a bench"\nlicence: "CC0-1.0"\nrevision: "1"\n`);
  place.file(`${name}/entries`, `${entries.join('\n')}\n`);
  place.file(`${name}/list.yaml`, `id: cop:list:gambling\nformat: ${format}\nfile: entries\n${format === 'domains' ? 'object: domain\n' : ''}categories: [gambling.real_money]\nlicence: "CC0-1.0"\n`);
  return makeBundle(place, name, [place.path(name)]);
}

async function startCopgate(name, settings) {
  const port = await freePort();
  const { certificate: trusted } = authority;
  const text = configText({
    port, bundles: settings.bundles ?? [await shipped()], policy: child, ca: await ca(), trust: trusted, hosts: { [host]: '127.0.0.1', 'casino.example': '127.0.0.1' },
    tlsPort: `${origin.tls}, ${origin.h2}, ${origin.once}`, httpPort: origin.http, profile: 'child', workers: 1, log: '/dev/null', limits: { idle_ms: 3600000, connections: 20000 }, ...settings,
  }).replace('127.0.0.1:9"', `127.0.0.1:${settings.names ?? 9}"`);
  const kept = keepOn(0, copgatePath, ['-c', place.file(`${name}.yaml`, text)]);
  await until('copgate', () => { if (kept.code !== null) throw new Error(kept.err); return kept.err.includes('ready on'); }, 60_000);
  const reload = async () => {
    const before = (kept.err.match(/generation \d+ is in use/g) ?? []).length;
    process.kill(kept.pid, 'SIGHUP');
    await until('the reload', () => (kept.err.match(/generation \d+ is in use/g) ?? []).length > before, 60_000);
  };
  return { name: 'copgate', port, pid: kept.pid, ca: (await ca()).certificate, reload };
}

// The same numbers every time.
const some = (n, make) => Array.from({ length: n }, (_, i) => make(i, (i * 2654435761) % 2 ** 32));
const words = ['adult', 'casino', 'jackpot', 'poker', 'roulette', 'slots', 'wager', 'lottery'];

function makePattern(i, n) {
  const [a, b] = [words[n % 8], (n >>> 3).toString(36)];
  return [`${a}[-_.]?${b}`, `/(${a}|${b})s?/${b}\\d+`, `^https?://([a-z0-9-]+\\.)*${a}${b}\\.`, `${a}${b}\\.(jpg|png|gif)$`, `[?&]${a}=${b}`][i % 5];
}

const makeDomain = (i, n) => `${n.toString(36)}-${i.toString(36)}.${['test', 'example', 'invalid'][i % 3]}`;
const atDomains = process.argv.indexOf('--domains');
export const domains = atDomains < 0 ? 5_000_000 : Number(process.argv[atDomains + 1]);

export const gateways = {
  full: once(() => startCopgate('full', { inspect: 'all' })),
  h2: once(() => startCopgate('h2', { inspect: 'all', http2: 'always' })),
  resolving: once(async () => startCopgate('resolving', { inspect: 'all', names: (await nameServer()).address().port })),
  // Nothing that needs a connection to be opened.
  names: once(async () => ({ ...await startCopgate('names', { bundles: [await listBundle('hosts-only', 'domains', ['casino.example'])], policy: gambling }), ca: authority.certificate })),
  domains: once(async () => startCopgate('domains', { bundles: [await listBundle('domains', 'domains', some(domains, makeDomain))], policy: gambling })),
  // As `patterns`, with another list.
  inspecting: once(async () => startCopgate('inspecting', { bundles: [await listBundle('inspecting', 'domains', ['casino.example'])], policy: gambling, inspect: 'all' })),
  patterns: once(async () => startCopgate('patterns', { bundles: [await listBundle('patterns', 'patterns', some(1000, makePattern))], policy: gambling, inspect: 'all' })),
};

// ---- the peers ----

const startHaproxy = once(async () => {
  const [plain, tls, tcp, once] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const leaf = place.file('leaf.pem', readFileSync(certificate.certificate, 'utf8') + readFileSync(certificate.key, 'utf8'));
  const verified = `ssl verify required ca-file ${authority.certificate} verifyhost ${host} sni str(${host})`;
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
  http-request deny if { req.hdr(host) -m beg casino.example }
  default_backend http_origin
frontend tls
  bind 127.0.0.1:${tls} ssl crt ${leaf} alpn h2,http/1.1
  default_backend https_origin
frontend once
  bind 127.0.0.1:${once} ssl crt ${leaf} alpn http/1.1
  default_backend once_origin
frontend tcp
  mode tcp
  bind 127.0.0.1:${tcp}
  default_backend tcp_origin
backend http_origin
  server o 127.0.0.1:${origin.http} pool-max-conn 1024
backend https_origin
  server o 127.0.0.1:${origin.tls} pool-max-conn 1024 ${verified} alpn http/1.1
backend once_origin
  server o 127.0.0.1:${origin.once} ${verified} alpn http/1.1 no-ssl-reuse
backend tcp_origin
  mode tcp
  server o 127.0.0.1:${origin.tls}
`);
  const kept = keepOn(0, '/usr/sbin/haproxy', ['-f', config, '-db']);
  await new Promise((done) => { setTimeout(done, 500); });
  if (kept.code !== null) throw new Error(kept.err);
  return { ports: { plain, tls, tcp, once }, pid: kept.pid };
});

// A reverse proxy on one of its ports; null where it is not installed.
export const haproxy = (port) => async () => {
  if (!existsSync('/usr/sbin/haproxy')) return null;
  const { ports, pid } = await startHaproxy();
  return { name: 'HAProxy', port: ports[port], pid, ca: authority.certificate, mode: port === 'plain' ? 'reverse' : 'reverse-tls' };
};

export const nginx = once(async () => {
  const port = await freePort();
  const kept = await startNginx(0, 'proxy', `
  upstream o { server 127.0.0.1:${origin.http}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 3600s; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; } }`);
  return { name: 'nginx', port, pid: kept.pid, ca: authority.certificate, mode: 'reverse' };
});
