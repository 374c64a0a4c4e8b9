// A writer of small databases in MaxMind's format, from its public description
// (maxmind.github.io/MaxMind-DB, version 2.0), and of damaged ones, one flaw
// each. `node tests/support/mmdb.mjs` writes those that are committed anew.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// ---- values ----

const types = { pointer: 1, string: 2, uint16: 5, uint32: 6, map: 7, uint64: 9, array: 11 };

// The control byte, the type's own byte where it is above 7, and the size.
function control(type, size) {
  const bytes = [];
  const [low, more] = size < 29 ? [size, []]
    : size < 285 ? [29, [size - 29]]
      : size < 65821 ? [30, [(size - 285) >> 8, (size - 285) & 255]]
        : [31, [(size - 65821) >> 16 & 255, (size - 65821) >> 8 & 255, (size - 65821) & 255]];
  bytes.push(type > 7 ? low : type << 5 | low);
  if (type > 7) bytes.push(type - 7);
  return Buffer.from([...bytes, ...more]);
}

function unsigned(type, number) {
  let left = BigInt(number);
  const bytes = [];
  for (; left > 0n; left >>= 8n) bytes.unshift(Number(left & 255n));
  return Buffer.concat([control(type, bytes.length), Buffer.from(bytes)]);
}

export const uint16 = (n) => ({ raw: unsigned(types.uint16, n) });
export const uint32 = (n) => ({ raw: unsigned(types.uint32, n) });
export const uint64 = (n) => ({ raw: unsigned(types.uint64, n) });
// A pointer of 32 bits to a place in the section.
export function pointer(to) {
  const bytes = Buffer.alloc(5);
  bytes[0] = types.pointer << 5 | 3 << 3;
  bytes.writeUInt32BE(to, 1);
  return { raw: bytes };
}
// Any bytes in place of a value.
export const raw = (...bytes) => ({ raw: Buffer.from(bytes) });

export function encode(value) {
  if (value.raw) return value.raw;
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([control(types.string, text.length), text]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(types.array, value.length), ...value.map(encode)]);
  const members = Object.entries(value);
  return Buffer.concat([control(types.map, members.length), ...members.flatMap(([k, v]) => [encode(k), encode(v)])]);
}

// ---- the tree ----

function ip6Bytes(text) {
  const [head, tail] = text.split('::');
  const words = (part) => (part ? part.split(':').map((w) => parseInt(w, 16)) : []);
  const [a, b] = [words(head), tail === undefined ? [] : words(tail)];
  const all = tail === undefined ? a : [...a, ...Array(8 - a.length - b.length).fill(0), ...b];
  return all.flatMap((w) => [w >> 8, w & 255]);
}

// The bits of a network, in a tree of 32 or, IPv4 at ::/96, of 128 levels.
function bitsOf(network, version) {
  const [address, length] = network.split('/');
  const is4 = !address.includes(':');
  const bytes = is4 ? address.split('.').map(Number) : ip6Bytes(address);
  const lead = is4 && version === 6 ? Array(96).fill(0) : [];
  const bits = bytes.flatMap((byte) => Array.from({ length: 8 }, (_, i) => byte >> (7 - i) & 1));
  return [...lead, ...bits.slice(0, Number(length))];
}

function treeOf(networks, version) {
  const nodes = [[null, null]];
  for (const [network, at] of networks) {
    const bits = bitsOf(network, version);
    let node = 0;
    for (const bit of bits.slice(0, -1)) {
      if (nodes[node][bit] === null) nodes[node][bit] = { node: nodes.push([null, null]) - 1 };
      node = nodes[node][bit].node;
    }
    nodes[node][bits.at(-1)] = { data: at };
  }
  return nodes;
}

function nodeBytes([left, right], size) {
  const bytes = Buffer.alloc(size / 4);
  if (size === 24) {
    bytes.writeUIntBE(left, 0, 3);
    bytes.writeUIntBE(right, 3, 3);
  } else if (size === 28) {
    bytes.writeUIntBE(left & 0xffffff, 0, 3);
    bytes[3] = left >> 24 << 4 | right >> 24;
    bytes.writeUIntBE(right & 0xffffff, 4, 3);
  } else {
    bytes.writeUInt32BE(left, 0);
    bytes.writeUInt32BE(right, 4);
  }
  return bytes;
}

