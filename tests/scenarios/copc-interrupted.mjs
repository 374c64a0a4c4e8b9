// Writing that fails or is ended at any moment: the old file or the new one, never half of one.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { build, copc, folder, packs, program, scenario, starterBundle } from './lib/copc.mjs';

const endAt = join(build, 'tests/end-at');
const left = /^\.copc-new-[0-9a-f]{16}$/;

// Sources whose bundle is written in several steps.
const sources = join(folder, 'sources');
mkdirSync(sources);
writeFileSync(join(sources, 'bundle.yaml'), 'id: cop:bundle:x\ntitle: X\nissuer: me\nlicence: CC0-1.0\nrevision: "1"\n');
writeFileSync(join(sources, 'list.yaml'), 'id: cop:list:x\nformat: urls\ncategories: [gambling.real_money]\nlicence: CC0-1.0\nfile: names.txt\n');
writeFileSync(join(sources, 'names.txt'), Array.from({ length: 12000 }, (_, i) => `casino.example/${'a'.repeat(100)}/${i}\n`).join(''));

const place = join(folder, 'place');
mkdirSync(place);
const target = join(place, 'x.cop');
copcDone(['build', sources, '-o', target]);
const made = readFileSync(target);
const old = Buffer.from('the old bundle');
assert.ok(made.length > 1 << 20);

function copcDone(words) {
  const ran = copc(words);
  assert.equal(ran.code, 0, ran.err);
}

// A build that is sent a signal as it enters the Nth of its calls that concern files.
function ended(n, signal) {
  rmSync(place, { recursive: true });
  mkdirSync(place);
  writeFileSync(target, old);
  const ran = spawnSync(endAt, [`${n}`, `${constants.signals[signal]}`, program, 'build', sources, '-o', target], {
    encoding: 'utf8', env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' },
  });
  if (ran.status === 77) return null;
  assert.equal(ran.status, 0, ran.stderr);
  const [at, calls] = ran.stdout.trim().split(' ');
  const now = readFileSync(target);
  const isNew = now.equals(made);
  assert.ok(isNew || now.equals(old), `${signal} at call ${n}, ${at}: neither the old bundle nor the new one`);
  return { at, calls: Number(calls), isNew, left: readdirSync(place).filter((name) => name !== 'x.cop') };
}

