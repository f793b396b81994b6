import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DockerfileError } from './dockerfile-error.ts';
import { lint } from './lint/lint.ts';
import { type Dockerfile, parseDockerfile } from './parse.ts';
import { printDockerfile } from './print.ts';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** A Dockerfile without what printing may change: lines, the text as it was written, warnings. */
function meaningOf(dockerfile: Dockerfile): unknown {
  const isLayout = (key: string) => key === 'range' || key === 'source' || key === 'warnings';
  return JSON.parse(JSON.stringify(dockerfile, (key, value) => (isLayout(key) ? undefined : value)));
}

const printedAndParsed = (dockerfile: Dockerfile) => meaningOf(parseDockerfile(printDockerfile(dockerfile)));

it.each(readdirSync(fixtures))('printDockerfile() gives fixtures/%s back', (name) => {
  const dockerfile = parseDockerfile(readFileSync(`${fixtures}${name}/Dockerfile`, 'utf8'));
  expect(printedAndParsed(dockerfile)).toEqual(meaningOf(dockerfile));
});

it('printDockerfile() writes one line an instruction, keywords in upper case', () => {
  const text = '# escape=`\n\n# about\nfrom a as b\nrun echo `\n  1\ncopy --link a "b" /c\nenv k  v w\n';
  expect(printDockerfile(parseDockerfile(text))).toBe(
    '# escape=`\n\n# about\nFROM a AS b\nRUN echo   1\nCOPY --link ["a","\\"b\\"","/c"]\nENV k v w\n',
  );
});

it('printDockerfile() breaks what is longer than a physical line may be', () => {
  const lines = Array.from({ length: 40 }, (_, index) => `  ${index} ${'é# \\\\'.repeat(1000)} \\\n`);
  const dockerfile = parseDockerfile(`FROM a\nRUN x \\\n${lines.join('')}  end\n`);
  expect(printedAndParsed(dockerfile)).toEqual(meaningOf(dockerfile));
});

const RUNS = 10_000;
/** The same texts every time, so that no change fails for a text that it has nothing to do with. */
const SEED = 20_260_801;
/** Characters that mean something somewhere. */
const text = (...extra: string[]) =>
  fc
    .array(
      fc.constantFrom(
        'a',
        'B',
        '0',
        '/',
        '.',
        '-',
        '=',
        ':',
        '$',
        '{',
        '}',
        '"',
        "'",
        '\\',
        '`',
        '[',
        ']',
        '<',
        '#',
        '*',
        'é',
        '😀',
        ...extra,
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((characters) => characters.join(''));
const word = text();
const words = fc.array(word, { minLength: 1, maxLength: 4 }).map((list) => list.join(' '));
const line = text(' ', '\t', ',', '\\\n', '`\n', ' \\ \n', '\\\n\n', '\\\n# c\n ');
const name = fc.constantFrom('a', 'b2', 'c-d', 'E_f', 'g.h');
const json = fc.array(fc.string({ maxLength: 5 }), { minLength: 1, maxLength: 3 }).map((list) => JSON.stringify(list));
const command = fc.oneof(line, json, words);
const pairs = fc.oneof(
  fc
    .array(
      fc.tuple(name, text(' ', '\\ ')).map(([key, value]) => `${key}=${value}`),
      { minLength: 1, maxLength: 3 },
    )
    .map((list) => list.join(' ')),
  fc.tuple(name, line).map(([key, value]) => `${key} ${value}`),
);
const flagOf = (...names: string[]) =>
  fc.oneof(
    fc.constant(''),
    fc.tuple(fc.constantFrom(...names), word).map(([flag, value]) => `--${flag}=${value} `),
    fc.constant('-- '),
  );
const heredoc = fc
  .record({
    delimiter: fc.constantFrom(['EOF', 'EOF'], ['"E"', 'E'], ["'x y'", 'x y'], ['a\\$b', 'a$b'], ['-T', 'T']),
    body: fc.array(fc.oneof(line, fc.constantFrom('', '\t', 'EO', '\tT')), { maxLength: 3 }),
  })
  .map(({ delimiter: [start = '', end = ''], body }) => ({
    start: `<<${start}`,
    body: `\n${[...body, end].join('\n')}`,
  }));
const withHeredoc = fc
  .tuple(heredoc, heredoc, words)
  .map(([a, b, rest]) => `${a.start} ${b.start} ${rest}${a.body}${b.body}`);

const instruction = fc.oneof(
  fc
    .tuple(flagOf('mount', 'network', 'security', 'device'), fc.oneof(command, withHeredoc))
    .map((parts) => `RUN ${parts.join('')}`),
  fc
    .tuple(
      fc.constantFrom('COPY', 'ADD'),
      flagOf('from', 'chown', 'exclude', 'checksum'),
      fc.oneof(words, json, withHeredoc),
      word,
    )
    .map(([keyword, flag, sources, target]) => `${keyword} ${flag}${sources} ${target}`),
  fc.tuple(fc.constantFrom('ENV', 'LABEL', 'ARG', 'env'), pairs).map((parts) => parts.join(' ')),
  fc
    .tuple(
      fc.constantFrom(
        'CMD',
        'ENTRYPOINT',
        'WORKDIR',
        'USER',
        'STOPSIGNAL',
        'MAINTAINER',
        'EXPOSE',
        'VOLUME',
        'SHELL',
        'HEALTHCHECK CMD',
        'HEALTHCHECK --interval=1.5s --retries=2 CMD',
        'ONBUILD RUN',
        'onbuild copy',
      ),
      fc.oneof(command, withHeredoc),
    )
    .map((parts) => parts.join(' ')),
  fc
    .tuple(fc.constantFrom('FROM', 'From --platform=$P'), word, name)
    .map(([from, image, as]) => `${from} ${image} AS ${as}`),
  line.map((comment) => `# ${comment}`),
  fc.constantFrom('', '\t ', '#'),
);

it(`printDockerfile() gives ${RUNS} generated files back`, () => {
  let parsed = 0;
  const property = fc.property(
    fc.constantFrom('', '# escape=`\n', '# syntax=a/b\n# check=skip=all\n'),
    fc.array(instruction, { maxLength: 4 }),
    (head, lines) => {
      const dockerfile = parsedOrRefused(`${head}FROM busybox\n${lines.join('\n')}\n`);
      if (dockerfile === undefined) return;
      parsed += 1;
      expect(printedAndParsed(dockerfile)).toEqual(meaningOf(dockerfile));
    },
  );
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(parsed).toBeGreaterThan(RUNS / 5);
});

it(`parseDockerfile() and lint() refuse ${RUNS} random texts with nothing but a DockerfileError`, () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new TextDecoder().decode(array));
  const soup = fc.array(fc.oneof(instruction, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 6 });
  const property = fc.property(
    fc.oneof(
      bytes,
      soup.map((lines) => lines.join('\n')),
    ),
    (content) => {
      const dockerfile = parsedOrRefused(content);
      if (dockerfile !== undefined)
        refusedOr(() => lint(dockerfile, { check: 'experimental=all', ignores: () => true }));
    },
  );
  fc.assert(property, { numRuns: RUNS, seed: SEED });
});

const parsedOrRefused = (content: string) => refusedOr(() => parseDockerfile(content));

function refusedOr<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    expect(error.hint).not.toBe('');
    return undefined;
  }
}
