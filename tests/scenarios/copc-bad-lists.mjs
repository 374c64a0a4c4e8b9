// Lists with a million lines of garbage: counted, shown in part, in little memory.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, scenario } from './lib/copc.mjs';

const LINES = 1000000;
const MIB_MAX = 45; // the sanitizer takes some 20; with the garbage in memory it were 50
const env = { ASAN_OPTIONS: `hard_rss_limit_mb=${MIB_MAX}:quarantine_size_mb=1:${process.env.ASAN_OPTIONS ?? ''}` };

// The same bytes each time; every value but LF.
function garbage() {
  const bytes = Buffer.alloc(LINES * 31);
  let dice = 20261125;
  for (let i = 0; i < bytes.length; i++) {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    bytes[i] = i % 31 === 0 ? 0x80 : i % 31 === 30 ? 10 : (dice >>> 24) === 10 ? 11 : dice >>> 24;
  }
  return bytes;
}

function sources(name, format, rest = '') {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'bundle.yaml'), 'id: cop:bundle:x\ntitle: X\nissuer: me\nlicence: CC0-1.0\nrevision: "1"\n');
  writeFileSync(join(path, 'list.yaml'), `id: cop:list:x\nformat: ${format}\nfile: ../garbage\ncategories: [media.games]\nlicence: CC0-1.0\n${rest}`);
  return path;
}
const right = format => (format === 'adblock' ? '||right.example^\n' : 'right.example\n');
const write = (format) => writeFileSync(join(folder, 'garbage'), Buffer.concat([Buffer.from(right(format)), garbage()]));

await scenario({
  'not allowed: counted, twenty are shown, and the bundle that is there stays'() {
    const bundle = join(folder, 'x.cop');
    write('domains');
    const path = sources('refused', 'domains');
    writeFileSync(bundle, 'what was there');
    const { code, err } = copc(['build', path, '-o', bundle], { env });
    assert.equal(code, 65);
    assert.match(err, /1000000 lines of 1000001 are wrong; the first 20 are told above/);
    assert.ok(err.length < 20000);
    assert.equal(readFileSync(bundle, 'utf8'), 'what was there');
    assert.equal(existsSync(`${bundle}.tmp`), false);
  },
  'allowed: all are counted, twenty are shown, and what is right is there'() {
    const bundle = join(folder, 'allowed.cop');
    const { code, err } = copc(['build', sources('allowed', 'domains', `bad_lines: ${LINES}\n`), '-o', bundle], { env });
    assert.equal(code, 0, err);
    assert.match(err, /1000000 lines of this list are wrong and were passed over/);
    assert.equal(err.match(/passed over \[list\]/g).length, 21);
    assert.match(copc(['decide', bundle], { input: 'https://right.example/\n' }).out, /media\.games/);
  },
  'in Adblock syntax: one note with the count and the first'() {
    write('adblock');
    const { code, err } = copc(['check', sources('adblock', 'adblock')], { env });
    assert.equal(code, 0, err);
    assert.match(err, /garbage:2: note: 1000000 rules are left out because they are no rules/);
    assert.ok(err.length < 2000);
  },
});
