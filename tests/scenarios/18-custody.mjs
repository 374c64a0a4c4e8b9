// Who holds what of the authority: a key behind a passphrase, names that it can
// never vouch for, a log of names that shows what was taken out, and keys that
// no server is believed with.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, openSync, readFileSync, readSync, readdirSync, writeFileSync } from 'node:fs';

import { curl } from './lib/client.mjs';
import { copgate, startGateway } from './lib/gateway.mjs';
import { run } from './lib/process.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const passphrase = 'correct horse battery staple 4711';

function secretFile(place, name, text, mode = 0o400) {
  const path = place.file(name, text);
  chmodSync(path, mode);
  return path;
}

const workersOf = (parent) => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(parent)
      && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker');
  } catch { return false; }
});

// Whether bytes are anywhere in what a process may write.
function memoryHas(pid, wanted) {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  let looked = 0;
  let found = false;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    const size = match ? Number(BigInt(`0x${match[2]}`) - BigInt(`0x${match[1]}`)) : 0;
    if (size === 0 || size > 64 * 1024 * 1024) continue; // the sanitizer's shadow
    const bytes = Buffer.alloc(size);
    try { readSync(memory, bytes, 0, size, BigInt(`0x${match[1]}`)); } catch { continue; }
    looked += size;
    found ||= bytes.includes(wanted);
  }
  closeSync(memory);
  assert.ok(looked > 1024 * 1024, `only ${looked} bytes could be looked at`);
  return found;
}

scenario('custody', async (place) => {
  const u = await usual(place, { gateway: { inspect: 'all' }, names: ['notary.example', 'www.notary.example'] });
  const folder = place.path('sealed-ca');
  const secret = secretFile(place, 'passphrase', `${passphrase}\n`);
  place.file('sealed-ca/.keep');

  await place.step('an authority whose key is encrypted, and that excludes a name', async () => {
    const made = await copgate(['--create-ca', folder, '--passphrase-file', secret, '--exclude-name', 'notary.example']);
    assert.equal(made.code, 0, made.err);
    assert.match(readFileSync(`${folder}/ca.key`, 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
    const shown = await run('openssl', ['x509', '-in', `${folder}/ca.crt`, '-noout', '-ext', 'nameConstraints']);
    assert.match(shown.out, /critical[\s\S]*Excluded:\s+DNS:notary\.example/);
    const wrong = await copgate(['--create-ca', place.path('.'), '--exclude-name', 'Notary.example']);
    assert.equal(wrong.code, 1);
  });
  const log = place.path('names.log');
  const ca = (more) => ({ certificate: `${folder}/ca.crt`, key: `${folder}/ca.key${more}` });
  const settings = { ...u.settings, ca: ca(`, passphrase: ${secret}, log: ${log}`) };
  const gateway = await startGateway(place, settings);
  const trusting = { proxy: gateway.proxy, cacert: `${folder}/ca.crt` };
  const reloads = async (changes, wanted) => {
    const before = gateway.kept.err.length;
    await gateway.reload(changes);
    assert.match(gateway.kept.err.slice(before), wanted);
  };

  await place.step('it serves, and the passphrase is in no worker', async () => {
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
    const workers = workersOf(gateway.kept.pid);
    assert.ok(workers.length > 0);
    for (const pid of workers) assert.equal(memoryHas(pid, passphrase), false);
  });
  await place.step('no passphrase, a wrong one, one that others may read: refused, and told', async () => {
    await reloads({ ca: ca('') }, /protected by a passphrase and none is given[\s\S]*reload refused/);
    await reloads({ ca: ca(`, passphrase: ${secretFile(place, 'wrong', 'incorrect\n')}`) }, /cannot be opened with the passphrase[\s\S]*reload refused/);
    await reloads({ ca: ca(`, passphrase: ${secretFile(place, 'open', `${passphrase}\n`, 0o644)}`) }, /others than its owner may read[\s\S]*reload refused/);
    await reloads({ ca: ca(', passphrase: "credential:ca"') }, /handed no credentials over[\s\S]*reload refused/);
    await reloads({ ca: { ...u.ca, key: `${u.ca.key}, passphrase: ${secret}` } }, /lies there without one[\s\S]*reload refused/);
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
  });
  await place.step('a name that is excluded is not decrypted, whatever the policy says', async () => {
    for (const name of ['notary.example', 'www.notary.example']) {
      assert.notEqual((await curl(u.https(name), trusting)).code, 0);
      await gateway.line('mint_excluded', (l) => l.event === 'end' && l.reason === 'mint_excluded');
    }
  });
  await place.step('names are written down, and a line that is taken out shows', async () => {
    const written = readFileSync(log, 'utf8');
    assert.ok(written.includes(`"host":"${names.allowed}"`));
    assert.ok(!written.includes('notary.example'));
    const good = await copgate(['--check-ca-log', log]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /the chain holds/);
    const copy = place.file('names.copy', written.split('\n').slice(1).join('\n') || 'nothing\n');
    const bad = await copgate(['--check-ca-log', copy]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /names\.copy:1:/);
  });
  await place.step('a list of the roots, with the digests that revoked_keys takes', async () => {
    const listed = await copgate(['--list-trust', '-c', gateway.file]);
    assert.equal(listed.code, 0, listed.err);
    const der = await run('sh', ['-c', `openssl x509 -in ${u.authority.certificate} -noout -pubkey | openssl pkey -pubin -outform DER | base64 -w0`]);
    const digest = createHash('sha256').update(Buffer.from(der.out, 'base64')).digest('hex');
    assert.equal(listed.out, `${digest}  # CN=origin\n`);
  });
  await place.step('a key on the list of revoked keys is believed no more after a reload', async () => {
    const der = await run('sh', ['-c', `openssl x509 -in ${u.authority.certificate} -noout -pubkey | openssl pkey -pubin -outform DER | base64 -w0`]);
    const digest = createHash('sha256').update(Buffer.from(der.out, 'base64')).digest('hex');
    const list = place.file('revoked', `# the origin's root, as an example\n${digest}\n`);
    await reloads({ extra: `revoked_keys: ${list}` }, /is in use/);
    const got = await curl(u.https(names.allowed), trusting);
    assert.equal(got.status, 502);
    await gateway.line('cert_revoked', (l) => l.reason === 'cert_revoked');
    writeFileSync(list, 'no digest\n');
    await reloads({ extra: `revoked_keys: ${list}` }, /revoked:1[\s\S]*reload refused/);
    await reloads({}, /is in use/);
    assert.equal((await curl(u.https(names.allowed), trusting)).status, 200);
  });
  await place.step('the encrypted key is checked by -t too', async () => {
    const good = await copgate(['-t', '-c', gateway.file]);
    assert.equal(good.code, 0, good.err);
  });
});