// A shell in a mount namespace of its own, if this machine has those for us.
const alone = process.getuid() === 0 ? ['-m'] : ['-rm'];
const hasMounts = spawnSync('unshare', [...alone, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
function onDisk(options, before) {
  const disk = join(folder, 'disk');
  mkdirSync(disk, { recursive: true });
  const script = `mount -t tmpfs -o ${options} none "$1" && printf old >"$1/x.cop" && ${before}
    "$2" build "$3" -o "$1/x.cop"; echo "$? $(cat "$1/x.cop") $(ls -A "$1")"`;
  const ran = spawnSync('unshare', [...alone, 'sh', '-c', script, 'sh', disk, program, sources], { encoding: 'utf8' });
  return { out: ran.stdout.trim(), err: ran.stderr };
}

await scenario({
  'killed at any moment'() {
    const whole = ended(0, 'SIGKILL');
    if (whole === null) return console.log('     (this machine lets no program trace another)');
    const seen = new Set();
    for (let n = 1; n <= whole.calls; n += 1) {
      const told = ended(n, 'SIGKILL');
      for (const name of told.left) assert.match(name, left);
      assert.ok(told.left.length <= 1);
      seen.add(`${told.at} ${told.isNew} ${told.left.length}`);
    }
    for (const state of ['write false 1', 'fsync false 1', 'rename false 1', 'fsync true 0']) assert.ok(seen.has(state), [...seen].join(', '));
    writeFileSync(join(place, '.copc-new-00000000deadbeef'), 'half');
    copcDone(['build', sources, '-o', target]);
    assert.deepEqual(readdirSync(place), ['x.cop']);
  },
  'asked to end at any moment, nothing is left'() {
    const whole = ended(0, 'SIGTERM');
    if (whole === null) return;
    const seen = new Set();
    for (let n = 1; n <= whole.calls; n += 1) {
      const told = ended(n, n % 3 === 0 ? 'SIGTERM' : n % 3 === 1 ? 'SIGINT' : 'SIGHUP');
      assert.deepEqual(told.left, []);
      seen.add(`${told.at} ${told.isNew}`);
    }
    for (const state of ['write false', 'rename true']) assert.ok(seen.has(state), [...seen].join(', '));
  },
  'what somebody is still writing is not taken for left over'() {
    const others = join(place, '.copc-new-0123456789abcdef');
    writeFileSync(others, 'half');
    for (const name of ['.copc-new-0123456789abcde', '.copc-new-0123456789abcdeg', 'copc-new-0123456789abcdef']) writeFileSync(join(place, name), 'mine');
    const ran = spawnSync('flock', [others, program, 'build', packs, '-o', target], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(readdirSync(place).length, 5);
    copcDone(['build', packs, '-o', target]);
    assert.deepEqual(readdirSync(place).sort(), ['.copc-new-0123456789abcde', '.copc-new-0123456789abcdeg', 'copc-new-0123456789abcdef', 'x.cop']);
  },
  async 'several at once'() {
    const many = join(folder, 'many');
    mkdirSync(many);
    const codes = await Promise.all(Array.from({ length: 4 }, () => new Promise((done) => {
      spawn(program, ['build', packs, '-o', join(many, 'x.cop')], { stdio: 'ignore' }).on('exit', done);
    })));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    assert.deepEqual(readdirSync(many), ['x.cop']);
    assert.ok(readFileSync(join(many, 'x.cop')).equals(readFileSync(starterBundle())));
  },
  'a file that may not grow so far'() {
    writeFileSync(target, old);
    const ran = spawnSync('prlimit', ['--fsize=500000', program, 'build', sources, '-o', target], { encoding: 'utf8' });
    assert.equal(ran.status, 74);
    assert.match(ran.stderr, /x\.cop: error: cannot be written: File too large; what was there before is unchanged \[output\]\n {2}to do: .*ulimit/);
    assert.match(ran.stderr, /no bundle was written/);
    assert.ok(readFileSync(target).equals(old));
    assert.ok(readdirSync(place).every((name) => !left.test(name)));
    const report = spawnSync('prlimit', ['--fsize=4096', program, 'report', starterBundle(), '--html', '-o', target], { encoding: 'utf8' });
    assert.equal(report.status, 74, report.stderr);
    assert.match(report.stderr, /File too large/);
    assert.ok(readFileSync(target).equals(old));
  },
  'a full disk'() {
    const ran = copc(['build', packs, '-o', '/dev/full']);
    assert.equal(ran.code, 74);
    assert.match(ran.err, /\/dev\/full: error: cannot be written: No space left on device \[output\]\n {2}to do: make room/);
    if (!hasMounts) return console.log('     (this machine lets us mount nothing)');
    const told = onDisk('size=512k', '');
    assert.equal(told.out, '74 old x.cop', told.err);
    assert.match(told.err, /No space left on device; what was there before is unchanged/);
  },
  'a read-only disk, and a folder that may not be written to'() {
    if (hasMounts) {
      const told = onDisk('size=8m', 'mount -o remount,ro none "$1" &&');
      assert.equal(told.out, '74 old x.cop', told.err);
      assert.match(told.err, /Read-only file system.*\n {2}to do: this disk is read-only/);
    }
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    writeFileSync(join(closed, 'x.cop'), old);
    chmodSync(closed, 0o555);
    const weak = process.getuid() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : ['env'];
    const ran = spawnSync(weak[0], [...weak.slice(1), program, 'build', packs, '-o', join(closed, 'x.cop')], { encoding: 'utf8' });
    assert.equal(ran.status, 74, ran.stderr);
    assert.match(ran.stderr, /Permission denied.*\n {2}to do: let this user write/);
    assert.deepEqual(readdirSync(closed), ['x.cop']);
    chmodSync(closed, 0o755);
  },
  'names that cannot be'() {
    const cases = [[place, /Is a directory/], [`${join(folder, 'absent')}/`, /Is a directory/], [join(target, 'x'), /Not a directory/], [join(folder, 'n'.repeat(300)), /too long/], ['', /No such file/]];
    for (const [path, words] of cases) {
      const ran = copc(['build', packs, '-o', path]);
      assert.equal(ran.code, 74, ran.err);
      assert.match(ran.err, words);
      assert.match(ran.err, /to do: /);
    }
    copcDone(['build', packs, '-o', join(folder, 'm'.repeat(255))]);
  },
  'for programs, the failure is a finding'() {
    const ran = copc(['build', '--json', packs, '-o', join(folder, 'absent/x.cop')]);
    assert.equal(ran.code, 74);
    const told = JSON.parse(ran.out);
    assert.deepEqual([told.ok, told.errors, told.findings[0].code], [false, 1, 'output']);
    assert.match(told.findings[0].file, /absent\/x\.cop/);
  },
  async 'a bundle that is cut off while it is used'() {
    const bundle = join(folder, 'cut.cop');
    writeFileSync(bundle, readFileSync(starterBundle()));
    assert.ok(statSync(bundle).size > 8192);
    const asking = spawn(program, ['decide', bundle], { stdio: ['pipe', 'pipe', 'inherit'] });
    let answers = '';
    asking.stdout.setEncoding('utf8').on('data', (text) => { answers += text; });
    asking.stdin.write('https://library.example/\n');
    while (!answers.includes('\n')) await new Promise((done) => setTimeout(done, 10));
    truncateSync(bundle, 0);
    asking.stdin.end('https://casino.example/\nhttps://canary-csam.examplia.test/\nhttps://library.example/\n');
    const [code, signal] = await new Promise((done) => asking.on('exit', (...how) => done(how)));
    assert.deepEqual([code, signal], [0, null]);
    assert.equal(answers.trim().split('\n').length, 4);
    assert.match(answers, /\nblock\t.*illegal-content/);
    const after = copc(['info', bundle]);
    assert.equal(after.code, 65);
    assert.match(after.err, /the bundle is empty/);
  },
});
