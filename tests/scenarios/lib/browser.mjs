// Chromium as a pupil has it: the gateway's CA in its certificate store, the
// gateway as its proxy, its background networking switched off.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './process.mjs';
import { source } from './scenario.mjs';

const require = createRequire(join(source, 'tests/package.json'));

export async function startBrowser(place, { proxyPort, authorities, languages = 'en-US', executablePath = '/usr/bin/chromium', args = [] }) {
  const { chromium } = require('playwright-core');
  const home = place.path(`home-${languages}`);
  const store = join(home, '.pki/nssdb');
  mkdirSync(store, { recursive: true });
  const certutil = async (...args) => {
    const result = await run('certutil', ['-d', `sql:${store}`, ...args]);
    if (result.code !== 0) throw new Error(`certutil: ${result.err}`);
  };
  await certutil('-N', '--empty-password');
  let n = 0;
  for (const authority of authorities) {
    n += 1;
    await certutil('-A', '-t', 'C,,', '-n', `authority ${n}`, '-i', authority);
  }
  const browser = await chromium.launch({
    executablePath,
    headless: true,
    ...(proxyPort ? { proxy: { server: `http://127.0.0.1:${proxyPort}` } } : {}),
    env: { ...process.env, HOME: home },
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-domain-reliability',
      '--disable-features=OptimizationHints,MediaRouter,Translate', '--dns-prefetch-disable', ...args],
  });
  place.atEnd(() => browser.close());
  return browser;
}

// Problems that axe-core sees on a page, by the rules of WCAG 2.2 AA.
export async function accessibilityProblems(page) {
  const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  // The page's policy forbids scripts; the driver's own world is not bound by it.
  await page.evaluate(axe);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  }));
  return { problems: result.violations.map((v) => `${v.id}: ${v.nodes.map((x) => x.html).join(' | ')}`), passed: result.passes.length };
}
