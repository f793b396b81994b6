import { resolve } from 'node:path';
import { type BuildOptions, locateDockerfileError } from '@shale/builder';
import { ShaleError } from '@shale/core';
import {
  checkDockerfile,
  type CheckedDockerfile,
  checkFacts,
  type CheckFacts,
  KnownImages,
  planFailure,
} from '@shale/builder/checks';
import type { formatOption } from '../options/general.ts';
import { lintJson, lintText } from '../render/lint-report.ts';
import { palette } from '../terminal/palette.ts';
import { isTextFile } from '../wire/text-file.ts';
import { type BuildTable, wireBuild } from '../wire/wire-build.ts';
import type { Invocation } from '../spec/command-spec.ts';

type CheckInvocation = Invocation<BuildTable & typeof formatOption>;

/** `shale check`: findings on stdout; what would end a build is an error. Nothing is run, fetched or written. */
export async function runCheck(invocation: CheckInvocation): Promise<void> {
  const { options, env, stdout } = invocation;
  const { args, file: named } = whatToCheck(invocation);
  await using wired = await wireBuild(
    { ...invocation, args, options: { ...options, file: named, offline: true } },
    { onProgress: () => {} },
  );
  const images = new KnownImages();
  const noted = { ...wired.options, images: wired.options.images.map((source) => images.notedFrom(source)) };
  const facts = checkFacts(noted, { platforms: wired.platforms, images });
  const unplannable = await planFailure(noted, facts.platforms);
  const { findings, violation } = await check(noted, facts);
  const { name: file, text } = noted.dockerfile;
  const severity = violation === undefined ? 'warning' : 'error';
  const failure = unplannable ?? violation;
  const report = { file, text, findings, severity, failure } as const;
  stdout.write(options.format === 'json' ? lintJson(report) : lintText(report, palette(stdout, env)));
  if (failure !== undefined) throw failure;
}

/** This directory by default. A Dockerfile may be named like a context, as linters have it. */
function whatToCheck({ args, cwd, env, options: { file } }: CheckInvocation): {
  readonly args: readonly string[];
  readonly file: string | undefined;
} {
  const [argument] = args;
  if (argument === undefined) return { args: env['ENVBUILDER_BUILD_CONTEXT_PATH'] ? [] : ['.'], file };
  const isDockerfile = file === undefined && isTextFile(resolve(cwd, argument));
  return isDockerfile ? { args: ['.'], file: argument } : { args, file };
}

async function check({ dockerfile }: BuildOptions, facts: CheckFacts): Promise<CheckedDockerfile> {
  try {
    return await checkDockerfile(dockerfile, facts);
  } catch (error) {
    const located = locateDockerfileError(error, dockerfile);
    if (!(located instanceof ShaleError)) throw located;
    return { findings: [], violation: located };
  }
}
