// A strict reader of HTTP/1.1 that shares nothing with the gateway: what it
// finds wrong in bytes that reached a server is the gateway's fault.
const token = /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/;

function readHead(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const head = { first, fields: [], wrong: [], next: end + 4 };
  if (!/^[A-Z-]+ (\/[!-"$-[\]-~]*|\*) HTTP\/1\.1$/.test(first)) head.wrong.push(`first line: ${first}`);
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(text.slice(0, end).replaceAll('\r\n', ''))) head.wrong.push('control bytes');
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon < 1 || !token.test(name)) head.wrong.push(`field: ${line}`);
    head.fields.push({ name: name.toLowerCase(), value: line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '') });
  }
  return head;
}

const values = (head, name) => head.fields.filter((f) => f.name === name).map((f) => f.value);

function checkFields(head) {
  const hosts = values(head, 'host');
  const lengths = values(head, 'content-length');
  const codings = values(head, 'transfer-encoding');
  if (hosts.length !== 1 || !/^[a-z0-9._-]+(:\d{1,5})?$/.test(hosts[0])) head.wrong.push(`Host: ${hosts}`);
  if (lengths.length + codings.length > 1) head.wrong.push('framed twice');
  if (lengths.some((l) => !/^(0|[1-9]\d*)$/.test(l))) head.wrong.push(`length: ${lengths}`);
  if (codings.some((c) => c !== 'chunked')) head.wrong.push(`coding: ${codings}`);
  for (const name of ['proxy-connection', 'proxy-authorization', 'keep-alive', 'http2-settings', 'transfer_encoding:']) {
    if (values(head, name).length > 0) head.wrong.push(`a field of the connection: ${name}`);
  }
  if (values(head, 'connection').some((v) => !/^(close|keep-alive|upgrade|te)(, (close|keep-alive|upgrade|te))*$/i.test(v))) head.wrong.push('Connection');
  if (values(head, 'upgrade').some((v) => v.toLowerCase() !== 'websocket')) head.wrong.push('Upgrade');
}

// The length of a chunked body with its trailers: -1 not whole, NaN malformed.
function chunked(text, trailers) {
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]{1,16})\r\n/.exec(text.slice(at, at + 20));
    if (line === null) return text.length - at < 20 && /^[0-9a-f]{0,16}\r?$/.test(text.slice(at)) ? -1 : NaN;
    const size = parseInt(line[1], 16);
    at += line[0].length;
    if (size === 0) break;
    if (text.length < at + size + 2) return -1;
    if (text.slice(at + size, at + size + 2) !== '\r\n') return NaN;
    at += size + 2;
  }
  for (;;) {
    const end = text.indexOf('\r\n', at);
    if (end < 0) return -1;
    const line = text.slice(at, end);
    at = end + 2;
    if (line === '') return at;
    if (!token.test(line.split(':')[0])) return NaN;
    trailers.push(line.split(':')[0].toLowerCase());
  }
}

// All requests in the bytes of a connection: {requests, rest, wrong}.
export function judge(bytes) {
  const found = { requests: [], rest: bytes, wrong: [] };
  for (;;) {
    const head = readHead(found.rest);
    if (head === null) {
      if (/^[^A-Z]/.test(found.rest)) found.wrong.push(`between requests: ${found.rest.slice(0, 40)}`);
      return found;
    }
    checkFields(head);
    found.wrong.push(...head.wrong);
    const body = found.rest.slice(head.next);
    const trailers = [];
    const n = values(head, 'transfer-encoding').length > 0 ? chunked(body, trailers) : Number(values(head, 'content-length')[0] ?? 0);
    if (Number.isNaN(n)) found.wrong.push(`body: ${body.slice(0, 60)}`);
    if (found.wrong.length > 0 || n < 0 || body.length < n) return found;
    found.requests.push({ first: head.first, names: [...head.fields.map((f) => f.name), ...trailers], body: body.slice(0, n) });
    found.rest = body.slice(n);
  }
}
