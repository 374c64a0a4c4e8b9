// The first command a newcomer types.
import assert from 'node:assert/strict';
import { join } from 'node:path';

import { run } from './lib/process.mjs';
import { scenario, source } from './lib/scenario.mjs';

scenario('quickstart', async (place) => {
  await place.step('deploy/quickstart --check builds, starts, proves itself and stops', async () => {
    const said = await run(join(source, 'deploy/quickstart'), ['--check'], { timeoutMs: 165_000, env: { COPGATE_PORT: '3190' } });
    assert.equal(said.code, 0, `${said.out.slice(-3000)}\n${said.err.slice(-3000)}`);
    assert.match(said.out, /The proof held/);
    assert.match(said.out, /BLOCK/i);
  });
  await place.step('it says how it is used, and refuses what it does not know', async () => {
    assert.match((await run(join(source, 'deploy/quickstart'), ['--help'])).out, /--check/);
    assert.equal((await run(join(source, 'deploy/quickstart'), ['--no-such'])).code, 2);
  });
});
