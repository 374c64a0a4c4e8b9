// Looking into bundles, whole ones and damaged ones.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, scenario, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const bytes = readFileSync(bundle);

// Every command that opens a bundle refuses a damaged one in the same manner.
function refused(name, damaged) {
  const path = join(folder, name);
  writeFileSync(path, damaged);
  for (const words of [['info', path], ['info', '--json', path], ['explain', path, 'casino.example'], ['decide', path]]) {
    const ran = copc(words);
    assert.equal(ran.code, 65, `${name}: ${words.join(' ')}`);
    assert.equal(ran.out, '');
    assert.ok(ran.err.includes(path), ran.err);
  }
}

await scenario({
  'for people'() {
    const ran = copc(['info', bundle]);
    assert.equal(ran.code, 0);
    assert.equal(ran.err, '');
    assert.match(ran.out, /^ {2}name +starter$/m);
    assert.match(ran.out, new RegExp(`^  size +${bytes.length} bytes$`, 'm'));
    assert.match(ran.out, /^ {2}sha256 +[0-9a-f]{64}$/m);
    assert.match(ran.out, /^cop:req:XX:child-protection-act:illegal-content$/m);
    assert.match(ran.out, /mandatory, ages 0 to 17, Examplia Media Office/);
  },
  'for programs'() {
    const ran = copc(['info', bundle, '--json']);
    assert.equal(ran.code, 0);
    const told = JSON.parse(ran.out);
    assert.equal(told.schema, 'copc/bundle/v1');
    assert.equal(told.bytes, bytes.length);
    assert.equal(told.counts.requirements, told.requirements.length);
    assert.equal(told.counts.templates, 8);
    assert.equal(told.counts.appeals, 2);
    assert.ok(told.counts.hosts > 100);
    assert.equal(told.counts.patterns, 1);
    const law = told.requirements.find((r) => r.id === 'cop:req:XX:child-protection-act:illegal-content');
    assert.equal(law.http_status, 451);
    assert.equal(law.lock, 'national');
    assert.equal(law.strength, 'mandatory');
    assert.deepEqual(law.categories, ['illegal.csam', 'illegal.csam_npi']);
    const offer = told.requirements.find((r) => r.id.endsWith(':first-steps'));
    assert.deepEqual(offer.age, [0, 8]);
    assert.equal(offer.strength, 'must_offer');
    const order = told.requirements.find((r) => r.id.endsWith(':album'));
    assert.equal(order.from, Date.UTC(2026, 4, 4) / 1000);
  },
  'the digest is the file\'s own, with its place taken as zeros'() {
    const told = JSON.parse(copc(['info', bundle, '--json']).out).sha256;
    const at = bytes.indexOf(Buffer.from(told, 'hex'));
    assert.ok(at > 0 && at < 128);
    const zeroed = Buffer.from(bytes);
    zeroed.fill(0, at, at + 32);
    assert.equal(createHash('sha256').update(zeroed).digest('hex'), told);
  },
  'cut short anywhere'() {
    for (const n of [0, 1, 7, 8, 100, 128, 4096, bytes.length - 1]) refused(`cut-${n}.cop`, bytes.subarray(0, n));
  },
  'one bit altered anywhere'() {
    for (let i = 0; i < 24; i += 1) {
      const altered = Buffer.from(bytes);
      const at = Math.floor(((bytes.length - 1) * i) / 23);
      altered[at] ^= 1 << (i % 8);
      refused(`bit-${i}.cop`, altered);
    }
  },
  'more than the bundle'() {
    refused('more.cop', Buffer.concat([bytes, Buffer.alloc(64)]));
  },
  'what is no bundle at all'() {
    refused('text.cop', 'https://casino.example/\n'.repeat(1000));
    refused('zeros.cop', Buffer.alloc(65536));
  },
  'what cannot be opened'() {
    mkdirSync(join(folder, 'folder.cop'));
    for (const path of [join(folder, 'absent.cop'), join(folder, 'folder.cop')]) {
      const ran = copc(['info', path]);
      assert.equal(ran.code, 65);
      assert.ok(ran.err.includes(path));
    }
  },
});
