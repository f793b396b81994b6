import { parsePlatform } from './platform.ts';
import { type LintRule, ruleUrl } from './rule.ts';

export const fromPlatformFlagConstDisallowed: LintRule = {
  name: 'FromPlatformFlagConstDisallowed',
  description: 'FROM --platform flag should not use a constant value',
  url: ruleUrl('FromPlatformFlagConstDisallowed'),
  experimental: false,
  *check({ stages }) {
    for (const { stage, platform } of stages) {
      if (platform === undefined || platform.used.size > 0) continue;
      const parsed = parsePlatform(platform.text);
      const { name = '', from } = stage;
      // a stage with the platform in its name is for that platform on purpose
      if (parsed === undefined || name.includes(parsed.os) || name.includes(parsed.architecture)) continue;
      yield {
        message: `FROM --platform flag should not use constant value ${JSON.stringify(platform.text)}`,
        range: from.range,
      };
    }
  },
};
