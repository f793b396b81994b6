import { type LintRule, ruleUrl } from './rule.ts';

/** Settings of the builder, which have no value in a stage. */
const BUILDER_ONLY: ReadonlySet<string> = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);

export const undefinedVar: LintRule = {
  name: 'UndefinedVar',
  description: 'Variables should be defined before their use',
  url: ruleUrl('UndefinedVar'),
  experimental: false,
  *check({ stages }) {
    for (const { range, undefinedVariables } of stages.flatMap(({ steps }) => steps)) {
      for (const { name, suggestion } of undefinedVariables) {
        if (BUILDER_ONLY.has(name)) continue;
        const hint = suggestion === undefined ? '' : ` (did you mean $${suggestion}?)`;
        yield { message: `Usage of undefined variable '$${name}'${hint}`, range };
      }
    }
  },
};
