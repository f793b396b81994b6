import { type LintRule, ruleUrl } from './rule.ts';

export const maintainerDeprecated: LintRule = {
  name: 'MaintainerDeprecated',
  description: 'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
  url: ruleUrl('MaintainerDeprecated'),
  experimental: false,
  *check({ stages }) {
    for (const { instruction, range } of stages.flatMap(({ steps }) => steps)) {
      if (instruction.keyword === 'MAINTAINER')
        yield { message: 'Maintainer instruction is deprecated in favor of using label', range };
    }
  },
};
