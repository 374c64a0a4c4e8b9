// Building: the same bytes everywhere, whole or not at all.
import assert from 'node:assert/strict';
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, packs, scenario, source } from './lib/copc.mjs';

function build(...words) {
  const ran = copc(['build', ...words]);
  assert.equal(ran.code, 0, ran.err);
  assert.equal(ran.out, '');
  return ran;
}

const first = join(folder, 'first.cop');

await scenario({
  'the shipped packs build without a word of complaint'() {
    const ran = build('--strict', packs, '-o', first);
    assert.match(ran.err, /^wrote .*first\.cop\n/);
    assert.doesNotMatch(ran.err, /warning|error/);
    assert.doesNotMatch(ran.err, /\x1b/);
  },
  'the same sources elsewhere, at another time, give the same bytes'() {
    const copy = join(folder, 'elsewhere/deep');
    cpSync(packs, copy, { recursive: true });
    build(copy, '-o', join(folder, 'second.cop'), '--now', '2030-01-01');
    assert.ok(readFileSync(first).equals(readFileSync(join(folder, 'second.cop'))));
  },
  'one changed byte gives other bytes'() {
    const copy = join(folder, 'changed');
    cpSync(packs, copy, { recursive: true });
    const list = join(copy, 'baseline/canaries/media-games.yaml');
    writeFileSync(list, `${readFileSync(list, 'utf8')}  - more-games.example\n`);
    build(copy, '-o', join(folder, 'changed.cop'));
    assert.ok(!readFileSync(first).equals(readFileSync(join(folder, 'changed.cop'))));
  },
  'the example nation builds without the other packs'() {
    build(join(packs, 'bundle.yaml'), join(packs, 'example-nation'), '-o', join(folder, 'nation.cop'));
  },
  'so does the baseline, and so do the templates'() {
    build(join(packs, 'bundle.yaml'), join(packs, 'baseline'), '-o', join(folder, 'baseline.cop'));
    build(join(packs, 'bundle.yaml'), join(packs, 'templates'), '-o', join(folder, 'templates.cop'));
  },
  'a failed build leaves the old bundle alone and nothing beside it'() {
    const place = join(folder, 'kept');
    mkdirSync(place);
    const kept = join(place, 'kept.cop');
    writeFileSync(kept, 'old');
    const ran = copc(['build', join(source, 'tests/bad/cli/unknown-key'), '-o', kept]);
    assert.equal(ran.code, 65);
    assert.match(ran.err, /no bundle was written/);
    assert.equal(readFileSync(kept, 'utf8'), 'old');
    assert.deepEqual(readdirSync(place), ['kept.cop']);
  },
  'a bundle is as readable as any new file and replaces the old one'() {
    const target = join(folder, 'kept/kept.cop');
    build(packs, '-o', target);
    assert.ok(readFileSync(target).equals(readFileSync(first)));
    assert.equal(statSync(target).mode & 0o777, 0o666 & ~process.umask());
  },
  'a link stays a link'() {
    const link = join(folder, 'link.cop');
    symlinkSync('linked.cop', link);
    writeFileSync(join(folder, 'linked.cop'), 'old');
    build(packs, '-o', link);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.ok(readFileSync(join(folder, 'linked.cop')).equals(readFileSync(first)));
  },
  'a device is written to, not replaced'() {
    build(packs, '-o', '/dev/null');
    assert.ok(statSync('/dev/null').isCharacterDevice());
  },
  'a folder that is not there'() {
    const ran = copc(['build', packs, '-o', join(folder, 'absent/x.cop')]);
    assert.equal(ran.code, 74);
    assert.match(ran.err, /absent\/x\.cop/);
    assert.ok(!existsSync(join(folder, 'absent')));
  },
  'sources that are not there'() {
    const ran = copc(['build', join(folder, 'absent'), '-o', join(folder, 'x.cop')]);
    assert.equal(ran.code, 65);
    assert.match(ran.err, /absent/);
    assert.ok(!existsSync(join(folder, 'x.cop')));
  },
  'JSON tells of the bundle, or of the findings'() {
    const good = copc(['build', '--json', packs, '-o', join(folder, 'json.cop')]);
    assert.equal(good.code, 0);
    assert.equal(good.err, '');
    const told = JSON.parse(good.out);
    assert.equal(told.schema, 'copc/findings/v1');
    assert.equal(told.ok, true);
    assert.equal(told.errors, 0);
    assert.equal(told.bundle.name, 'starter');
    assert.equal(told.bundle.bytes, statSync(join(folder, 'json.cop')).size);
    const bad = copc(['build', '--json', join(source, 'tests/bad/cli/unknown-key'), '-o', join(folder, 'no.cop')]);
    assert.equal(bad.code, 65);
    assert.equal(bad.err, '');
    const findings = JSON.parse(bad.out);
    assert.equal(findings.ok, false);
    assert.ok(findings.errors >= 1);
    assert.equal(findings.findings[0].severity, 'error');
    assert.ok(findings.findings[0].line > 0);
    assert.ok(!existsSync(join(folder, 'no.cop')));
  },
  'a moved bundle still opens'() {
    renameSync(join(folder, 'json.cop'), join(folder, 'moved.cop'));
    assert.equal(copc(['info', join(folder, 'moved.cop')]).code, 0);
  },
});
