// Chromium behind the gateway: pages, notices, and whether everyone can use
// them.
import assert from 'node:assert/strict';

import { accessibilityProblems, startBrowser } from './lib/browser.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

scenario('browser', async (place) => {
  const u = await usual(place, { names: ['refused.example'], gateway: { inspect: 'all' } });
  const browser = await startBrowser(place, { proxyPort: u.gateway.port, authorities: [u.ca.certificate] });

  const open = async (url, options = {}) => {
    const context = await browser.newContext({ locale: 'en-US', ...options });
    const page = await context.newPage();
    const response = await page.goto(url, { waitUntil: 'load' });
    return { context, page, response };
  };

  await place.step('an allowed HTTPS page is shown, its certificate accepted', async () => {
    const { context, page, response } = await open(u.https(names.allowed));
    assert.equal(response.status(), 200);
    assert.equal(await page.textContent('h1'), "The origin's page");
    const security = await response.securityDetails();
    assert.match(security.protocol, /TLS 1\.3/);
    assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol), 'h2');
    await context.close();
  });
  const looks = [
    ['in English', { locale: 'en-US' }, 'en', 'ltr'],
    ['in Arabic', { locale: 'ar-EG' }, 'ar', 'rtl'],
    ['in the dark', { locale: 'en-US', colorScheme: 'dark' }, 'en', 'ltr'],
    ['on a small screen', { locale: 'en-US', viewport: { width: 320, height: 480 } }, 'en', 'ltr'],
    ['in Arabic on a small screen', { locale: 'ar', viewport: { width: 320, height: 480 } }, 'ar', 'rtl'],
    ['without JavaScript', { locale: 'en-US', javaScriptEnabled: false }, 'en', 'ltr'],
  ];
  for (const [what, options, language, direction] of looks) {
    await place.step(`a blocked page is a notice ${what}`, async () => {
      const { context, page, response } = await open(u.https(names.blocked), options);
      assert.ok([403, 451].includes(response.status()));
      assert.equal(await page.getAttribute('html', 'lang'), language);
      assert.equal(await page.getAttribute('html', 'dir') ?? 'ltr', direction);
      assert.equal(await page.locator('h1').count(), 1);
      assert.equal(await page.locator('script').count(), 0);
      if (options.javaScriptEnabled !== false) {
        const { problems, passed } = await accessibilityProblems(page);
        assert.deepEqual(problems, []);
        assert.ok(passed > 10, `only ${passed} rules looked at`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(overflow <= 0, `${overflow} pixels wider than the screen`);
      }
      if (process.env.COP_SHOTS) await page.screenshot({ path: `${process.env.COP_SHOTS}/notice-${what.replaceAll(' ', '-')}.png`, fullPage: true });
      await context.close();
    });
  }
  await place.step('the page of a server that cannot be reached can be used by everyone too', async () => {
    const { context, page, response } = await open(u.https('refused.example').replace(/:\d+/, ':443'));
    assert.ok([502, 504].includes(response.status()));
    assert.deepEqual((await accessibilityProblems(page)).problems, []);
    if (process.env.COP_SHOTS) await page.screenshot({ path: `${process.env.COP_SHOTS}/error.png`, fullPage: true });
    await context.close();
  });
  await place.step('thirty images at once come over one connection, as HTTP/2', async () => {
    const { context, page } = await open(u.https(names.allowed));
    const told = await page.evaluate(async () => {
      await Promise.all(Array.from({ length: 30 }, (_, i) => fetch(`/big?${i}`).then((r) => r.arrayBuffer())));
      return performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/big')).map((entry) => `${entry.nextHopProtocol} ${entry.decodedBodySize}`);
    });
    assert.deepEqual([...new Set(told)], ['h2 1048576']);
    assert.equal(told.length, 30);
    await context.close();
  });
  await place.step('an image of a blocked site on an allowed page does no harm', async () => {
    const { context, page } = await open(u.https(names.allowed));
    const shown = await page.evaluate((url) => new Promise((done) => {
      const image = new Image();
      image.onload = () => done('loaded');
      image.onerror = () => done('failed');
      image.src = url;
    }), u.https(names.blocked, '/x.png'));
    assert.ok(['loaded', 'failed'].includes(shown));
    assert.equal(await page.textContent('h1'), "The origin's page");
    await context.close();
  });
});
