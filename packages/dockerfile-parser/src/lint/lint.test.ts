import { describe, expect, it } from 'vitest';
import { ignoreMatcher } from '../ignore-matcher.ts';
import { parseDockerfile } from '../parse.ts';
import { parseCheckOptions } from './check-options.ts';
import { failOnFindings, lint, LintViolationError } from './lint.ts';
import type { LintOptions } from './lint-options.ts';

/** `Rule:line`, or with messages `line: message` of one rule. */
const found = (text: string, options?: LintOptions) =>
  lint(parseDockerfile(text), options).map(({ rule, range }) => `${rule}:${range.startLine}`);
const messages = (rule: string, text: string, options?: LintOptions) =>
  lint(parseDockerfile(text), options).flatMap((finding) =>
    finding.rule === rule ? [`${finding.range.startLine}: ${finding.message}`] : [],
  );

it('lint() finds nothing in a clean file', () => {
  expect(
    found(`# syntax=docker/dockerfile:1
ARG NODE=24
FROM --platform=$BUILDPLATFORM node:\${NODE} AS build
ARG TARGETARCH
WORKDIR /app
ENV NODE_ENV=production PATH=/app/bin:$PATH
COPY . .
RUN --mount=type=cache,id=npm-$TARGETARCH,target=/root/.npm npm ci
FROM scratch
COPY --from=build /app /app
EXPOSE 80
ENTRYPOINT ["/app/server"]
`),
  ).toEqual([]);
});

it('lint() gives findings in the order of their lines, with all that a report needs', () => {
  const findings = lint(parseDockerfile('from alpine as Base\nrun \\\n\n  x\nMAINTAINER me\n'));
  expect(findings.map(({ rule, range }) => [rule, range.startLine])).toEqual([
    ['StageNameCasing', 1],
    ['NoEmptyContinuation', 4],
    ['ConsistentInstructionCasing', 5],
    ['MaintainerDeprecated', 5],
  ]);
  expect(findings[0]).toEqual({
    rule: 'StageNameCasing',
    description: 'Stage names should be lowercase',
    url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
    message: "Stage name 'Base' should be lowercase",
    range: { startLine: 1, endLine: 1 },
  });
});

it('lint() takes a variable for one of the base image where nobody knows that, unless it looks like a slip', () => {
  const text =
    'FROM node AS base\nENV A=$NODE_VERSION B=$PTAH\nFROM base\nUSER $NODE_USER\nFROM scratch\nUSER $NOBODY\n';
  const rule = 'UndefinedVar';
  expect(messages(rule, text, { baseImage: () => undefined })).toEqual([
    "2: Usage of undefined variable '$PTAH' (did you mean $PATH?)",
    "6: Usage of undefined variable '$NOBODY'",
  ]);
  expect(messages(rule, text, { baseImage: () => ({ environment: ['NODE_VERSION=24'] }) })).toHaveLength(3);
});

