// A server that records what arrives and answers whole requests only, and what
// a case of http1/requests.txt must leave there.
import assert from 'node:assert/strict';

import { judge } from './judge.mjs';
import { startOdd } from './odd_origin.mjs';

// certificate: TLS with it; else plain.
export async function startRecorder(place, certificate = null) {
  const connections = []; // what arrived, a text each
  const server = await startOdd(place, (socket) => {
    const i = connections.push('') - 1;
    let answered = 0;
    socket.on('data', (data) => {
      connections[i] += data.toString('latin1');
      for (const { length } = judge(connections[i]).requests; answered < length; answered += 1) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nrecorded');
      }
    });
  }, certificate);
  return {
    port: server.port,
    wrong: () => connections.flatMap((c) => judge(c).wrong),
    requests: () => connections.flatMap((c) => judge(c).requests),
    mark: () => connections.map((c) => c.length),
    // What arrived since a mark.
    since: (mark) => {
      const fresh = connections.map((c, i) => c.slice(mark[i] ?? 0));
      const parts = fresh.map(judge);
      return { requests: parts.flatMap((p) => p.requests), wrong: parts.flatMap((p) => p.wrong), bytes: fresh.join('').length };
    },
  };
}

// An outcome's fields: those that must be there ("+"), those that must not.
export const wanted = (words, sign) => words.filter((w) => w[0] === sign).map((w) => w.slice(1));

// How many requests a server must get: with casino.example among them, one is
// answered by the gateway.
const countOf = (bytes) => (bytes.match(/HTTP\/1\.[01]\r\nHost: library|HTTP\/1\.0\r\n\r\n/g) ?? []).length;

function checkForwarded(sample, seen, got) {
  const n = countOf(sample.bytes);
  assert.equal(seen.requests.length, n, `requests at the server; to the client: ${got.text.slice(0, 200)}`);
  for (const name of wanted(sample.words, '+')) assert.ok(seen.requests.every((r) => r.names.includes(name)), `without ${name}`);
  for (const name of wanted(sample.words, '-')) assert.ok(seen.requests.every((r) => !r.names.includes(name)), `with ${name}`);
}

// send(bytes, {quietMs, pauseMs, enough}): as raw() of client.mjs.
export async function checkSample(recorder, sample, send) {
  const mark = recorder.mark();
  const [outcome, status] = sample.words;
  const enough = {
    forwarded: (text) => text.split('recorded').length > countOf(sample.bytes),
    answered: (text) => text.includes('\r\n\r\n'),
  }[outcome];
  const got = await send(sample.bytes, { quietMs: 4000, pauseMs: 0, enough });
  const seen = recorder.since(mark);
  assert.deepEqual(seen.wrong, [], 'not clean at the server');
  if (outcome === 'forwarded') {
    checkForwarded(sample, seen, got);
    return;
  }
  assert.equal(seen.requests.length, 0, 'a whole request at the server');
  if (outcome === 'answered') {
    assert.ok(got.text.startsWith(`HTTP/1.1 ${status}`), got.text.slice(0, 100));
  } else {
    assert.match(got.how, /^(closed|ECONNRESET|EPIPE)$/);
    assert.doesNotMatch(got.text, /recorded/);
  }
  if (outcome !== 'cut') {
    assert.equal(seen.bytes, 0, 'bytes at the server');
    if (got.how === 'closed') assert.match(got.text, /^HTTP\/1\.1 [2-5]\d\d/);
  }
}

// The cases of a group that came out otherwise, with why.
export async function wrongOf(group, check) {
  const wrong = [];
  for (const sample of group) {
    try {
      await check(sample);
    } catch (error) {
      wrong.push(`${sample.title}: not ${sample.outcome}: ${error.message.slice(0, 300)}`);
    }
  }
  return wrong;
}
