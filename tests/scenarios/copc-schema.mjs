// The JSON Schema of the documents: made from the readers, and committed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copc, scenario, source } from './lib/copc.mjs';

const made = copc(['schema']);
const schema = JSON.parse(made.out);
const definitions = schema.$defs;

// Every schema within a schema, with the path that leads to it.
function* parts(node, path = '') {
  if (node === null || typeof node !== 'object') return;
  yield [path, node];
  for (const [key, value] of Object.entries(node)) yield* parts(value, `${path}/${key}`);
}

await scenario({
  'the committed schema is what the readers say today'() {
    assert.equal(made.code, 0);
    assert.equal(made.err, '');
    const committed = readFileSync(join(source, 'docs/schema/requirement.schema.json'), 'utf8');
    assert.ok(committed === made.out, 'run: copc schema >docs/schema/requirement.schema.json');
  },
  'every kind of document is in it, chosen by its id'() {
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
    assert.deepEqual(Object.keys(definitions), ['bundle', 'taxonomy', 'list', 'req', 'template', 'appeal', 'policy']);
    const chosen = schema.allOf.map((choice) => [choice.if.properties?.id.pattern ?? choice.if.required[0], choice.then.$ref]);
    assert.deepEqual(chosen.find(([what]) => what === '^cop:req:'), ['^cop:req:', '#/$defs/req']);
    assert.deepEqual(chosen.at(-1), ['policy', '#/$defs/policy']);
    assert.equal(chosen.length, 7);
  },
  'objects are closed but for the author\'s own keys'() {
    let objects = 0;
    for (const [path, part] of parts(definitions)) {
      if (part.type !== 'object' || part.properties === undefined) continue;
      objects += 1;
      assert.equal(part.additionalProperties, false, path);
      const [own] = Object.keys(part.patternProperties).map((pattern) => new RegExp(pattern, 'u'));
      assert.ok(own.test('x-mine') && !own.test('x-crit-mine') && !own.test('id'), path);
      for (const key of part.required) assert.ok(key in part.properties, `${path}: ${key}`);
    }
    assert.ok(objects > 20);
  },
  'patterns are valid, choices differ'() {
    for (const [path, part] of parts(definitions)) {
      if (typeof part.pattern === 'string') assert.ok(new RegExp(part.pattern, 'u'), path);
      if (Array.isArray(part.anyOf)) assert.equal(new Set(part.anyOf.map((choice) => JSON.stringify(choice))).size, part.anyOf.length, path);
      if (Array.isArray(part.enum)) assert.ok(part.enum.length > 1 && new Set(part.enum).size === part.enum.length, path);
    }
  },
  'what a requirement wants'() {
    const { properties: p, required } = definitions.req;
    assert.deepEqual(required, ['id', 'version', 'status', 'kind', 'title', 'legal']);
    assert.deepEqual(p.status.enum, ['draft', 'consultation', 'in_force', 'suspended', 'repealed', 'advisory']);
    assert.equal(p.version.minimum, 1);
    assert.equal(p.legal.properties.instrument.required.join(), 'name,type');
    assert.ok(p.target.properties.category.items.enum.includes('gambling.real_money'));
    assert.equal(p.title.type, 'object');
    assert.ok(p.scope.properties.subscriber.anyOf.some((choice) => choice.items?.enum.includes('school_pupil')));
    assert.ok(p.strength_by_class.additionalProperties.enum.includes('must_offer'));
    assert.match('2026-11-24', new RegExp(p.time.properties.effective_from.pattern));
    assert.equal(definitions.policy.properties.profiles.items.properties.age.maximum, 120);
  },
  'bad input'() {
    const ran = copc(['schema', 'rules']);
    assert.equal(ran.code, 2);
    assert.match(ran.err, /no operands/);
  },
});