describe('# check', () => {
  const bad = 'FROM alpine AS Base\nWORKDIR app\nCMD x\n';
  it.each([
    ['', ['StageNameCasing:1', 'WorkdirRelativePath:2', 'JSONArgsRecommended:3']],
    ['# check=skip=StageNameCasing, JSONArgsRecommended\n', ['WorkdirRelativePath:3']],
    ['# check=skip=all\n', []],
    ['# check=error=true;skip=WorkdirRelativePath\n', ['StageNameCasing:2', 'JSONArgsRecommended:4']],
  ])('lint() heeds %j at the top', (head, expected) => {
    expect(found(head + bad)).toEqual(expected);
  });

  it('lint() takes the build argument instead when there is one', () => {
    expect(found(`# check=skip=all\n${bad}`, { check: 'skip=JSONArgsRecommended' })).toEqual([
      'StageNameCasing:2',
      'WorkdirRelativePath:3',
    ]);
  });

  it('lint() heeds it directly above an instruction, for that one', () => {
    const text =
      'FROM alpine\n# check=skip=WorkdirRelativePath\n# really\nWORKDIR app\n# check=skip=all\n\nUSER $A\n# check=skip=all\nUSER $A\n';
    expect(found(text)).toEqual(['UndefinedVar:7']);
  });

  it('lint() runs experimental rules only when they are named', () => {
    const text = '# about\nFROM alpine AS base\n';
    expect(found(text)).toEqual([]);
    expect(found(text, { check: 'experimental=all' })).toEqual(['InvalidDefinitionDescription:2']);
    expect(
      found(text, { check: 'experimental=InvalidDefinitionDescription;skip=InvalidDefinitionDescription' }),
    ).toEqual([]);
  });

  it.each([
    ['skp=all', 'invalid check option "skp"'],
    ['all', 'invalid check option "all"'],
    ['error=perhaps', 'failed to parse check option "error=perhaps"'],
  ])('parseCheckOptions() refuses %j', (text, message) => {
    expect(() => parseCheckOptions(text)).toThrow(message);
    expect(() => found(`FROM alpine\n# check=${text}\nUSER a\n`)).toThrow(
      expect.objectContaining({ range: { startLine: 3, endLine: 3 } }),
    );
  });

  it('failOnFindings() names the rules once each, and only where the file asks for it', () => {
    const strict = parseDockerfile(`# check=error=true\n${bad}WORKDIR b\nUSER $a\nUSER $b\n`);
    const fail = () => failOnFindings(strict, lint(strict));
    expect(fail).toThrow(LintViolationError);
    expect(fail).toThrow(
      'lint violation found for rules: StageNameCasing, WorkdirRelativePath, JSONArgsRecommended, UndefinedVar',
    );
    expect(() => failOnFindings(strict, [])).not.toThrow();
    expect(() => failOnFindings(strict, lint(strict), { check: '' })).not.toThrow();
  });
});

describe('stages', () => {
  const text = `FROM alpine AS Unused
WORKDIR a
FROM alpine AS lib
WORKDIR b
FROM alpine AS tools
WORKDIR c
FROM lib
COPY --from=2 / /
RUN --mount=from=tools,target=/t x
`;
  it('lint() looks at every stage, or at those that the target needs', () => {
    expect(found(text)).toEqual([
      'StageNameCasing:1',
      'WorkdirRelativePath:2',
      'WorkdirRelativePath:4',
      'WorkdirRelativePath:6',
    ]);
    expect(found(text, { target: 3 })).toEqual(['WorkdirRelativePath:4', 'WorkdirRelativePath:6']);
    expect(found(text, { target: 'LIB' })).toEqual(['WorkdirRelativePath:4']);
    expect(found(text, { target: 'none' })).toEqual([]);
  });

  it('lint() follows FROM through its arguments', () => {
    const chosen = 'ARG BASE=a\nFROM alpine AS a\nWORKDIR x\nFROM alpine AS b\nWORKDIR x\nFROM $BASE\n';
    expect(found(chosen, { target: 2 })).toEqual(['WorkdirRelativePath:3']);
    expect(found(chosen, { target: 2, buildArgs: new Map([['BASE', 'b']]) })).toEqual(['WorkdirRelativePath:5']);
  });
});

