// Another binary takes over under load: nothing fails, and what is broken
// leaves everything as it was.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { curl } from './lib/client.mjs';
import { copgatePath } from './lib/gateway.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { run } from './lib/process.mjs';
import { scenario, sleep, until } from './lib/scenario.mjs';
import { startLoad } from './lib/steady.mjs';
import { names, usual } from './lib/usual.mjs';

const DRIPS = 16;
const DRIP_MS = 100;

// An origin that takes well over a second for its answer, and less than drain_ms.
const drip = (socket) => onHead(socket, () => {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${DRIPS * 4}\r\n\r\n`);
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    if (!socket.destroyed) socket.write('drip');
    if (n === DRIPS || socket.destroyed) clearInterval(timer);
  }, DRIP_MS);
});

const isThere = (pid) => {
  try { process.kill(pid, 0); return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return false; }
};

scenario('upgrade', async (place) => {
  // Where it is installed: each new file there has another inode, so that the
  // one that runs is "deleted", as packages do it.
  mkdirSync(place.path('sbin'));
  const program = place.path('sbin/copgate');
  const install = (write) => {
    const next = place.path('sbin/next');
    rmSync(next, { force: true });
    write(next);
    renameSync(next, program);
  };
  const installReal = () => install((next) => copyFileSync(copgatePath, next));
  const installScript = (text) => install((next) => { writeFileSync(next, `#!/bin/sh\n${text}\n`); chmodSync(next, 0o755); });
  installReal();

  const u = await usual(place, { gateway: { inspect: 'all', workers: 2, program } });
  const slow = await startOdd(place, drip);
  const slowTls = await startOdd(place, drip, u.certificate);
  const ports = { httpPort: `${u.origin.httpPort}, ${slow.port}`, tlsPort: `${u.origin.tlsPort}, ${slowTls.port}` };
  await u.gateway.reload(ports);

  let parent = u.gateway.kept.pid;
  const all = [parent];
  const said = () => u.gateway.kept.err;
  // Stop the one that is in charge; the first one's end was not the last.
  place.atEnd(async () => {
    if (isThere(parent)) process.kill(parent, 'SIGTERM');
    await until('all to end', () => !all.some(isThere), 30_000);
  });

  const upgrade = async () => {
    const before = said().length;
    process.kill(parent, 'SIGUSR2');
    const pid = Number((await until('a successor', () => /copgate (\d+) has taken over/.exec(said().slice(before))))[1]);
    all.push(pid);
    parent = pid;
  };
  const reload = async () => {
    const before = (said().match(/generation \d+ is in use/g) ?? []).length;
    process.kill(parent, 'SIGHUP');
    await until('the reload', () => (said().match(/generation \d+ is in use/g) ?? []).length > before);
  };
  const works = async () => {
    assert.equal((await curl(u.http(names.allowed, '/echo'), { proxy: u.gateway.proxy })).status, 200);
    assert.equal((await curl(u.https(names.allowed, '/echo'), { proxy: u.gateway.proxy, cacert: u.ca.certificate })).status, 200);
  };

  await place.step('three upgrades and ten reloads under load: nothing fails', async () => {
    const proxyPort = u.gateway.port;
    const plain = { what: 'plain', proxyPort, name: names.allowed, port: u.origin.httpPort };
    const intercepted = { what: 'intercepted', proxyPort, name: names.allowed, port: u.origin.tlsPort, ca: readFileSync(u.ca.certificate) };
    const spliced = { what: 'spliced', proxyPort, name: names.neverInspected, port: u.origin.tlsPort, ca: readFileSync(u.authority.certificate) };
    const load = startLoad([
      [plain], [plain, { pauseMs: 300 }], [plain, { requests: 1 }],
      [intercepted], [intercepted, { pauseMs: 300 }], [intercepted, { requests: 1 }],
      // Nobody sees into these to end them between two requests.
      [spliced, { requests: 30, pauseMs: 20 }], [spliced, { requests: 1 }],
    ]);
    const long = [
      curl(`http://${names.allowed}:${slow.port}/`, { proxy: u.gateway.proxy }),
      curl(`https://${names.allowed}:${slowTls.port}/`, { proxy: u.gateway.proxy, cacert: u.ca.certificate }),
      curl(`https://${names.neverInspected}:${slowTls.port}/`, { proxy: u.gateway.proxy, cacert: u.authority.certificate }),
    ];
    await until('the long transfers to begin', () => slow.counts.connections === 1 && slowTls.counts.connections >= 2);
    for (const reloads of [4, 3, 3]) {
      installReal();
      await upgrade();
      for (let i = 0; i < reloads; i += 1) await reload();
    }
    const transfers = await Promise.all(long);
    const { done, opened, failures } = await load.end();
    for (const transfer of transfers) assert.equal(transfer.body, 'drip'.repeat(DRIPS), transfer.err);
    assert.deepEqual(failures, []);
    assert.ok(done > 100, `only ${done} requests`);
    console.log(`        ${done} requests over ${opened} connections, none failed`);
  });
  await place.step('those before have ended, well', async () => {
    await until('the old ones to end', () => !all.slice(0, -1).some(isThere));
    await until('the first one\'s code', () => u.gateway.kept.child.exitCode !== null);
    assert.equal(u.gateway.kept.child.exitCode, 0);
    assert.doesNotMatch(said(), /was ended by signal|ended with code|did not end in time/);
  });
  await place.step('a reload that is asked for during an upgrade is the new one\'s', async () => {
    const before = said().length;
    process.kill(parent, 'SIGUSR2');
    await until('the start', () => /is started as/.test(said().slice(before)));
    process.kill(parent, 'SIGHUP');
    const pid = Number((await until('a successor', () => /copgate (\d+) has taken over/.exec(said().slice(before))))[1]);
    all.push(pid);
    parent = pid;
    await until('its reload', () => /generation 2 is in use/.test(said().slice(before)));
    await works();
  });

  const good = readFileSync(u.gateway.file, 'utf8');
  const other = await startOdd(place, () => {});
  const broken = {
    'a program that is not there': [() => rmSync(program), /No such file/],
    'a file that nobody may execute': [() => install((next) => writeFileSync(next, 'x', { mode: 0o644 })), /refused: .*(Permission denied|not a program)/],
    'a program that anybody may change': [() => install((next) => { copyFileSync(copgatePath, next); chmodSync(next, 0o777); }), /only its owner may change/],
    'half a program': [() => install((next) => writeFileSync(next, readFileSync(copgatePath).subarray(0, 3000), { mode: 0o755 })), /ended with (code|signal)|ended by signal/],
    'a program that ends at once': [() => installScript('exit 0'), /ended with code 0;/],
    'a program that crashes': [() => installScript('kill -SEGV $$'), /ended by signal 11/],
    'a program that says what it should not': [() => installScript('printf "hello, old one" >&3; exec sleep 10'), /says what it should not/],
    'a program that lets go of its line and ends': [() => installScript('exec 3>&-; sleep 0.3; exit 4'), /ended with code 4;/],
    'a broken configuration': [() => { installReal(); writeFileSync(u.gateway.file, good.replace('bundles:', 'bundels:')); }, /ended with code 78: it refuses the configuration/],
    'an address that another program has': [() => { installReal(); writeFileSync(u.gateway.file, good.replaceAll(`127.0.0.1:${u.gateway.port}`, `127.0.0.1:${other.port}`)); }, /ended with code 69: it cannot listen/],
  };
  // Found out by its workers: only a parent that is root makes them anybody.
  if (process.getuid() === 0) broken['a configuration that no worker can use'] = [() => { installReal(); writeFileSync(u.gateway.file, `${good}user: no-such-user\n`); }, /no user "no-such-user"[^]*ended with code 70;/];
  for (const [what, [breakIt, wanted]] of Object.entries(broken)) {
    await place.step(`an upgrade to ${what} is refused, with a message; the old one goes on`, async () => {
      const before = said().length;
      breakIt();
      process.kill(parent, 'SIGUSR2');
      await until('the refusal', () => /unchanged/.test(said().slice(before)));
      assert.match(said().slice(before), wanted);
      assert.ok(isThere(parent));
      await works();
      writeFileSync(u.gateway.file, good);
    });
  }
  await place.step('and afterwards a good one takes over', async () => {
    installReal();
    await upgrade();
    await works();
    await reload();
    await works();
  });
  await place.step('a variable without a line is refused', async () => {
    const alone = await run(copgatePath, ['-c', u.gateway.file], { env: { COPGATE_HANDOVER: '3' } });
    assert.equal(alone.code, 70);
    assert.match(alone.err, /nobody hands over/);
  });
  await place.step('TERM ends the newest, and nobody is left', async () => {
    const last = parent;
    process.kill(last, 'SIGTERM');
    await until('all to end', () => !all.some(isThere));
    assert.equal((await curl(u.http(names.allowed), { proxy: u.gateway.proxy })).code, 7);
  });
});
