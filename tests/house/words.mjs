// What must not be in the sources: marks of unfinished work, calls that are
// banned, real places on the network.
import { end, files, read } from './lib/tree.mjs';

const banned = [
  [/\b(TODO|FIXME|XXX|HACK)\b/, 'finish it or write an issue'],
  [/\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|system|popen|mktemp|tmpnam)\s*\(/, 'this call is banned'],
  [/\bgoto (?!out\b)/, 'the only label is `out`'],
];
const problems = [];
const sources = files('', /\.(c|h|tbl)$/);
for (const path of sources) {
  read(path).split('\n').forEach((line, i) => {
    for (const [pattern, why] of banned) {
      if (pattern.test(line)) problems.push(`${path}:${i + 1}: ${why}: ${line.trim()}`);
    }
  });
}

// Names in packs are reserved ones (RFC 2606, RFC 6761) and nothing else.
const reserved = /(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$/;
const lists = files('rules/packs', /\.(txt|list|hosts|domains)$/);
for (const path of lists) {
  read(path).split('\n').forEach((line, i) => {
    const text = line.replace(/#.*/, '').trim();
    for (const match of text.matchAll(/(?:^|[\s/@.*])((?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+)(?=$|[\s/:?])/gi)) {
      if (!reserved.test(match[1].toLowerCase()) && !/\.(html?|php|txt|jpg|png|js|css)$/i.test(match[1])) {
        problems.push(`${path}:${i + 1}: ${match[1]} is not a reserved name`);
      }
    }
  });
}
end('words', sources.length + lists.length, problems);
