import { exposedPorts } from './exposed-ports.ts';
import { type LintRule, ruleUrl } from './rule.ts';

export const exposeProtoCasing: LintRule = {
  name: 'ExposeProtoCasing',
  description: 'Protocol in EXPOSE instruction should be lowercase',
  url: ruleUrl('ExposeProtoCasing'),
  experimental: false,
  *check({ stages }) {
    for (const { word, protocol, range } of exposedPorts(stages)) {
      if (protocol !== protocol.toLowerCase())
        yield { message: `Defined protocol '${word}' in EXPOSE instruction should be lowercase`, range };
    }
  },
};