// ---- the file ----

export const metadataOf = ({ type, version, size, nodes, built, more = {} }) => ({
  binary_format_major_version: uint16(2),
  binary_format_minor_version: uint16(0),
  build_epoch: uint64(built),
  database_type: type,
  description: { en: 'made for tests' },
  ip_version: uint16(version),
  languages: ['en'],
  node_count: uint32(nodes),
  record_size: uint16(size),
  ...more,
});

const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

// networks: {"192.0.2.0/24": record}; records are encoded once each.
// spoil(parts): change {records, data, metadata, tail} before all is joined.
export function database({ type, networks, version = 6, size = 24, built = 1767225600, more, spoil }) {
  const data = [];
  let bytes = 0;
  const placed = Object.entries(networks).map(([network, record]) => {
    const at = bytes;
    data.push(encode(record));
    bytes += data.at(-1).length;
    return [network, at];
  });
  const nodes = treeOf(placed, version);
  const value = (record) => (record === null ? nodes.length : record.node ?? record.data + nodes.length + 16);
  const parts = {
    records: nodes.map((pair) => pair.map(value)),
    separator: Buffer.alloc(16),
    data: Buffer.concat(data),
    metadata: metadataOf({ type, version, size, nodes: nodes.length, built, more }),
    tail: Buffer.alloc(0),
  };
  spoil?.(parts);
  return Buffer.concat([...parts.records.map((pair) => nodeBytes(pair, size)), parts.separator, parts.data, marker, encode(parts.metadata), parts.tail]);
}

export const country = (code) => ({ country: { iso_code: code, names: { en: `Country ${code}` } } });
export const registered = (code) => ({ registered_country: { iso_code: code } });
export const network = (number) => ({ autonomous_system_number: uint32(number), autonomous_system_organization: `Network ${number}` });

export const countries = (networks, options = {}) => database({
  type: 'Test-Country', ...options, networks: Object.fromEntries(Object.entries(networks).map(([n, code]) => [n, country(code)])),
});
export const numbers = (networks, options = {}) => database({
  type: 'Test-ASN', ...options, networks: Object.fromEntries(Object.entries(networks).map(([n, number]) => [n, network(number)])),
});

// ---- what is committed ----

const places = { '192.0.2.0/24': 'XA', '198.51.100.0/25': 'XB', '2001:db8:1::/48': 'XC' };
const one = { type: 'Test-Country', networks: { '192.0.2.0/24': country('XA') } };
const nested = (depth) => { let value = 'x'; for (let i = 0; i < depth; i += 1) value = [value]; return value; };
const spoiled = (change) => database({ ...one, spoil: change });
const recorded = (record) => database({ ...one, networks: { '192.0.2.0/24': record } });

export const good = {
  'country-24': countries(places),
  'country-28': countries(places, { size: 28 }),
  'country-32': countries(places, { size: 32 }),
  'country-ip4': countries({ '192.0.2.0/24': 'XA' }, { version: 4 }),
  'country-registered': database({ type: 'Test-Country', networks: { '192.0.2.0/24': registered('XD') } }),
  'country-pointed': database({ type: 'Test-Country', networks: { '192.0.2.0/24': country('XA'), '198.51.100.0/25': { country: pointer(9) } } }),
  'country-odd-records': database({ type: 'Test-Country', networks: { '192.0.2.0/24': 'XA', '198.51.100.0/25': { country: 'XB' }, '203.0.113.0/24': country('long') } }),
  'country-tree-circle': spoiled((p) => { p.records[100] = [0, 0]; }),
  'country-empty-map-last': spoiled((p) => { delete p.metadata.description; p.metadata.description = {}; }),
  'as-24': numbers({ '192.0.2.0/24': 64496, '2001:db8:1::/48': 4200000000 }),
};