describe('variables', () => {
  it.each([
    ['ENV a=1 b=$a', ["2: Usage of undefined variable '$a'"]],
    ['ARG a=1 b=$a', []],
    ['ARG a\nUSER $a', []],
    ['ENV a=1\nUSER $a', []],
    ['USER $G', ["2: Usage of undefined variable '$G'"]],
    ['ARG G\nUSER $G', []],
    ['USER ${a:-me}', []],
    ['USER ${a:-$b}', ["2: Usage of undefined variable '$b'"]],
    ['WORKDIR $PAHT', ["2: Usage of undefined variable '$PAHT' (did you mean $PATH?)"]],
    ["COPY '$a' \\$b", []],
    ['COPY <<E /x\n$a \\$b\nE', ["2: Usage of undefined variable '$a'"]],
    ["COPY <<'E' /x\n$a\nE", []],
    ['RUN echo $a', []],
    [
      'RUN --mount=type=cache,id=$a,target=/$b x',
      ["2: Usage of undefined variable '$a'", "2: Usage of undefined variable '$b'"],
    ],
    ['LABEL $k=$v', ["2: Usage of undefined variable '$k'", "2: Usage of undefined variable '$v'"]],
    ['USER $BUILDKIT_SBOM_SCAN_STAGE', []],
    ['USER ${a?', []],
  ])('UndefinedVar in %j', (lines, expected) => {
    expect(messages('UndefinedVar', `FROM alpine\n${lines}\n`)).toEqual(expected);
    expect(messages('UndefinedVar', `ARG G=1\nFROM alpine\n${lines}\n`)).toHaveLength(expected.length);
  });

  it('UndefinedVar knows what base stages, base images and build arguments bring', () => {
    const text = 'FROM node AS base\nENV A=1\nARG B\nFROM base\nUSER $A$B$NODE_VERSION$C\n';
    const options: LintOptions = {
      baseImage: (name) => (name === 'node' ? { environment: ['NODE_VERSION=24', 'X'] } : undefined),
    };
    expect(messages('UndefinedVar', text, options)).toEqual(["5: Usage of undefined variable '$C'"]);
  });

  it('UndefinedArgInFrom knows ARGs and the automatic arguments', () => {
    const text = 'ARG A\nFROM alpine:${A}${TARGETARCH}${B}\nFROM --platform=$TARGETPLATFOM alpine\n';
    expect(messages('UndefinedArgInFrom', text)).toEqual([
      "2: FROM argument 'B' is not declared",
      "3: FROM argument 'TARGETPLATFOM' is not declared (did you mean TARGETPLATFORM?)",
    ]);
  });

  it.each([
    ['ARG V\nFROM alpine:$V', ['2: Default value for ARG alpine:$V results in empty or invalid base image name']],
    ['ARG V\nFROM $V', ['2: Default value for ARG $V results in empty or invalid base image name']],
    ['ARG V=3\nFROM alpine:$V', []],
    ['FROM host.example:5000/a/b_c:tag@sha256:0123456789012345678901234567890123456789012345678901234567890123', []],
    ['FROM UPPER', ['1: Default value for ARG UPPER results in empty or invalid base image name']],
    ['FROM localhost/x', []],
  ])('InvalidDefaultArgInFrom in %j', (text, expected) => {
    expect(messages('InvalidDefaultArgInFrom', text, { buildArgs: new Map([['V', 'x']]) })).toEqual(expected);
  });
});

describe('triggers', () => {
  it('lint() looks at what ONBUILD does, where it is done', () => {
    const text = 'FROM alpine AS base\nONBUILD WORKDIR app\nFROM base\nFROM base\n';
    expect(found(text)).toEqual(['WorkdirRelativePath:3', 'WorkdirRelativePath:4']);
    expect(
      found('FROM x\nWORKDIR b\n', { baseImage: () => ({ onBuild: ['WORKDIR a', 'NOT VALID', 'USER $a'] }) }),
    ).toEqual(['WorkdirRelativePath:1', 'UndefinedVar:1']);
  });
});

