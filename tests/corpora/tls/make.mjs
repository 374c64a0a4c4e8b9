// Writes hellos.txt: ClientHellos composed from parts, right and wrong.
//   node tests/corpora/tls/make.mjs > tests/corpora/tls/hellos.txt
const number = (value, size) => {
  const out = Buffer.alloc(size);
  out.writeUIntBE(value, 0, size);
  return out;
};
const bytes = (text) => (Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'));
const vector = (size, ...parts) => {
  const body = Buffer.concat(parts.map(bytes));
  return Buffer.concat([number(body.length, size), body]);
};
const extension = (kind, ...parts) => Buffer.concat([number(kind, 2), vector(2, ...parts)]);
const entry = (name, kind = 0) => Buffer.concat([number(kind, 1), vector(2, name)]);
const sni = (name) => extension(0, vector(2, entry(name)));
const alpn = (...names) => extension(16, vector(2, ...names.map((n) => vector(1, n))));
const versions = (...list) => extension(43, vector(1, ...list.map((v) => number(v, 2))));
const tls13 = versions(0x0304, 0x0303);
const zeros = (n) => Buffer.alloc(n);

function message(extensions, { type = 1, version = 0x0303, session = '', suites = '\x13\x01', methods = '\0', tail = '' } = {}) {
  const list = extensions === null ? [] : [vector(2, ...extensions)];
  return Buffer.concat([number(type, 1), vector(3, number(version, 2), zeros(32), vector(1, session), vector(2, suites), vector(1, methods), ...list, tail)]);
}

const record = (part, { type = 22, version = 0x0301 } = {}) => Buffer.concat([number(type, 1), number(version, 2), vector(2, part)]);
// A message in records that end at these places, or every `step` bytes.
function records(whole, ends) {
  const places = typeof ends === 'number' ? Array.from({ length: Math.ceil(whole.length / ends) }, (_, i) => (i + 1) * ends) : [...ends, whole.length];
  let at = 0;
  return Buffer.concat(places.map((end) => {
    const part = record(whole.subarray(at, end));
    at = end;
    return part;
  }));
}

const name = 'casino.example';
const plain = message([tls13, sni(name)]);
const at = plain.indexOf(name);
const changed = (place, value) => {
  const copy = Buffer.from(plain);
  copy[place] = value;
  return record(copy);
};
const browser = message([extension(0x2a2a), sni(name), extension(0x17), alpn('h2', 'http/1.1'), versions(0x3a3a, 0x0304, 0x0303), extension(0x33, zeros(1258)), extension(0xfe0d, zeros(250)), extension(0x15, zeros(200))]);

const cases = [];
const add = (title, outcome, value) => cases.push([title, outcome, value]);

// 27: cut over records; segments are the runner's.
add('in one record', name, record(plain));
add('as large as a browser\'s', name, record(browser));
for (const step of [1, 2, 3, 5, 16, 100]) add(`in records of ${step}`, name, records(plain, step));
for (const step of [7, 500, 1000]) add(`as large as a browser's, in records of ${step}`, name, records(browser, step));
add('a record ends before the name', name, records(plain, [at]));
add('a record ends in the name', name, records(plain, [at + 3]));
add('a record ends in its length', name, records(plain, [at - 1]));
add('a record ends behind the name', name, records(plain, [at + name.length]));
add('a record ends in the message\'s header', name, records(plain, [2]));
add('records of other versions', name, Buffer.concat([record(plain.subarray(0, 9), { version: 0x0303 }), record(plain.subarray(9), { version: 0x0302 })]));
add('a version of the record that nobody has', name, record(plain, { version: 0x03ff }));
add('bytes behind it', name, Buffer.concat([record(plain), record('x', { type: 23, version: 0x0303 })]));
add('half of it', 'partial', record(plain).subarray(0, 40));
add('its first record of two', 'partial', record(plain.subarray(0, 30)));
add('five bytes of it', 'partial', record(plain).subarray(0, 5));
add('one byte of it', 'partial', record(plain).subarray(0, 1));
add('an empty record first', 'malformed', Buffer.concat([record(''), record(plain)]));
add('an empty record in it', 'malformed', Buffer.concat([record(plain.subarray(0, 20)), record(''), record(plain.subarray(20))]));
add('an alert in it', 'malformed', Buffer.concat([record(plain.subarray(0, 20)), record('\x01\0', { type: 21 }), record(plain.subarray(20))]));
add('application data in it', 'malformed', Buffer.concat([record(plain.subarray(0, 20)), record('x', { type: 23 }), record(plain.subarray(20))]));
add('a change of cipher before it', 'malformed', Buffer.concat([record('\x01', { type: 20 }), record(plain)]));
add('a record of 16,385 bytes', 'malformed', record(zeros(16385)).subarray(0, 40));
add('a record that is longer than the message', 'malformed', record(Buffer.concat([plain, zeros(4)])));
add('two of them in one record', 'malformed', record(Buffer.concat([plain, plain])));
add('a message of 16 MiB announced', 'large', record(Buffer.concat([Buffer.from([1, 255, 255, 255]), zeros(60)])));
add('a message of 128 KiB announced', 'large', record(Buffer.concat([Buffer.from([1, 2, 0, 0]), zeros(60)])));

// 28: names.
const names = (title, outcome, ...list) => list.forEach((n) => add(`${title}: ${JSON.stringify(n)}`, outcome, record(message([tls13, sni(n)]))));
names('a name in any case', name, 'CASINO.EXAMPLE', 'Casino.Example');
add('an A-label', 'xn--bcher-kva.example', record(message([sni('xn--bcher-kva.example')])));
add('an underscore', 'a_b.example', record(message([sni('a_b.example')])));
names('what is no name', 'malformed', '', '.', `${name}.`, `${name}..`, `.${name}`, 'casino..example', `${name}\0`, `\0${name}`, `casino\0.example`, `${name}\0.library.example`, `${name}\r\n`, `${name}\n`, `${name} `, ` ${name}`, 'casino example', `${name}\t`, `${name}/`, `${name}/a`, `${name}:443`, `a@${name}`, `http://${name}`, '*.example', 'casino%2eexample', '%63asino.example', 'casin\xc3\xb2.example', 'casino\xe3\x80\x82example', `${name},library.example`, `${name};`, 'xn--a', 'xn--.example', `${'a'.repeat(64)}.example`, 'abc.'.repeat(70) + 'example', '127.0.0.1', '2130706433', '0x7f.1', '127.1', '[::1]', '::1', '::ffff:127.0.0.1', 'a.09', '\\\\casino');
add('two names in one list', 'malformed', record(message([extension(0, vector(2, entry('library.example'), entry(name)))])));
add('the same name twice in one list', 'malformed', record(message([extension(0, vector(2, entry(name), entry(name)))])));
add('two lists of names', 'malformed', record(message([sni('library.example'), sni(name)])));
add('a name of another kind', 'malformed', record(message([extension(0, vector(2, entry(name, 1)))])));
add('a name of another kind before a host\'s', 'malformed', record(message([extension(0, vector(2, entry('x', 7), entry(name)))])));
add('an empty list of names', 'malformed', record(message([extension(0, vector(2))])));
add('an empty extension for the name', 'malformed', record(message([extension(0)])));
add('bytes behind the list of names', 'malformed', record(message([extension(0, vector(2, entry(name)), 'x')])));
add('a name that is longer than its list', 'malformed', record(message([extension(0, vector(2, Buffer.from([0, 0, 200]), name))])));
add('a list that is longer than its extension', 'malformed', record(message([extension(0, number(200, 2), entry(name))])));

// 24, 29 to 31: without a name, with ECH, with what is new.
add('no name', 'unnamed', record(message([tls13])));
add('no extensions', 'unnamed', record(message([])));
add('no list of extensions', 'unnamed', record(message(null)));
add('the encrypted kind, outer', name, record(message([tls13, sni(name), extension(0xfe0d, '\0', zeros(100))])));
add('the encrypted kind, inner', name, record(message([tls13, sni(name), extension(0xfe0d, '\x01')])));
add('the encrypted kind alone', 'unnamed', record(message([tls13, extension(0xfe0d, zeros(100))])));
add('early data', name, record(message([tls13, sni(name), extension(42)])));
add('a ticket last', name, record(message([tls13, sni(name), extension(41, zeros(50))])));
add('a ticket not last', 'malformed', record(message([tls13, extension(41, zeros(50)), sni(name)])));
add('an extension twice', 'malformed', record(message([sni(name), extension(0x17), extension(0x17)])));
add('an extension that nobody knows', name, record(message([extension(0xfafa, zeros(9)), sni(name)])));
add('an extension beyond the end', 'malformed', record(message([sni(name), Buffer.from([0, 0x17, 0, 9])])));
add('half an extension', 'malformed', record(message([sni(name), '\0'])));
add('bytes behind the extensions', 'malformed', record(message([sni(name)], { tail: 'x' })));
add('no protocols', 'malformed', record(message([sni(name), alpn()])));
add('an empty protocol', 'malformed', record(message([sni(name), alpn('h2', '')])));
add('no versions', 'malformed', record(message([sni(name), versions()])));
add('half a version', 'malformed', record(message([sni(name), extension(43, vector(1, '\x03'))])));

// The message itself.
add('a session of 32', name, record(message([sni(name)], { session: zeros(32) })));
add('a session of 33', 'malformed', record(message([sni(name)], { session: zeros(33) })));
add('no suites', 'malformed', record(message([sni(name)], { suites: '' })));
add('an odd number of bytes of suites', 'malformed', record(message([sni(name)], { suites: '\x13\x01\x13' })));
add('no compression methods', 'malformed', record(message([sni(name)], { methods: '' })));
add('only compression', 'malformed', record(message([sni(name)], { methods: '\x01' })));
add('version 2.0', 'malformed', record(message([sni(name)], { version: 0x0200 })));
add('version 4.0', 'malformed', record(message([sni(name)], { version: 0x0400 })));
add('another message', 'malformed', record(message([sni(name)], { type: 2 })));
add('a length that is too short', 'malformed', changed(3, plain[3] - 1));
add('a length that is too long', 'partial', changed(3, plain[3] + 1));
add('a hello of SSL 2', 'malformed', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10');

// 33: what is not TLS.
const others = {
  'HTTP': 'GET / HTTP/1.1\r\nHost: casino.example\r\n\r\n', 'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'SSH': 'SSH-2.0-x\r\n', 'SOCKS 4': '\x04\x01\x01\xbb\x7f\0\0\x01\0', 'SOCKS 5': '\x05\x01\0', 'BitTorrent': '\x13BitTorrent protocol', 'OpenVPN': '\0\x0e\x38zzzzzzzzzzzzzz', 'SMTP': 'EHLO a.example\r\n', 'IRC': 'NICK a\r\n', 'RDP': '\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\0\0\0\0', 'STUN': '\0\x01\0\0\x21\x12\xa4\x42', 'MQTT': '\x10\x10\0\x04MQTT', 'PostgreSQL': '\0\0\0\x08\x04\xd2\x16\x2f', 'SMB': '\0\0\0\x55\xffSMB', 'VNC': 'RFB 003.008\n', 'zeros': '\0\0\0\0\0\0\0\0', 'a line end': '\r\n', 'DNS over TCP': '\0\x1d\0\0\x01\0\0\x01', 'a record of version 2': '\x16\x02\0\0\x05',
};
for (const [what, value] of Object.entries(others)) add(what, 'not-tls', value);

const first = (title) => cases.findIndex((c) => c[0] === title);
const groups = [[first('a name in any case: "CASINO.EXAMPLE"'), 27], [first('no name'), 28], [first('a session of 32'), 30], [first('HTTP'), 27], [cases.length, 33]];
console.log('# ClientHellos; written by make.mjs. ../README.md tells the form.');
cases.forEach(([title, outcome, value], i) => {
  const group = groups.find(([end]) => i < end)[1];
  const hex = [...bytes(value)].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('').replace(/(?:\\x00){9,}/g, (run) => `{${run.length / 4}*\\x00}`);
  console.log(`\n${group} ${title}\n${outcome}\n${hex.replace(/(.{80,}?)(?=\\x|\{)/g, '$1\n')}`);
});
