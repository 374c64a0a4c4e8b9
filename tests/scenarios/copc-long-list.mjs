// Long lists go to another index than short ones; nobody may notice but the file.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, folder, scenario } from './lib/copc.mjs';

const law = (name, rest) => `id: cop:req:XX:act:${name}
version: 1
status: in_force
title: {en: "${name}"}
legal:
  jurisdiction: [XX]
  instrument: {name: Act, type: statute, citation: "1"}
  authority: Office
time: {effective_from: 2026-01-01}
strength: mandatory
appeal: {contact: {en: "https://office.example/"}}
notice: {stop_page: {text: {en: "Closed."}}}
verification: {vectors: [{id: v, when: {url: "https://casino.example/"}, then: {decision: block}}]}
${rest}`;

// A category list with a name, what is below it, and as many others.
function bundleOf(others) {
  const sources = join(folder, `list-${others}`);
  const bundle = join(folder, `list-${others}.cop`);
  const names = ['casino.example', 'help.casino.example', 'more.casino.example'];

  for (let i = 0; i < others; i++) names.push(`other-${i}.example`);
  mkdirSync(sources);
  writeFileSync(join(sources, 'names.domains'), names.join('\n'));
  writeFileSync(join(sources, 'bundle.yaml'), 'id: cop:bundle:x\ntitle: X\nissuer: me\nlicence: CC0-1.0\nrevision: "1"\n');
  writeFileSync(join(sources, 'list.yaml'), 'id: cop:list:x\nformat: domains\ncategories: [gambling.real_money]\nlicence: CC0-1.0\nfile: names.domains\n');
  writeFileSync(join(sources, 'block.yaml'), law('block', `kind: category
action: block
target:
  category: [gambling.real_money]
  list: [{entries: [more.casino.example], format: domains, object: host, semantics: allow}]
`));
  writeFileSync(join(sources, 'open.yaml'), law('open', 'kind: list\naction: allow\ntarget: {list: [{entries: [help.casino.example], format: domains}]}\n'));
  const ran = copc(['build', sources, '-o', bundle]);
  assert.equal(ran.code, 0, ran.err);
  return bundle;
}

const asked = ['casino.example', 'a.casino.example', 'help.casino.example', 'a.help.casino.example', 'more.casino.example', 'a.more.casino.example', 'example', 'other.example'];
const answers = (bundle) => copc(['decide', bundle], { input: asked.join('\n') }).out;
const short = bundleOf(10);
const long = bundleOf(3000);

await scenario({
  'an answer does not depend on how long the list is'() {
    assert.equal(answers(long), answers(short));
  },
  'a name below another is as precise as it is written'() {
    // Equally precise: to block goes before to allow.
    assert.match(answers(long).split('\n')[2], /^block\t.*domain:help\.casino\.example$/);
    assert.match(answers(long).split('\n')[4], /^allow\t/);
    assert.match(answers(long).split('\n')[5], /^block\t/);
  },
  'a line that is not kept is not made up'() {
    const { out } = copc(['explain', long, 'https://casino.example/']);
    assert.match(out, /written in +names\.domains\n/);
    assert.match(copc(['explain', short, 'https://casino.example/']).out, /written in +names\.domains:1\n/);
  },
});
