import { splitBlanks } from '../words.ts';
import { type LintRule, ruleUrl } from './rule.ts';
import { writtenKeyword } from './written-keyword.ts';

export const fromAsCasing: LintRule = {
  name: 'FromAsCasing',
  description: "The 'as' keyword should match the case of the 'from' keyword",
  url: ruleUrl('FromAsCasing'),
  experimental: false,
  *check({ stages }) {
    for (const { stage } of stages) {
      const { range, source } = stage.from;
      const from = writtenKeyword(stage.from);
      const as = splitBlanks(source).at(-2) ?? '';
      // ConsistentInstructionCasing reports mixed case
      const isLower = from === from.toLowerCase();
      if (stage.name === undefined || (!isLower && from !== from.toUpperCase())) continue;
      if (as !== (isLower ? as.toLowerCase() : as.toUpperCase()))
        yield { message: `'${as}' and '${from}' keywords' casing do not match`, range };
    }
  },
};
