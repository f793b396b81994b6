import type { Dockerfile } from '../parse.ts';
import type { LintOptions } from './lint-options.ts';
import { parsePlatform } from './platform.ts';
import { expandIn, type Variables, withValues } from './variables.ts';

const DEFAULT_PLATFORM = 'linux/amd64';

/** The variables of FROM lines: the automatic arguments, and the ARGs before the first FROM. */
export function globalVariables(
  { metaArgs, directives }: Dockerfile,
  { targetPlatform = DEFAULT_PLATFORM, buildPlatform = targetPlatform, target, buildArgs }: LintOptions,
): Variables {
  const automatic = new Map([
    ...platformArguments('TARGET', targetPlatform),
    ...platformArguments('BUILD', buildPlatform),
  ]);
  automatic.set('TARGETSTAGE', typeof target === 'string' ? target : 'default');
  for (const name of automatic.keys()) automatic.set(name, buildArgs?.get(name) ?? automatic.get(name) ?? '');
  let variables: Variables = { values: automatic, declared: new Set(), escape: directives.escape };
  for (const { key, value } of metaArgs.flatMap(({ args }) => args)) {
    const given = buildArgs?.get(key) ?? (value === undefined ? undefined : expandIn(variables, value).text);
    if (given !== undefined) variables = withValues(variables, [[key, given]]);
    variables = { ...variables, declared: new Set([...variables.declared, key]) };
  }
  return variables;
}

function platformArguments(prefix: string, platform: string): [string, string][] {
  const { os = '', architecture = '' } = parsePlatform(platform) ?? {};
  return [
    [`${prefix}PLATFORM`, platform],
    [`${prefix}OS`, os],
    [`${prefix}OSVERSION`, ''],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, platform.split('/')[2] ?? ''],
  ];
}
