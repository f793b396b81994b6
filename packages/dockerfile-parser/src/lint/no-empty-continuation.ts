import { type LintRule, ruleUrl } from './rule.ts';

export const noEmptyContinuation: LintRule = {
  name: 'NoEmptyContinuation',
  description: 'Empty continuation lines will become errors in a future release',
  url: ruleUrl('NoEmptyContinuation'),
  experimental: false,
  *check({ dockerfile, stages }) {
    const isLookedAt = (line: number) =>
      stages.some(({ stage: { range } }) => line >= range.startLine && line <= range.endLine);
    const firstStage = dockerfile.stages[0]?.range.startLine ?? 0;
    for (const { type, range } of dockerfile.warnings) {
      const isOfStage = range.startLine >= firstStage;
      if (type === 'empty-continuation' && (!isOfStage || isLookedAt(range.startLine)))
        yield { message: 'Empty continuation line', range };
    }
  },
};
