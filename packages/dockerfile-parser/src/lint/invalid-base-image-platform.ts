import { parsePlatform } from './platform.ts';
import { type LintRule, ruleUrl } from './rule.ts';

/** Ignores variants: a newer machine runs programs for an older one. */
function isSame(expected: string, actual: string): boolean {
  const [a, b] = [parsePlatform(expected), parsePlatform(actual)];
  return a === undefined || b === undefined || (a.os === b.os && a.architecture === b.architecture);
}

export const invalidBaseImagePlatform: LintRule = {
  name: 'InvalidBaseImagePlatform',
  description: 'Base image platform does not match expected target platform',
  url: ruleUrl('InvalidBaseImagePlatform'),
  experimental: false,
  *check({ stages, globals }) {
    for (const { stage, image, platform, baseImage } of stages) {
      const expected = platform?.text ?? globals.values.get('TARGETPLATFORM') ?? '';
      const actual = baseImage?.platform;
      if (actual === undefined || isSame(expected, actual)) continue;
      yield {
        message: `Base image ${image.text} was pulled with platform ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)} for current build`,
        range: stage.from.range,
      };
    }
  },
};
