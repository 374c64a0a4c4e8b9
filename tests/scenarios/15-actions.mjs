// What requirements order beside allowing and blocking: warnings that one can
// go on from, redirections, changed requests, alerts and marks.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { accessibilityProblems, startBrowser } from './lib/browser.mjs';
import { curl } from './lib/client.mjs';
import { makeBundle } from './lib/gateway.mjs';
import { ask, startOrigin2, startSession } from './lib/http2.mjs';
import { onHead, startOdd } from './lib/odd_origin.mjs';
import { scenario } from './lib/scenario.mjs';
import { names, usual } from './lib/usual.mjs';

const places = {
  warned: 'rumours.scenario.example', help: 'help.scenario.example', led: 'tobacco.scenario.example', circle: 'circle.scenario.example',
  searched: 'search.scenario.example', clips: 'clips.scenario.example', images: 'images.scenario.example', safe: 'safe.scenario.example',
  alerted: 'strangers.scenario.example', marked: 'marked.scenario.example', other: 'elsewhere.scenario.example',
};

const requirement = (name, rest) => `id: cop:req:XX:scenario:${name}
version: 1
status: in_force
kind: list
title: {en: "${name}"}
legal:
  jurisdiction: [XX]
  instrument: {name: "Scenario", type: statute, citation: "section 1"}
  authority: "Example Authority"
time: {effective_from: 2020-01-01}
strength: mandatory
appeal: {contact: {en: "https://authority.example/"}}
${rest}`;

const vector = (place, decision, more = '') => `verification:
  vectors:
    - {id: v, when: {url: "https://${place}/"}, then: {decision: ${decision}${more}}}
`;

const sources = (place) => [
  place.file('actions/bundle.yaml', 'id: cop:bundle:actions\ntitle: "Actions"\nissuer: "Scenario"\nlicence: Apache-2.0\nrevision: "1"\n'),
  place.file('actions/warn.yaml', requirement('warn', `action: warn
target: {list: [{entries: [${places.warned}]}]}
notice: {stop_page: {text: {en: "Often not true.", ar: "غالبا غير صحيح."}}}
${vector(places.warned, 'warn')}`)),
  place.file('actions/redirect.yaml', requirement('redirect', `action: redirect
target: {list: [{entries: [${places.led}]}]}
notice: {stop_page: {text: {en: "Help."}, redirect_url: "https://${places.help}/stop"}}
${vector(places.led, 'redirect')}`)),
  place.file('actions/circle.yaml', requirement('circle', `action: redirect
target: {list: [{entries: [${places.circle}]}]}
notice: {stop_page: {text: {en: "Round."}, redirect_url: "https://${places.circle}/again"}}
${vector(places.circle, 'redirect')}`)),
  place.file('actions/modify.yaml', requirement('modify', `action: modify
target:
  list:
    - {entries: [${places.searched}], object: host, change: [{query: safe, value: active}]}
    - {entries: [${places.clips}], object: host, change: [{header: X-Clips-Restrict, value: Strict}]}
    - {entries: [${places.images}], object: host, verified_on: 2026-11-01, change: [{address: ${places.safe}}]}
${vector(places.searched, 'allow', ', also: ["cop:req:XX:scenario:modify"]')}`)),
  place.file('actions/alert.yaml', requirement('alert', `action: alert
target: {list: [{entries: [${places.alerted}]}]}
logging: {duty: required, identity: device, purpose: safeguarding, retain_max: P30D}
${vector(places.alerted, 'allow', ', also: ["cop:req:XX:scenario:alert"]')}`)),
  place.file('actions/mark.yaml', requirement('mark', `action: log_only
target: {list: [{entries: [${places.marked}]}]}
logging: {duty: aggregate, identity: none}
${vector(places.marked, 'allow', ', also: ["cop:req:XX:scenario:mark"]')}`)),
];

