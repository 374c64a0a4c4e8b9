// Many URLs on standard input.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copc, program, scenario, starterBundle } from './lib/copc.mjs';

const bundle = starterBundle();
const at = ['--at', '2026-11-24T10:00:00Z'];

function decide(input, ...words) {
  const ran = copc(['decide', bundle, ...at, ...words], { input });
  return { ...ran, rows: ran.out.split('\n').slice(0, -1).map((line) => line.split('\t')) };
}

await scenario({
  'four fields a line'() {
    const ran = decide('https://over-18.examplia.test/x\nhttps://library.example/\nhelpline.example\n', '--age', '12');
    assert.equal(ran.code, 0);
    assert.equal(ran.err, '');
    assert.deepEqual(ran.rows, [
      ['block', 'sexual.pornography', 'cop:req:XX:youth-media-regulation:adult-content', 'domain:over-18.examplia.test'],
      ['allow', '-', '-', '-'],
      ['allow', 'safety.helpline', '-', 'domain:helpline.example'],
    ]);
  },
  'a pattern and a URL prefix as rules'() {
    const ran = decide('http://mirror-7.examplia.test/\nhttps://www.shared-host.example/share?id=2026-118&x\n');
    assert.equal(ran.rows[0][3], 'pattern:^https?://mirror-[0-9]{1,4}\\.examplia\\.test/');
    assert.equal(ran.rows[1][3], 'url:www.shared-host.example/share?id=2026-118');
  },
  'a line that is no URL is answered too, and the end tells'() {
    const ran = decide('casino.example\n\nftp://x.example/\nhttp://a b/\nsocial.example\n');
    assert.equal(ran.code, 65);
    assert.deepEqual(ran.rows.map((row) => row[0]), ['allow', 'error', 'error', 'error', 'allow']);
    assert.ok(ran.rows.every((row) => row.length === 4));
    assert.match(ran.err, /3 lines are no URL/);
  },
  'no input, no output'() {
    const ran = decide('');
    assert.equal(ran.code, 0);
    assert.equal(ran.out, '');
  },
  'a last line without its end, and ends as Windows writes them'() {
    const ran = decide('casino.example\r\nsocial.example');
    assert.equal(ran.code, 0);
    assert.deepEqual(ran.rows.map((row) => row[1]), ['gambling.real_money', 'comm.social']);
  },
  'lines longer than any URL'() {
    const ran = decide(`https://casino.example/${'a'.repeat(3 << 20)}\ncasino.example\n${'b'.repeat(2 << 20)}`);
    assert.equal(ran.code, 65);
    assert.deepEqual(ran.rows.map((row) => row[0]), ['error', 'allow', 'error']);
  },
  'bytes that are no text'() {
    const ran = copc(['decide', bundle, ...at], { input: Buffer.from([0, 10, 0xff, 0xfe, 10, 0x68, 0, 0x68, 10]) });
    assert.equal(ran.code, 65);
    assert.equal(ran.out, 'error\t-\t-\t-\n'.repeat(3));
  },
  'many lines: the cache answers what was asked before'() {
    const urls = Array.from({ length: 20000 }, (_, i) => `https://${i % 100}.casino.example/${i % 7}\n`);
    const ran = decide(urls.join(''), '--age', '9', '--template', 'household-child', '--stats');
    assert.equal(ran.code, 0);
    assert.equal(ran.rows.length, 20000);
    assert.ok(ran.rows.every((row) => row[0] === 'block' && row[3] === 'domain:casino.example'));
    const [, hits, misses] = /cache: (\d+) hits, (\d+) misses/.exec(ran.err);
    assert.equal(Number(hits) + Number(misses), 20000);
    assert.ok(Number(misses) >= 700 && Number(misses) < 2000, misses);
  },
  'each line is answered before the next is asked'() {
    return new Promise((resolve, reject) => {
      const child = spawn(program, ['decide', bundle, ...at]);
      const questions = ['casino.example\n', 'social.example\n', 'games.example\n'];
      const answers = [];
      child.stdout.on('data', (data) => {
        answers.push(data.toString().split('\t')[1]);
        if (questions.length > 0) child.stdin.write(questions.shift());
        else child.stdin.end();
      });
      child.on('error', reject);
      child.on('close', () => {
        try {
          assert.deepEqual(answers, ['gambling.real_money', 'comm.social', 'media.games']);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
      child.stdin.write(questions.shift());
    });
  },
  'decide and explain agree'() {
    const urls = ['casino.example', 'social.example', 'https://mirror-1.examplia.test/', 'clinic.example', 'meet.examplia.test', 'library.example', 'http://192.0.2.1/', 'encyclopedia.example'];
    const who = ['--age', '13', '--subscriber', 'school_pupil', '--template', 'school-secondary'];
    const ran = decide(urls.join('\n'), ...who);
    urls.forEach((url, i) => {
      const told = JSON.parse(copc(['explain', bundle, ...at, ...who, '--json', url]).out);
      assert.deepEqual(ran.rows[i], [
        told.action,
        told.categories.join(',') || '-',
        told.requirement?.id ?? '-',
        told.rule === null ? '-' : `${told.rule.kind}:${told.rule.text}`,
      ]);
    });
  },
  'bundles side by side'() {
    const ran = copc(['decide', bundle, bundle], { input: 'casino.example\n' });
    assert.equal(ran.code, 65);
    assert.match(ran.err, /twice|cop:req:/);
  },
});
