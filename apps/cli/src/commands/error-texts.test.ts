import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openProgram, type ProgramFixture } from './program-fixture.ts';

let program: ProgramFixture;
beforeAll(async () => {
  program = await openProgram();
});
afterAll(() => program[Symbol.asyncDispose]());

/** BuildKit's text, and the instruction that it is about. */
type ErrorText = readonly [text: string, instruction: string];

/** What a build says before it does anything. */
const TEXTS: Readonly<Record<string, readonly ErrorText[]>> = {
  'lines and instructions': [
    ['dockerfile line greater than max allowed size of 65535', `RUN ${'x'.repeat(66_000)}`],
    ['unknown instruction: FROOM (did you mean FROM?)', 'FROOM x'],
    ['unknown instruction: CPY (did you mean COPY?)', 'CPY a b'],
    ['unterminated heredoc', 'RUN <<EOF\ntrue'],
    ['unterminated heredoc', 'COPY <<A <<B /x\nA'],
  ],
  flags: [
    ['unknown flag: --chwon (did you mean chown?)', 'COPY --chwon=1 a b'],
    ['unknown flag: --mnt (did you mean mount?)', 'RUN --mnt=type=tmpfs x'],
    ['unknown flag: --zzz', 'COPY --zzz=1 a b'],
    ['unknown flag: --x', 'USER --x y'],
    ['duplicate flag specified: --from', 'COPY --from=a --from=b c d'],
    ['missing a value on flag: --from', 'COPY --from c d'],
    ['missing a value on flag: --link', 'COPY --link= c d'],
    ['expecting boolean value for flag --link, not: v', 'COPY --link=v c d'],
  ],
  'JSON and here-documents': [
    ['when using JSON array syntax, arrays must be comprised of strings only', 'RUN [["a"]]'],
    ['when using JSON array syntax, arrays must be comprised of strings only', 'CMD ["a", 1]'],
    ['COPY cannot accept a heredoc as a destination', 'COPY a <<EOF\nEOF'],
    ['ADD cannot accept a heredoc as a destination', 'ADD a <<EOF\nEOF'],
  ],
  expansion: [
    ['a: gone', 'USER ${a:?gone}'],
    ['a: is not allowed to be unset', 'USER ${a?}'],
    ['a: is not allowed to be unset', 'USER ${a:?}'],
    ['EMPTY: is not allowed to be empty', 'USER ${EMPTY:?}'],
    ['failed to process "${a:=b}": unsupported modifier (=) in substitution', 'USER ${a:=b}'],
    ['failed to process "${}": syntax error: bad substitution', 'USER ${}'],
    ['failed to process "${a": syntax error: missing \'}\'', 'USER ${a'],
    ['unexpected end of statement while looking for matching single-quote', "USER 'a"],
    ['unexpected end of statement while looking for matching double-quote', 'USER "a'],
    ["syntax error: missing '/' in ${}", 'USER ${a/b}'],
    ['variable expansion is not supported for --from, define a new stage', 'COPY --from=$x a b'],
    ["'from' doesn't support variable expansion, define alias stage instead", 'RUN --mount=from=$x,target=/y z'],
  ],
  'names and values': [
    ['ENV must have two arguments', 'ENV a'],
    ['LABEL must have two arguments', 'LABEL a'],
    ['Syntax error - can\'t find = in "c". Must be of the form: name=value', 'ENV a=b c'],
    ['ENV names can not be blank', 'ENV =b'],
    ['LABEL names can not be blank', 'LABEL =b'],
    ['ARG names can not be blank', 'ARG =b'],
  ],
  FROM: [
    ['FROM requires either one or three arguments', 'FROM'],
    ['FROM requires either one or three arguments', 'FROM a as'],
    ['FROM requires either one or three arguments', 'FROM a if b'],
    ['invalid name for build stage: "1x", name can\'t start with a number or contain symbols', 'FROM a AS 1x'],
    ['base name ($X) should not be blank', 'FROM $X'],
    ['failed to parse stage name "A:::b"', 'FROM A:::b'],
    ['failed to parse platform a/b/c/d', 'FROM --platform=a/b/c/d x'],
    ['empty platform value from expression $X', 'FROM --platform=$X x'],
  ],
  'other instructions': [
    ['invalid containerPort: abc', 'EXPOSE abc'],
    ['invalid containerPort: 99999', 'EXPOSE 99999'],
    ['invalid port: "80/foo": invalid proto: foo', 'EXPOSE 80/foo'],
    ['no port specified: /tcp', 'EXPOSE /tcp'],
    ['VOLUME specified can not be an empty string', 'VOLUME [""]'],
    ["FROM isn't allowed as an ONBUILD trigger", 'ONBUILD FROM x'],
    ["MAINTAINER isn't allowed as an ONBUILD trigger", 'ONBUILD MAINTAINER x'],
    ["Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 'ONBUILD ONBUILD RUN x'],
    ['invalid signal: FOO', 'STOPSIGNAL FOO'],
    ['HEALTHCHECK NONE takes no arguments', 'HEALTHCHECK NONE x'],
    ['Missing command after HEALTHCHECK CMD', 'HEALTHCHECK CMD'],
    ['Unknown type "X" in HEALTHCHECK (try CMD)', 'HEALTHCHECK X y'],
    ['Interval "1us" cannot be less than 1ms', 'HEALTHCHECK --interval=1us CMD x'],
    ['--retries cannot be negative (-1)', 'HEALTHCHECK --retries=-1 CMD x'],
    ['SHELL requires the arguments to be in JSON form', 'SHELL bash'],
  ],
  'counts of arguments': [
    ...['ARG', 'ENV', 'LABEL', 'EXPOSE', 'VOLUME', 'RUN', 'ONBUILD', 'HEALTHCHECK', 'SHELL []'].map(
      (line): ErrorText => [`${line.split(' ')[0]} requires at least one argument`, line],
    ),
    ...['USER', 'WORKDIR', 'MAINTAINER', 'STOPSIGNAL'].map(
      (line): ErrorText => [`${line} requires exactly one argument`, line],
    ),
    ...['COPY', 'ADD'].map((keyword): ErrorText => {
      const text = 'requires at least two arguments, but only one was provided. Destination could not be determined';
      return [`${keyword} ${text}`, `${keyword} a`];
    }),
  ],
  stages: [
    ['invalid stage index 5', 'COPY --from=5 a b'],
    ['invalid stage index 5', 'RUN --mount=from=5,target=/x y'],
    ['circular dependency detected on stage: me', 'COPY --from=me a b'],
  ],
  'COPY and ADD': [
    ["invalid chmod parameter: '99999'. it should be octal string and between 0 and 07777", 'COPY --chmod=99999 a b'],
    ["source can't be a URL for COPY", 'COPY https://a.example/b c'],
    ["source can't be a git ref for COPY", 'COPY git@a.example:c/d.git c'],
    ["checksum can't be specified for multiple sources", 'ADD --checksum=sha256:aa http://a/b http://a/c d/'],
    ['checksum requires HTTP(S) or Git sources', 'ADD --checksum=sha256:aa a b'],
  ],
  mounts: [
    ['unsupported mount type "cach" (did you mean cache?)', 'RUN --mount=type=cach,target=/x y'],
    ["unexpected key 'targt' in 'targt=/x' (did you mean target?)", 'RUN --mount=type=cache,targt=/x y'],
    ['unsupported sharing value "lock" (did you mean locked?)', 'RUN --mount=type=cache,target=/x,sharing=lock y'],
    ['required not allowed for "cache" type mounts', 'RUN --mount=type=cache,target=/x,required=true y'],
    ["invalid field 'target' must be a key=value pair", 'RUN --mount=type=cache,target y'],
    ['invalid mount target "/"', 'RUN --mount=type=cache,target=/ y'],
    ['mount target is required', 'RUN --mount=type=bind y'],
    ['invalid secret mount. one of source, target required', 'RUN --mount=type=secret y'],
    ['ssh does not support source', 'RUN --mount=type=ssh,source=x y'],
  ],
  'other flags of RUN': [
    ['invalid network mode "hots" (did you mean host?)', 'RUN --network=hots y'],
    ['security "foo" is not valid', 'RUN --security=foo y'],
    ['entitlement security.insecure is not allowed', 'RUN --security=insecure y'],
  ],
};

const HEAD = 'FROM scratch AS me\nENV EMPTY=\n';
const LINE = 3;

describe.each(Object.entries(TEXTS))('%s', (_name, texts) => {
  it.each(texts)('%s', async (text, instruction) => {
    const { error, status } = await program.run(['check'], { files: { Dockerfile: `${HEAD}${instruction}\n` } });
    const [headline = '', ...rest] = error.split('\n');
    expect(headline).toMatch(new RegExp(`^error: Dockerfile:${LINE}: `));
    expect(headline).toContain(text);
    const lines = instruction.split('\n').map((line, index) => ` ${LINE + index} | >>> ${line.slice(0, 160)}`);
    expect(rest.filter((line) => line.includes('>>>'))).toEqual(lines);
    expect(rest.at(-1)).toMatch(/^hint: {2}(?!This is a fault)\S/);
    expect(status).toBe(1);
  });
});

describe('directives and whole files', () => {
  it.each([
    ['only one escape parser directive can be used', '# escape=`\n# escape=`\nFROM scratch\n', 2],
    ['only one syntax parser directive can be used', '# syntax=a\n# syntax=a\nFROM scratch\n', 2],
    ['only one check parser directive can be used', '# check=skip=all\n# check=skip=all\nFROM scratch\n', 2],
    ["invalid escape token 'x' does not match ` or \\", '# escape=x\nFROM scratch\n', 1],
    ['invalid check option "skp" (did you mean skip?)', '# check=skp=all\nFROM scratch\n', 1],
    ['file with no instructions', '# nothing\n', 1],
    ['dockerfile contains no stages to build', 'ARG a\nARG b\n', 2],
    ['no build stage in current context', 'ARG a\nRUN x\nFROM scratch\n', 2],
    [
      'cannot copy from stage "x", it needs to be defined before current stage "y"',
      'FROM scratch AS y\nCOPY --from=x a b\nFROM scratch AS x\nFROM y\n',
      2,
    ],
  ])('%s', async (text, dockerfile, line) => {
    const { error } = await program.run(['check'], { files: { Dockerfile: dockerfile } });
    expect(error.split('\n')[0]).toMatch(new RegExp(`^error: Dockerfile:${line}: `));
    expect(error).toContain(text);
    expect(error).toContain(` ${line} | >>> ${dockerfile.split('\n')[line - 1]}`);
    expect(error).toMatch(/^hint: {2}(?!This is a fault)\S/m);
  });

  it('the Dockerfile cannot be empty', async () => {
    const { error } = await program.run(['check'], { files: { Dockerfile: '' } });
    expect(error).toBe('error: Dockerfile: the Dockerfile cannot be empty\nhint:  Begin with FROM.');
  });

  it('target stage could not be found', async () => {
    const files = { Dockerfile: 'FROM scratch AS build\n' };
    const { error } = await program.run(['check', '--target', 'bulid'], { files });
    expect(error).toBe(
      'error: Dockerfile: target stage "bulid" could not be found (did you mean build?)\nhint:  The stages are build.',
    );
  });

  it.each([
    ['illegal exclusion pattern: "!"', 'a\n!\n', 2],
    ['syntax error in pattern: "b["', 'a\n\nb[\n', 3],
  ])('%s, in the ignore file', async (text, ignore, line) => {
    const files = { Dockerfile: 'FROM scratch\n', '.dockerignore': ignore };
    const { error } = await program.run(['check', '.'], { files });
    expect(error).toMatch(new RegExp(`^error: \\.dockerignore:${line}: `));
    expect(error).toContain(text);
    expect(error).toContain(` ${line} | >>> ${ignore.split('\n')[line - 1]}`);
  });
});
