import {
  formatPlatform,
  hostPlatform,
  type Image,
  parsePlatform,
  parseReference,
  type Platform,
  ShaleError,
} from '@shale/core';
import { type Dockerfile, parseDockerfile } from '@shale/dockerfile-parser';
import {
  type BaseImage,
  failOnFindings,
  type Finding,
  lint,
  type LintOptions,
  LintViolationError,
} from '@shale/dockerfile-parser/lint';
import type { DockerfileSource } from '../graph/dockerfile-source.ts';
import { checkArgument } from './check-argument.ts';
import type { CheckedDockerfile, CheckFacts } from './check-dockerfile.ts';

/** Runs the build checks for each platform. */
export function lintDockerfile({ name, text }: DockerfileSource, facts: CheckFacts): CheckedDockerfile {
  const dockerfile = parseDockerfile(text, { file: name });
  const findings = new Map<string, Finding>();
  for (const platform of facts.platforms) {
    for (const finding of lint(dockerfile, lintOptions(dockerfile, facts, platform)))
      findings.set(`${finding.range.startLine} ${finding.rule} ${finding.message}`, finding);
  }
  const found = [...findings.values()].toSorted((a, b) => a.range.startLine - b.range.startLine);
  return { findings: found, violation: violationOf(dockerfile, found, facts) };
}

class LintFailedError extends ShaleError {
  readonly code = 'LINT_VIOLATION';
}

function violationOf(
  dockerfile: Dockerfile,
  findings: readonly Finding[],
  { buildArgs }: CheckFacts,
): ShaleError | undefined {
  try {
    failOnFindings(dockerfile, findings, { check: checkArgument(buildArgs) });
    return undefined;
  } catch (cause) {
    if (!(cause instanceof LintViolationError)) throw cause;
    return new LintFailedError(cause.message, { hint: cause.hint, cause });
  }
}

function lintOptions(dockerfile: Dockerfile, facts: CheckFacts, platform: Platform): LintOptions {
  return {
    buildArgs: new Map(Object.entries(facts.buildArgs)),
    target: facts.target ?? dockerfile.stages.length - 1,
    targetPlatform: formatPlatform(platform),
    buildPlatform: formatPlatform(hostPlatform()),
    baseImage: (name, wanted) => baseImage(name, wanted, facts),
    ignores: facts.ignores,
    check: checkArgument(facts.buildArgs),
  };
}

/** Invalid names and platforms are skipped here: planning the build reports them. */
function baseImage(name: string, platform: string, { namedContexts, images }: CheckFacts): BaseImage | undefined {
  const named = namedContexts.get(name.toLowerCase());
  try {
    const reference = parseReference(named?.type === 'image' ? named.reference : name);
    const image = images.get(reference, parsePlatform(platform));
    return image && factsOf(image);
  } catch (error) {
    if (error instanceof ShaleError) return undefined;
    throw error;
  }
}

function factsOf({ config }: Image): BaseImage {
  const { Env: environment, Shell: shell, OnBuild: onBuild } = config.config;
  return { platform: formatPlatform(config), environment, shell, onBuild };
}
