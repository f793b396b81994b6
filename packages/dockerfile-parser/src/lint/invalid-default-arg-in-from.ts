import { type LintRule, ruleUrl } from './rule.ts';
import { expandIn } from './variables.ts';

const MAX_NAME = 4096;
const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?\//;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;

/** `[host/]repository[:tag][@digest]` */
function isImageName(text: string): boolean {
  if (text.length > MAX_NAME) return false;
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const path = hasTag ? name.slice(0, colon) : name;
  const isTagged = !hasTag || TAG.test(name.slice(colon + 1));
  const isPinned = at < 0 || DIGEST.test(text.slice(at + 1));
  return isTagged && isPinned && (REPOSITORY.test(path) || REPOSITORY.test(path.replace(HOST, '')));
}

export const invalidDefaultArgInFrom: LintRule = {
  name: 'InvalidDefaultArgInFrom',
  description: 'Default value for global ARG results in an empty or invalid base image name',
  url: ruleUrl('InvalidDefaultArgInFrom'),
  experimental: false,
  *check({ stages, defaults }) {
    for (const { stage } of stages) {
      const { image, range } = stage.from;
      if (!isImageName(expandIn(defaults, image).text))
        yield { message: `Default value for ARG ${image} results in empty or invalid base image name`, range };
    }
  },
};
