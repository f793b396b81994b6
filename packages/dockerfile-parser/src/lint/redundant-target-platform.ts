import { type LintRule, ruleUrl } from './rule.ts';

export const redundantTargetPlatform: LintRule = {
  name: 'RedundantTargetPlatform',
  description: 'Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
  url: ruleUrl('RedundantTargetPlatform'),
  experimental: false,
  *check({ stages, globals }) {
    for (const { stage, platform } of stages) {
      if (platform === undefined || platform.used.size !== 1 || platform.unset.size > 0) continue;
      if (!platform.used.has('TARGETPLATFORM') || platform.text !== globals.values.get('TARGETPLATFORM')) continue;
      yield {
        message: `Setting platform to predefined ${stage.from.platform} in FROM is redundant as this is the default behavior`,
        range: stage.from.range,
      };
    }
  },
};
