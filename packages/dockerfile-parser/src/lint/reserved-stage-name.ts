import { type LintRule, ruleUrl } from './rule.ts';

const RESERVED: ReadonlySet<string> = new Set(['context', 'scratch']);

export const reservedStageName: LintRule = {
  name: 'ReservedStageName',
  description: 'Reserved words should not be used as stage names',
  url: ruleUrl('ReservedStageName'),
  experimental: false,
  *check({ stages }) {
    for (const { stage } of stages) {
      const { name, from } = stage;
      if (name !== undefined && RESERVED.has(name))
        yield {
          message: `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
          range: from.range,
        };
    }
  },
};
