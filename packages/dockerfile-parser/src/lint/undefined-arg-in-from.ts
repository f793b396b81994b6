import { suggest } from '../suggest.ts';
import { type LintRule, ruleUrl } from './rule.ts';

export const undefinedArgInFrom: LintRule = {
  name: 'UndefinedArgInFrom',
  description: 'FROM command must use declared ARGs',
  url: ruleUrl('UndefinedArgInFrom'),
  experimental: false,
  *check({ stages, globals }) {
    const known = [...new Set([...globals.declared, ...globals.values.keys()])];
    for (const { stage, image, platform } of stages) {
      for (const name of new Set([...image.unset, ...(platform?.unset ?? [])])) {
        if (known.includes(name)) continue;
        const close = suggest(name, known);
        yield {
          message: `FROM argument '${name}' is not declared${close === undefined ? '' : ` (did you mean ${close}?)`}`,
          range: stage.from.range,
        };
      }
    }
  },
};