export const bad = {
  empty: Buffer.alloc(0),
  'no-marker': Buffer.from('not a database'),
  'marker-only': marker,
  truncated: countries(places).subarray(0, -40),
  'metadata-no-map': Buffer.concat([marker, encode(['x'])]),
  'metadata-key-number': spoiled((p) => { p.metadata = { raw: Buffer.concat([Buffer.from([0xe1]), uint16(1).raw, encode('x')]) }; }),
  'metadata-wrong-type': spoiled((p) => { p.metadata.node_count = 'many'; }),
  'metadata-languages-text': spoiled((p) => { p.metadata.languages = 'en'; }),
  'metadata-pointer-circle': spoiled((p) => { p.metadata.description = pointer(0x7fffffff); }),
  'format-3': spoiled((p) => { p.metadata.binary_format_major_version = uint16(3); }),
  'record-size': spoiled((p) => { p.metadata.record_size = uint16(20); }),
  'ip-version': spoiled((p) => { p.metadata.ip_version = uint16(5); }),
  'no-nodes': spoiled((p) => { p.metadata.node_count = uint32(0); }),
  'too-many-nodes': spoiled((p) => { p.metadata.node_count = uint32(0x7fffffff); }),
  'one-node-more': spoiled((p) => { p.metadata.node_count = uint32(p.records.length + 1); }),
  'no-type': spoiled((p) => { p.metadata.database_type = ''; }),
  'other-type': spoiled((p) => { p.metadata.database_type = 'Test-Anonymous'; }),
  'no-date': spoiled((p) => { delete p.metadata.build_epoch; }),
  'date-zero': spoiled((p) => { p.metadata.build_epoch = uint64(0); }),
  'metadata-twice': spoiled((p) => {
    const text = encode(p.metadata);
    p.metadata = { raw: Buffer.concat([Buffer.from([0xe0 | 10]), text.subarray(1), encode('node_count'), uint32(1).raw]) };
  }),
  'metadata-description-number': spoiled((p) => { p.metadata.description = { en: uint32(1) }; }),
  'date-overflow': spoiled((p) => { p.metadata.build_epoch = uint64(0xffffffffffffffffn); }),
  'record-in-separator': spoiled((p) => { p.records[5][1] = p.records.length + 3; }),
  'record-behind-data': spoiled((p) => { p.records[5][1] = p.records.length + 16 + p.data.length; }),
  'record-in-the-middle': spoiled((p) => { p.records[5][1] = p.records.length + 16 + 2; p.data[2] = 0xff; p.data[3] = 0xff; }),
  'separator-not-zero': spoiled((p) => { p.separator[7] = 1; }),
  'value-cut': spoiled((p) => { p.data = p.data.subarray(0, -3); }),
  'pointer-outside': recorded({ country: pointer(5000) }),
  'pointer-to-pointer': recorded({ country: pointer(19), more: pointer(0) }),
  'pointer-to-itself': recorded({ country: pointer(9) }),
  'key-number': recorded(raw(0xe1, 0xa1, 1, 0x41, 0x78)),
  'map-of-millions': recorded(raw(0xff, 0xff, 0xff, 0xff)),
  'array-of-millions': recorded(raw(0x1f, 4, 0xff, 0xff, 0xff)),
  'text-of-millions': recorded(raw(0x5f, 0xff, 0xff, 0xff)),
  'number-too-long': recorded(raw(0xa9, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
  'double-too-short': recorded(raw(0x64, 1, 2, 3, 4)),
  'container-in-file': recorded(raw(0x00, 5)),
  'type-unknown': recorded(raw(0x01, 40, 1)),
  'too-deep': recorded({ country: nested(40) }),
};

function writeAll() {
  const tests = join(dirname(fileURLToPath(import.meta.url)), '..');
  const seeds = Object.fromEntries(['country-28', 'country-ip4', 'country-pointed', 'as-24'].map((name) => [name, good[name]]));
  for (const [folder, files] of [['support/databases', good], ['bad/databases', bad], ['fuzz/seeds/database', seeds]]) {
    mkdirSync(join(tests, folder), { recursive: true });
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(tests, folder, `${name}.mmdb`), bytes);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeAll();