// Everything a request says, as plain text.
const echo = (heads) => (socket) => onHead(socket, (head) => {
  heads.push(head);
  socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${Buffer.byteLength(page)}\r\nConnection: close\r\n\r\n${page}`);
});
const page = '<!doctype html><html lang="en"><title>echo</title><h1>Went on</h1></html>';
const formOf = (body) => /action="([^"]+)"/.exec(body)?.[1].replaceAll('&amp;', '&');

scenario('actions', async (place) => {
  const bundles = [await makeBundle(place), await makeBundle(place, 'actions', sources(place))];
  const all = Object.values(places);
  const u = await usual(place, { names: all, gateway: { inspect: 'needed', workers: 2 } });
  const heads = [];
  const odd = await startOdd(place, echo(heads), u.certificate);
  const plain = await startOdd(place, echo(heads));
  const origin2 = await startOrigin2(place, u.certificate);
  const elsewhere = [];
  const safe = await startOdd(place, echo(elsewhere), u.certificate, { host: '127.0.0.2', port: odd.port });
  await u.gateway.reload({
    bundles, tlsPort: `${u.origin.tlsPort}, ${odd.port}, ${origin2.port}`, httpPort: `${u.origin.httpPort}, ${plain.port}`,
    hosts: { ...u.hosts, [places.safe]: '127.0.0.2' },
  });
  const trusting = { proxy: u.gateway.proxy, cacert: u.ca.certificate };
  const both = { proxy: u.gateway.proxy, cacert: u.trustBoth };
  const url = (name, path = '/') => `https://${name}:${odd.port}${path}`;
  const clear = (name, path = '/') => `http://${name}:${plain.port}${path}`;
  const asPage = (...more) => ({ ...trusting, args: ['-H', 'Accept: text/html', ...more] });
  const post = (...more) => asPage('-X', 'POST', '-H', 'Content-Length: 0', ...more);

  for (const [what, make, secure] of [['over HTTPS', url, true], ['in clear', clear, false]]) {
    await place.step(`a warning says why and lets one go on, ${what}`, async () => {
      const before = heads.length;
      const got = await curl(make(places.warned, '/a/b?c=1&d=%2F'), asPage());
      assert.equal(got.status, 403, got.err);
      assert.match(got.body, /Often not true\./);
      assert.match(got.body, /<button type="submit">/);
      assert.match(got.headers['content-security-policy'], /form-action 'self'/);
      assert.equal(got.headers['cache-control'], 'no-store');
      assert.equal(heads.length, before, 'the server was not asked');
      const form = formOf(got.body);
      assert.match(form, /^\/\.well-known\/copgate\/continue\?/);
      const gone = await curl(make(places.warned, form), post());
      assert.equal(gone.status, 303);
      assert.equal(gone.headers.location, make(places.warned, '/a/b?c=1&d=%2F'));
      const cookie = gone.headers['set-cookie'];
      assert.match(cookie, secure ? /HttpOnly; SameSite=Lax; Secure$/ : /HttpOnly; SameSite=Lax$/);
      assert.equal(heads.length, before, 'the form was not forwarded');
      const pass = cookie.split(';')[0];
      const open = await curl(make(places.warned, '/a'), asPage('-H', `Cookie: a=1; ${pass}; b=2`));
      assert.equal(open.status, 200);
      assert.match(open.body, /Went on/);
      assert.match(heads.at(-1), /\r\ncookie: a=1; b=2\r\n/i);
      assert.doesNotMatch(heads.at(-1), /copgate-continue/);
      await u.gateway.line('who went on', (l) => l.action === 'warn' && l.continued === true && l.path === '/a');
      assert.equal((await curl(make(places.warned, '/a'), asPage())).status, 403, 'without the pass it warns again');
    });
  }
  await place.step('nobody goes on by another\'s doing', async () => {
    const got = await curl(url(places.warned, '/x'), asPage());
    const form = formOf(got.body);
    const bad = async (path, options, why) => {
      const answer = await curl(url(places.warned, path), options);
      assert.equal(answer.status, 403, why);
      assert.equal(answer.headers['set-cookie'], undefined, why);
    };
    await bad(form, asPage(), 'a GET, as of an image or a link');
    await bad(form, post('-H', 'Sec-Fetch-Site: cross-site'), 'from another site');
    await bad(form, post('-H', 'Sec-Fetch-Site: same-site'), 'from a sibling');
    await bad(form, post('-H', 'Origin: https://elsewhere.example'), 'from another origin');
    await bad(form, post('-H', 'Origin: null'), 'from an origin that hides');
    await bad(form.replace('to=%2Fx', 'to=%2Fy'), post(), 'to another path');
    await bad(form.replace(/ticket=(.)/, (m, c) => `ticket=${c === '0' ? '1' : '0'}`), post(), 'another time');
    await bad(form.replace(/ticket=[0-9a-f]+/, 'ticket='), post(), 'no ticket');
    const gone = await curl(url(places.warned, form), post('-H', 'Sec-Fetch-Site: same-origin'));
    const pass = gone.headers['set-cookie'].split(';')[0];
    await bad('/', asPage('-H', `Cookie: ${form.match(/ticket=[0-9a-f]+/)[0].replace('ticket', 'copgate-continue')}`), 'a ticket is no pass');
    await bad(form.replace(/ticket=[0-9a-f]+/, pass.replace('copgate-continue', 'ticket')), post(), 'a pass is no ticket');
    await bad('/', { ...asPage('-H', `Cookie: ${pass}`, '--interface', '127.0.0.7') }, 'another client with the same pass');
  });
  await place.step('a form leads to no other site', async () => {
    const got = await curl(url(places.warned, '//elsewhere.example/'), { ...asPage('--path-as-is') });
    const gone = await curl(url(places.warned, formOf(got.body)), post());
    assert.ok(gone.headers.location.startsWith(`https://${places.warned}:${odd.port}/`), gone.headers.location);
    const open = await curl(url(places.other, '/.well-known/copgate/continue?to=%2Fx&ticket=0'), post());
    assert.equal(open.status, 303);
    assert.equal(open.headers.location, url(places.other, '/x'));
    assert.equal(open.headers['set-cookie'], undefined);
  });
  await place.step('programs get a small answer without a way on', async () => {
    const json = await curl(url(places.warned), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: empty'] });
    assert.equal(JSON.parse(json.body).type, 'cop:problem:warned');
    assert.doesNotMatch(json.body, /well-known/);
    const image = await curl(url(places.warned), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: image'] });
    assert.match(image.headers['content-type'], /^image\//);
  });
  await place.step('a redirection leads people to the named place, and nowhere else', async () => {
    const got = await curl(url(places.led, '/shop'), asPage());
    assert.equal(got.status, 302);
    assert.equal(got.headers.location, `https://${places.help}/stop`);
    assert.equal(got.headers['cache-control'], 'no-store');
    assert.equal((await curl(url(places.led, '/shop'), post())).status, 303);
    const image = await curl(url(places.led), { ...trusting, args: ['-H', 'Sec-Fetch-Dest: image'] });
    assert.equal(image.status, 451);
    assert.equal((await curl(url(places.circle), asPage())).status, 451, 'no circle');
    await u.gateway.line('the redirection', (l) => l.stage === 'request' && l.action === 'redirect' && l.requirement === 'cop:req:XX:scenario:redirect');
  });
  await place.step('a parameter is set, however the client wrote it', async () => {
    for (const [asked, sent] of [
      ['/find?q=horses', '/find?q=horses&safe=active'],
      ['/find', '/find?safe=active'],
      ['/find?safe=off&q=a&SAFE=off&s%61fe=off&q=b', '/find?q=a&q=b&safe=active'],
      ['/find?a=1;safe=off&q=b', '/find?q=b&safe=active'],
      ['/find?safer=off&unsafe=1', '/find?safer=off&unsafe=1&safe=active'],
    ]) {
      assert.equal((await curl(url(places.searched, asked), trusting)).status, 200);
      assert.ok(heads.at(-1).startsWith(`GET ${sent} HTTP/1.1\r\n`), `${asked}: ${heads.at(-1).split('\r\n')[0]}`);
      assert.equal((await curl(clear(places.searched, asked), trusting)).status, 200);
      assert.ok(heads.at(-1).startsWith(`GET ${sent} HTTP/1.1\r\n`), `${asked} in clear`);
    }
    await u.gateway.line('the change', (l) => l.stage === 'request' && l.action === 'allow' && l.modified?.[0] === 'cop:req:XX:scenario:modify');
  });
  await place.step('a field is set, and the client\'s own goes', async () => {
    assert.equal((await curl(url(places.clips), { ...trusting, args: ['-H', 'x-clips-restrict: Off', '-H', 'X-Clips-Restrict: None'] })).status, 200);
    assert.deepEqual(heads.at(-1).match(/x-clips-restrict:[^\r]*/gi), ['X-Clips-Restrict: Strict']);
  });
  await place.step('over HTTP/2 the same is set, and passes stay with us', async () => {
    const ca = readFileSync(u.ca.certificate);
    const session = await startSession(place, u.gateway.port, places.searched, origin2.port, ca);
    assert.equal((await ask(session, { ':path': '/find?safe=off&q=a', cookie: 'a=1; copgate-continue=00; b=2' })).status, 200);
    assert.equal(origin2.seen.at(-1).version, '2.0');
    assert.equal(origin2.seen.at(-1).path, '/find?q=a&safe=active');
    assert.equal(origin2.seen.at(-1).headers.cookie, 'a=1; b=2');
    const before = origin2.seen.length;
    const form = await ask(session, { ':method': 'POST', ':path': '/.well-known/copgate/continue?to=%2Fx&ticket=0', 'content-length': '0' }, '');
    assert.equal(form.status, 303);
    assert.equal(form.headers.location, `https://${places.searched}:${origin2.port}/x`);
    assert.equal(origin2.seen.length, before, 'the form was not forwarded');
    const clips = await startSession(place, u.gateway.port, places.clips, origin2.port, ca);
    assert.equal((await ask(clips, { 'x-clips-restrict': 'Off' })).status, 200);
    assert.equal(origin2.seen.at(-1).headers['x-clips-restrict'], 'Strict');
  });
  await place.step('behind a warning one goes on to a server of HTTP/2', async () => {
    const to = (path) => `https://${places.warned}:${origin2.port}${path}`;
    const got = await curl(to('/two'), asPage());
    assert.equal(got.status, 403, got.err);
    const gone = await curl(to(formOf(got.body)), post());
    assert.equal(gone.status, 303);
    const open = await curl(to('/two'), asPage('-H', `Cookie: ${gone.headers['set-cookie'].split(';')[0]}`));
    assert.equal(open.status, 200);
    assert.equal(origin2.seen.at(-1).version, '2.0');
    assert.equal(origin2.seen.at(-1).headers.cookie, undefined);
  });
  await place.step('another name\'s address is dialled, under the name that was asked for', async () => {
    const before = heads.length;
    assert.equal((await curl(url(places.images, '/i'), both)).status, 200);
    assert.equal(heads.length, before);
    assert.match(elsewhere.at(-1), new RegExp(`^GET /i [\\s\\S]*host: ${places.images}`, 'i'));
    await u.gateway.line('the change', (l) => l.stage === 'connect' && l.modified);
    assert.equal((await curl(url(places.other), both)).status, 200);
    assert.equal(heads.length, before + 1, 'other names are not led astray');
  });
  await place.step('alerts and marks pass, and are written down as their requirement says', async () => {
    assert.equal((await curl(clear(places.alerted, '/talk?secret=1'), trusting)).status, 200);
    const alert = await u.gateway.line('the alert', (l) => l.alert);
    assert.deepEqual(alert.alert, ['cop:req:XX:scenario:alert']);
    assert.equal(alert.action, 'allow');
    assert.equal(alert.client, '127.0.0.1');
    assert.equal(alert.path, '/talk');
    assert.equal(alert.requirement, undefined);
    assert.equal((await curl(clear(places.marked), trusting)).status, 200);
    const mark = await u.gateway.line('the mark', (l) => l.marked);
    assert.equal(mark.host, undefined, 'counts alone');
    assert.equal(mark.client, undefined);
  });
  await place.step('where nothing is looked into, a warning is a block, and addresses are still changed', async () => {
    const hosts = { ...u.hosts, [places.safe]: '127.0.0.2' };
    const settings = { bundles, tlsPort: `${u.origin.tlsPort}, ${odd.port}`, httpPort: `${u.origin.httpPort}, ${plain.port}`, hosts };
    await u.gateway.reload({ ...settings, inspect: 'none' });
    const before = heads.length;
    assert.equal((await curl(url(places.images, '/unread'), { ...trusting, cacert: u.authority.certificate })).status, 200);
    assert.equal(heads.length, before);
    assert.match(elsewhere.at(-1), /^GET \/unread /);
    await u.gateway.line('it was passed through unread', (l) => l.stage === 'connect' && l.mode === 'splice' && l.modified);
    assert.equal((await curl(url(places.searched), { ...trusting, cacert: u.authority.certificate })).status, 200);
    await u.gateway.line('what could not be changed', (l) => l.stage === 'connect' && l.unmodified && !l.modified);
    const got = await curl(url(places.warned), asPage());
    assert.equal(got.code, 56);
    await u.gateway.line('the refusal', (l) => l.stage === 'connect' && l.action === 'warn' && l.mode === 'refuse');
    await u.gateway.reload(settings);
  });

  const browser = await startBrowser(place, { proxyPort: u.gateway.port, authorities: [u.ca.certificate, u.authority.certificate] });
  for (const [what, options, language] of [
    ['in English', { locale: 'en-US' }, 'en'],
    ['in Arabic on a small screen', { locale: 'ar', viewport: { width: 320, height: 480 } }, 'ar'],
    ['in the dark', { locale: 'fr-FR', colorScheme: 'dark' }, 'fr'],
  ]) {
    await place.step(`everyone can use the warning, ${what}`, async () => {
      const context = await browser.newContext(options);
      const tab = await context.newPage();
      const response = await tab.goto(url(places.warned, '/read?me=1'), { waitUntil: 'load' });
      assert.equal(response.status(), 403);
      assert.equal(await tab.getAttribute('html', 'lang'), language);
      const { problems, passed } = await accessibilityProblems(tab);
      assert.deepEqual(problems, []);
      assert.ok(passed > 10, `only ${passed} rules looked at`);
      const size = await tab.locator('button').boundingBox();
      assert.ok(size.height >= 44, `the button is ${size.height} high`);
      assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth));
      if (process.env.COP_SHOTS) await tab.screenshot({ path: `${process.env.COP_SHOTS}/warning-${what.replaceAll(' ', '-')}.png`, fullPage: true });
      await context.close();
    });
  }
  await place.step('with the keyboard alone and without JavaScript one goes on, and is not asked again', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const tab = await context.newPage();
    await tab.goto(url(places.warned, '/read?me=1'), { waitUntil: 'load' });
    for (let i = 0; i < 12 && await tab.locator('button:focus').count() === 0; i += 1) await tab.keyboard.press('Tab');
    await Promise.all([tab.waitForURL(url(places.warned, '/read?me=1')), tab.waitForResponse((r) => r.status() === 200), tab.keyboard.press('Enter')]);
    assert.equal(await tab.textContent('h1'), 'Went on');
    assert.doesNotMatch(heads.at(-1), /copgate-continue/);
    const again = await tab.goto(url(places.warned, '/more'), { waitUntil: 'load' });
    assert.equal(again.status(), 200);
    await context.close();
  });
  await place.step('an image on another site does not go on', async () => {
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(u.https(names.allowed), { waitUntil: 'load' });
    await tab.evaluate((to) => new Promise((done) => {
      const image = new Image();
      image.onload = done;
      image.onerror = done;
      image.src = to;
    }), url(places.warned, '/.well-known/copgate/continue?to=%2F&ticket=0'));
    const response = await tab.goto(url(places.warned), { waitUntil: 'load' });
    assert.equal(response.status(), 403);
    await context.close();
  });
});
