import type { ConfigurationCase } from './configuration-case.ts';

export const syntaxTable: readonly ConfigurationCase[] = [
  { name: 'syntax: comments', configuration: '// one\n{ /* two */ "image": "@IMAGE" /* three */ } // four' },
  { name: 'syntax: trailing commas', configuration: '{ "image": "@IMAGE", "capAdd": ["a",], }' },
  { name: 'syntax: comment signs in strings', configuration: '{ "image": "@IMAGE", "name": "// no /* comment */" }' },
  {
    name: 'syntax: escapes',
    configuration: '{ "image": "@IMAGE", "name": "\\u00fc \\n \\t \\" \\\\ \\/ \\ud83d\\ude00" }',
  },
  { name: 'syntax: duplicate keys', configuration: '{ "image": "a", "name": "x", "image": "@IMAGE", "name": "y" }' },
  {
    name: 'syntax: keys that look like numbers',
    configuration: '{ "image": "@IMAGE", "remoteEnv": { "b": "1", "2": "2", "1": "3" } }',
  },
  { name: 'syntax: windows line ends', configuration: '{\r\n  "image": "@IMAGE" // x\r\n}\r\n' },
  {
    name: 'syntax: large and small numbers',
    configuration: '{ "image": "@IMAGE", "x": [1e3, -0.5, 12345678901234567890] }',
  },
  { name: 'syntax: the dotted file', path: '.devcontainer.json', configuration: { image: '@IMAGE', name: 'dotted' } },
  {
    name: 'syntax: the folder before the dotted file',
    configuration: { image: '@IMAGE', name: 'folder' },
    files: { '.devcontainer.json': '{ "image": "@IMAGE", "name": "dotted" }' },
  },
];
