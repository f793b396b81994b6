import { type LintRule, ruleUrl } from './rule.ts';

export const duplicateStageName: LintRule = {
  name: 'DuplicateStageName',
  description: 'Stage names should be unique',
  url: ruleUrl('DuplicateStageName'),
  experimental: false,
  *check({ stages }) {
    const seen = new Set<string>();
    for (const { stage } of stages) {
      const { name, from } = stage;
      if (name === undefined) continue;
      if (seen.has(name))
        yield {
          message: `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
          range: from.range,
        };
      seen.add(name);
    }
  },
};
