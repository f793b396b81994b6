import { exposedPorts } from './exposed-ports.ts';
import { type LintRule, ruleUrl } from './rule.ts';

export const exposeInvalidFormat: LintRule = {
  name: 'ExposeInvalidFormat',
  description:
    'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
  url: ruleUrl('ExposeInvalidFormat'),
  experimental: false,
  *check({ stages }) {
    for (const { word, hostIp, hostPort, range } of exposedPorts(stages)) {
      if (hostIp !== '' || hostPort !== '')
        yield {
          message: `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`,
          range,
        };
    }
  },
};
