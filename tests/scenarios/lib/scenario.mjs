// A scenario: real programs started, talked to, and stopped again. It fails if
// a step fails, if no step ran, or if a program we built ended badly.
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

export const source = process.env.COP_SOURCE ?? join(here, '../../..');
export const build = process.env.COP_BUILD ?? join(source, 'build/sanitize');

export class Place {
  constructor(name) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), `copgate-${name}-`));
    this.cleanups = [];
    this.steps = 0;
    this.failures = [];
  }

  // Write a file below the scenario's folder and return its path.
  file(name, content = '') {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  path(name) {
    return join(this.folder, name);
  }

  // What to do at the end, last first; a cleanup that throws fails the scenario.
  atEnd(cleanup) {
    this.cleanups.push(cleanup);
  }

  async step(title, work) {
    this.steps += 1;
    const began = Date.now();
    try {
      await work();
      console.log(`  ok    ${title} (${Date.now() - began} ms)`);
    } catch (error) {
      this.failures.push(title);
      console.log(`  WRONG ${title}`);
      console.log(String(error?.stack ?? error).replace(/^/gm, '        '));
    }
  }

  async end() {
    for (const cleanup of this.cleanups.reverse()) {
      try {
        await cleanup();
      } catch (error) {
        this.failures.push('cleaning up');
        console.log(`  WRONG at the end: ${error?.stack ?? error}`);
      }
    }
    if (process.env.COP_KEEP === undefined) rmSync(this.folder, { recursive: true, force: true });
    else console.log(`  kept: ${this.folder}`);
  }
}

export async function scenario(name, play) {
  const place = new Place(name);
  const patience = setTimeout(() => {
    console.log(`  WRONG ${name}: not done after 170 s`);
    process.exit(1);
  }, 170_000);
  try {
    await play(place);
  } catch (error) {
    place.failures.push('setting up');
    console.log(`  WRONG setting up: ${error?.stack ?? error}`);
  }
  await place.end();
  clearTimeout(patience);
  console.log(`${name}: ${place.steps} steps, ${place.failures.length} wrong`);
  process.exit(place.failures.length === 0 && place.steps > 0 ? 0 : 1);
}

// What this machine cannot do is not tested, and said so: ctest's "skipped".
export function skip(name, why) {
  console.log(`${name}: skipped, ${why}`);
  process.exit(77);
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Wait until `probe` returns something true; returns it.
export async function until(what, probe, patienceMs = 20_000) {
  const end = Date.now() + patienceMs;
  for (;;) {
    const result = await probe();
    if (result) return result;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}
