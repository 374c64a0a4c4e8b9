// The command line: help, versions and mistakes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, scenario, source } from './lib/copc.mjs';

const commands = ['build', 'check', 'info', 'dump', 'explain', 'decide', 'report', 'diff', 'simulate', 'export', 'schema'];

function fails(words, code, text) {
  const ran = copc(words);
  assert.equal(ran.code, code, `${words.join(' ')}: ${ran.err}`);
  assert.equal(ran.out, '');
  assert.match(ran.err, text);
}

await scenario({
  'help names every command'() {
    const ran = copc(['--help']);
    assert.equal(ran.code, 0);
    assert.equal(ran.err, '');
    for (const word of commands) assert.match(ran.out, new RegExp(`copc ${word}\\s`));
    assert.ok(ran.out.split('\n').every((line) => line.length <= 80));
  },
  'each command has help that fits the terminal'() {
    for (const word of commands) {
      const ran = copc([word, '--help']);
      assert.equal(ran.code, 0);
      assert.match(ran.out, new RegExp(`^usage: copc ${word}\\s`));
      for (const line of ran.out.split('\n')) assert.ok(line.length <= 80, line);
    }
  },
  'the manual has every option that help has'() {
    const manual = readFileSync(join(source, 'deploy/man/copc.1'), 'utf8').replaceAll('\\-', '-');
    for (const word of commands) {
      for (const [option] of copc([word, '--help']).out.matchAll(/--[a-z][a-z-]*/g)) {
        assert.ok(manual.includes(option), `${option} is not in copc.1`);
      }
    }
  },
  'the version is one line'() {
    assert.match(copc(['--version']).out, /^copc \d+\.\d+\.\d+\n$/);
  },
  'no command, or one that does not exist'() {
    fails([], 2, /usage/);
    fails(['compile'], 2, /no command compile/);
  },
  'options that do not exist, or exist elsewhere'() {
    fails(['build', 'x', '--outptu', 'y'], 2, /no option --outptu/);
    fails(['info', '-o', 'y', 'x'], 2, /no option -o/);
    fails(['decide', '--json', 'x'], 2, /no option --json/);
  },
  'values that are missing, double or not wanted'() {
    fails(['build', 'x', '-o'], 2, /--output needs a value/);
    fails(['build', 'x', '-o', 'a', '--output=b'], 2, /given twice/);
    fails(['check', '--json=yes', 'x'], 2, /takes no value/);
    fails(['build', 'x'], 2, /-o FILE/);
    fails(['build', '-o', 'x'], 2, /nothing to read/);
    fails(['check'], 2, /nothing to read/);
    fails(['info'], 2, /one bundle/);
    fails(['info', 'a', 'b'], 2, /one bundle/);
    fails(['explain', 'https://casino.example/'], 2, /name a bundle/);
    fails(['decide'], 2, /at least one bundle/);
  },
  'times and ages that are none'() {
    fails(['check', '--now', 'tomorrow', 'x'], 2, /is no time/);
    fails(['check', '--now', '2026-02-30', 'x'], 2, /is no time/);
    fails(['check', '--now', '2026-02-03T10:00', 'x'], 2, /is no time/);
  },
});
