// copgate and copc as they are installed: files written, commands run.
import { readFileSync, existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { freePort, keep, run } from './process.mjs';
import { build, source, until } from './scenario.mjs';

export const copcPath = join(build, 'tools/copc');
export const copgatePath = join(build, 'gateway/copgate');

export const copc = (args, options) => run(copcPath, args, options);
export const copgate = (args, options) => run(copgatePath, args, options);

// A sanitizer's report in what a program said.
export const sanitizerReport = (text) => /(ERROR: (Address|Leak|Undefined)\w*Sanitizer|runtime error:|LeakSanitizer has encountered).*/.exec(text)?.[0];

// Compile sources (default: the packs that ship) to a bundle; returns its path.
export async function makeBundle(place, name = 'packs', sources = [join(source, 'rules/packs')]) {
  const path = place.path(`${name}.cop`);
  const result = await copc(['build', ...sources, '-o', path]);
  if (result.code !== 0) throw new Error(`copc build: ${result.code}\n${result.err}`);
  return path;
}

export async function makeCa(place, folder = 'gateway-ca') {
  place.file(`${folder}/.keep`);
  const result = await copgate(['--create-ca', place.path(folder)]);
  if (result.code !== 0) throw new Error(`copgate --create-ca: ${result.code}\n${result.err}`);
  return { certificate: place.path(`${folder}/ca.crt`), key: place.path(`${folder}/ca.key`) };
}

// The text of a configuration. Everything can be overridden; `extra` is YAML.
export function configText({ port, bundles, policy, ca, trust, hosts = {}, tlsPort, httpPort, profile, inspect = 'needed', http2 = 'mirror', workers = 1, limits = {}, log, languages = ['en', 'ar'], listen = [], reach = ['127.0.0.0/8'], extra = '' }) {
  const lines = [
    'listen:', `  - "127.0.0.1:${port}"`, ...listen.map((l) => `  - ${l}`),
    `workers: ${workers}`,
    'bundles:', ...bundles.map((b) => `  - ${b}`),
    ...(policy ? [`policy: ${policy}`] : []),
    `ca: {certificate: ${ca.certificate}, key: ${ca.key}}`,
    ...(trust ? [`trust: ${trust}`] : []),
    'resolver:',
    '  servers: ["127.0.0.1:9"]',
    ...(Object.keys(hosts).length > 0 ? ['  hosts:'] : []), ...Object.entries(hosts).map(([name, address]) => `    ${name}: ${Array.isArray(address) ? JSON.stringify(address) : `["${address}"]`}`),
    `default_profile: ${profile}`,
    `inspect: ${inspect}`,
    `http2: ${http2}`,
    `ports: {connect: [443, ${tlsPort}], http: [80, ${httpPort}]}`,
    `reach: {allow: ${JSON.stringify(reach)}}`,
    `log: {decisions: "${log}"}`,
    `notice: {languages: [${languages.join(', ')}], contact: "the school office"}`,
    'limits:', '  drain_ms: 3000', ...Object.entries(limits).map(([k, v]) => `  ${k}: ${v}`),
    extra,
  ];
  return `${lines.join('\n')}\n`;
}

export const policyText = (profiles, extra = '') => `policy: 1
place: household
profiles:
${profiles.map((p) => `  - ${p}`).join('\n')}
${extra}`;

// Start copgate and wait until it says that it is ready.
export async function startGateway(place, options) {
  const port = await freePort();
  const log = place.path(`decisions-${port}.jsonl`);
  const settings = { port, log, ...options };
  const file = place.file(`copgate-${port}.yaml`, configText(settings));
  const [command, ...args] = [...(options.via ?? []), options.program ?? copgatePath, '-c', file];
  const kept = keep(place, command, args);
  const gateway = {
    port, file, log, kept,
    proxy: `http://127.0.0.1:${port}`,
    // Write another configuration and ask for a reload.
    reload: async (changes = {}) => {
      const before = (kept.err.match(/generation \d+ is in use|reload refused/g) ?? []).length;
      place.file(`copgate-${port}.yaml`, configText({ ...settings, ...changes }));
      process.kill(kept.pid, 'SIGHUP');
      await until('the reload', () => (kept.err.match(/generation \d+ is in use|reload refused/g) ?? []).length > before);
    },
    lines: () => (existsSync(log) ? readFileSync(log, 'utf8') : '').split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    // Wait for a line of the decision log.
    line: (what, wanted) => until(`${what} in the decision log`, () => gateway.lines().find(wanted)),
    counts: async () => {
      const before = (kept.err.match(/"event":"counts"/g) ?? []).length;
      process.kill(kept.pid, 'SIGUSR1');
      await until('the counts', () => (kept.err.match(/"event":"counts".*\}\}\n/g) ?? []).length > before);
      return JSON.parse(kept.err.split('\n').filter((l) => l.includes('"event":"counts"')).pop());
    },
  };
  place.atEnd(async () => {
    await kept.stop('SIGTERM');
    const report = sanitizerReport(kept.err);
    if (report || kept.code !== 0) {
      console.log(kept.err.split('\n').slice(-80).join('\n'));
      throw new Error(report ?? `copgate ended with code ${kept.code}, signal ${kept.signal}`);
    }
  });
  await until('copgate to be ready', () => {
    if (kept.code !== null) throw new Error(`copgate ended with ${kept.code}:\n${kept.err}`);
    return kept.err.includes('ready on');
  }, 60_000);
  return gateway;
}

// Whether a gateway still serves: a request that it must answer itself.
export function isServing(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(10_000, () => { socket.destroy(); done(false); });
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: x.invalid\r\nConnection: close\r\n\r\n'));
    socket.on('data', (data) => { answer += data; });
    socket.on('error', () => done(false));
    socket.on('close', () => done(answer.startsWith('HTTP/1.1 400')));
  });
}
