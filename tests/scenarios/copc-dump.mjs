// The readable form of a bundle.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, scenario, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const bytes = readFileSync(bundle);
const info = JSON.parse(copc(['info', bundle, '--json']).out);
const lines = copc(['dump', bundle, '--json']).out.trimEnd().split('\n').map((line) => JSON.parse(line));
const [head, ...records] = lines;

await scenario({
  'the first object is about the file'() {
    assert.equal(head.schema, 'copc/dump/v1');
    assert.equal(head.bundle.sha256, info.sha256);
    let end = 0;
    for (const section of head.sections) {
      assert.ok(section.offset >= end && section.offset % 64 === 0, section.name);
      assert.equal(section.bytes, section.count * section.record_bytes);
      end = section.offset + section.bytes;
    }
    assert.equal(end, bytes.length);
  },
  'every record of every section is there, in order'() {
    for (const section of head.sections) {
      const found = records.filter((record) => record.section === section.name);
      assert.equal(found.length, section.record_bytes === 1 ? 0 : section.count, section.name);
      found.forEach((record, i) => assert.equal(record.record, i));
    }
  },
  'records are in words'() {
    const of = (name) => records.filter((record) => record.section === name);
    assert.equal(of('manifest')[0].name, 'starter');
    const laws = of('requirements');
    assert.deepEqual(laws.map((law) => law.id), info.requirements.map((law) => law.id));
    const law = laws.find((found) => found.id.endsWith(':illegal-content'));
    assert.equal(law.categories, 'illegal.csam, illegal.csam_npi');
    assert.equal(law.strength, 'mandatory');
    assert.equal(law.lock, 'national');
    assert.equal(law.until_unix, null);
    const lists = new Set(of('lists').map((list) => list.name));
    for (const rule of of('rules')) assert.ok(lists.has(rule.list), rule.list);
    assert.ok(of('rules').some((rule) => rule.object === 'domain' && rule.line > 0));
    assert.match(of('host slots')[0].hash, /^[0-9a-f]{16}$/);
    for (const record of records) for (const value of Object.values(record)) assert.notEqual(value, 'unknown');
    assert.ok(records.every((record) => record.bytes === undefined), 'a section that dump.tbl does not know');
  },
  'one section alone'() {
    const ran = copc(['dump', bundle, '--section', 'templates', '--json']);
    assert.equal(ran.code, 0);
    assert.deepEqual(ran.out.trimEnd().split('\n').map((line) => JSON.parse(line)), records.filter((record) => record.section === 'templates'));
    const none = copc(['dump', bundle, '--section', 'castles']);
    assert.equal(none.code, 2);
    assert.match(none.err, /no such section/);
  },
  'for people'() {
    const ran = copc(['dump', bundle]);
    assert.equal(ran.code, 0);
    assert.equal(ran.err, '');
    assert.match(ran.out, /^ {2}section +rules: \d+ of 16 bytes, \d+ from \d+$/m);
    assert.match(ran.out, /^requirements\n0: id="cop:req:/m);
    assert.match(ran.out, /from_unix=2\d{3}-\d\d-\d\dT00:00:00Z until_unix=open/);
    assert.equal(ran.out.split('\n').filter((line) => /^\d+: /.test(line)).length, records.length);
  },
  'what a text holds cannot move the cursor'() {
    writeFileSync(join(folder, 'odd.yaml'), 'id: cop:bundle:odd\ntitle: "a\\u0007b\\tc\\"d"\nissuer: "x"\nlicence: "CC0-1.0"\nrevision: "1"\n');
    const built = copc(['build', join(folder, 'odd.yaml'), '-o', join(folder, 'odd.cop')]);
    if (built.code === 0) assert.match(copc(['dump', join(folder, 'odd.cop'), '--section', 'manifest']).out, /title="a\\x07b\\x09c\\"d"/);
    else assert.equal(built.code, 65);
  },
  'the domains of a large list are shown by what is kept of them'() {
    const names = Array.from({ length: 1500 }, (_, i) => `n${i}.example`);
    writeFileSync(join(folder, 'many.txt'), `${names.join('\n')}\n`);
    writeFileSync(join(folder, 'many.yaml'), 'id: cop:list:many\nformat: domains\nfile: many.txt\nobject: domain\ncategories: [gambling.real_money]\nlicence: "CC0-1.0"\n');
    writeFileSync(join(folder, 'many-bundle.yaml'), 'id: cop:bundle:many\ntitle: "many"\nissuer: "x"\nlicence: "CC0-1.0"\nrevision: "1"\n');
    const path = join(folder, 'many.cop');
    assert.equal(copc(['build', join(folder, 'many.yaml'), join(folder, 'many-bundle.yaml'), '-o', path]).code, 0);
    const ran = copc(['dump', path, '--section', 'dense lines', '--json']);
    const domains = ran.out.trimEnd().split('\n').map((line) => JSON.parse(line)).flatMap((line) => line.tag === null ? [] : line.tag.split(', '));
    assert.equal(domains.length, names.length);
    assert.ok(domains.every((domain) => /^[0-9a-f]{12} in set 0$/.test(domain)), domains[0]);
  },
  'a damaged bundle is refused'() {
    const path = join(folder, 'damaged.cop');
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    const ran = copc(['dump', path]);
    assert.equal(ran.code, 65);
    assert.equal(ran.out, '');
    assert.ok(ran.err.includes(path));
    assert.equal(copc(['dump']).code, 2);
    assert.equal(copc(['dump', bundle, bundle]).code, 2);
  },
});