describe('other rules', () => {
  it('ConsistentInstructionCasing prefers upper case, and lets mixed case have no say', () => {
    expect(messages('ConsistentInstructionCasing', 'from a\nRUN x\n')).toHaveLength(1);
    expect(messages('ConsistentInstructionCasing', 'arg a\nfrom a\nRun x\nuser y\n')).toEqual([
      "3: Command 'Run' should match the case of the command majority (lowercase)",
    ]);
  });

  it('FromAsCasing leaves mixed case to its fellow', () => {
    expect(found('FROM a as b\nfrom c AS d\nFrom e As f\nFROM g AS h\n')).toEqual([
      'FromAsCasing:1',
      'FromAsCasing:2',
      'ConsistentInstructionCasing:2',
      'ConsistentInstructionCasing:3',
    ]);
  });

  it('JSONArgsRecommended allows a shell that was chosen, here or in a base', () => {
    const shell = 'SHELL ["/bin/bash", "-c"]\n';
    expect(found(`FROM a AS b\n${shell}CMD x\nFROM b\nENTRYPOINT y\n`)).toEqual([]);
    expect(found('FROM a\nCMD x\n', { baseImage: () => ({ shell: ['/bin/bash'] }) })).toEqual([]);
  });

  it('MultipleInstructionsDisallowed points at those without effect, a stage at a time', () => {
    const text =
      'FROM a AS b\nCMD ["1"]\nCMD ["2"]\nCMD ["3"]\nFROM b\nCMD ["4"]\nHEALTHCHECK NONE\nHEALTHCHECK NONE\n';
    expect(found(text)).toEqual([
      'MultipleInstructionsDisallowed:2',
      'MultipleInstructionsDisallowed:3',
      'MultipleInstructionsDisallowed:7',
    ]);
  });

  it.each([
    ['FROM --platform=$TARGETPLATFORM a', ['RedundantTargetPlatform:1']],
    ['FROM --platform=${TARGETPLATFORM} a', ['RedundantTargetPlatform:1']],
    ['FROM --platform=linux/${TARGETARCH} a', []],
    ['FROM --platform=linux/arm64 a', ['FromPlatformFlagConstDisallowed:1']],
    ['FROM --platform=arm64 a AS on-arm64', []],
    ['FROM --platform=linux/arm64/v8 a AS linux', []],
    ['FROM --platform=neither a', []],
  ])('platform rules in %j', (text, expected) => {
    expect(found(`${text}\n`)).toEqual(expected);
  });

  it('InvalidBaseImagePlatform compares system and processor, not variants', () => {
    const on = (platform: string, targetPlatform: string) =>
      found('FROM a\n', { targetPlatform, baseImage: () => ({ platform }) });
    expect(on('linux/arm64', 'linux/arm64/v8')).toEqual([]);
    expect(on('linux/arm64', 'linux/arm/v7')).toEqual(['InvalidBaseImagePlatform:1']);
    expect(on('linux/x86_64', 'linux/amd64')).toEqual([]);
    expect(
      found('FROM --platform=$BUILDPLATFORM a\n', {
        buildPlatform: 'linux/arm64',
        baseImage: () => ({ platform: 'linux/arm64' }),
      }),
    ).toEqual([]);
  });

  it.each([
    ['ENV API_KEY=1', 1],
    ['ENV $N=1 auth=2', 2],
    ['ARG GITHUB_TOKEN', 1],
    ['ENV PUBLIC_KEY=1 TOKEN_FILE=2 KEY_VERSION=3 MONKEY=4 KEYBOARD=5', 0],
    ['LABEL password=1', 0],
  ])('SecretsUsedInArgOrEnv in %j', (line, count) => {
    expect(messages('SecretsUsedInArgOrEnv', `FROM a\nARG N=PASSWORD\n${line}\n`)).toHaveLength(count);
  });

  it('CopyIgnoredFile looks at what comes from the context', () => {
    const { ignores } = ignoreMatcher(['dist', '*.log']);
    const text = `FROM a
ARG D=dist
COPY ./dist/x /a.log a.txt /
ADD $D https://example.org/b.log git@example.org:a.log /
COPY --from=b dist /
`;
    expect(messages('CopyIgnoredFile', text, { ignores })).toEqual([
      '3: Attempting to Copy file "./dist/x" that is excluded by .dockerignore',
      '3: Attempting to Copy file "/a.log" that is excluded by .dockerignore',
      '4: Attempting to Add file "dist" that is excluded by .dockerignore',
    ]);
  });

  it('EXPOSE rules look at the words after expansion', () => {
    expect(found('FROM a\nENV P="80/TCP 1:2"\nEXPOSE $P 3/nope\n')).toEqual([
      'ExposeProtoCasing:3',
      'ExposeInvalidFormat:3',
    ]);
  });

  it('InvalidDefinitionDescription reads the last comment line that is no check', () => {
    const options = { check: 'experimental=all' };
    expect(
      found('# A is one\n# check=skip=UndefinedVar\nARG A\n# what\nARG B C\n# B is two\nARG B C\nFROM a\n', options),
    ).toEqual(['InvalidDefinitionDescription:5']);
  });
});
