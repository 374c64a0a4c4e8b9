// The corpus of bad bundles: each is refused, with the sentence that says why.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { copc, scenario, source } from './lib/copc.mjs';

const corpus = join(source, 'tests/bad/bundles');
const expected = readFileSync(join(corpus, 'expected.txt'), 'utf8').trimEnd().split('\n')
  .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]);

await scenario({
  'every bundle has a sentence, and every sentence a bundle'() {
    assert.deepEqual(readdirSync(corpus).filter((name) => name.endsWith('.cop')).sort(), expected.map(([name]) => `${name}.cop`).sort());
    assert.ok(expected.length >= 39);
  },
  'each is refused, and why is said with what to do'() {
    for (const [name, sentence] of expected) {
      const path = join(corpus, `${name}.cop`);
      const ran = copc(['info', path]);
      assert.equal(ran.code, 65, name);
      assert.equal(ran.out, '');
      assert.ok(ran.err.startsWith(`${path}: error: ${sentence} [bundle]\n  to do: `), `${name}: ${ran.err}`);
    }
  },
});
