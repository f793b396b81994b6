import { type LintRule, ruleUrl } from './rule.ts';

export const stageNameCasing: LintRule = {
  name: 'StageNameCasing',
  description: 'Stage names should be lowercase',
  url: ruleUrl('StageNameCasing'),
  experimental: false,
  *check({ stages }) {
    for (const { stage } of stages) {
      const { as, range } = stage.from;
      if (as !== undefined && as !== stage.name) yield { message: `Stage name '${as}' should be lowercase`, range };
    }
  },
};
