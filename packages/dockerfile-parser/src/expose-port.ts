import { DockerfileError } from './dockerfile-error.ts';

const PROTOCOLS: ReadonlySet<string> = new Set(['tcp', 'udp', 'sctp']);
const MAX_RANGE = 65_536;

/** `80`, `80/udp`, `8000-8010/tcp` to the keys of `ExposedPorts`, ranges written out. @throws {DockerfileError} */
export function parseExposePorts(words: readonly string[]): string[] {
  return [...new Set(words.flatMap(parsePort))];
}

function parsePort(word: string): string[] {
  const slash = word.indexOf('/');
  const protocol = (slash < 0 ? 'tcp' : word.slice(slash + 1) || 'tcp').toLowerCase();
  const mapping = slash < 0 ? word : word.slice(0, slash);
  if (mapping === '') throw new DockerfileError(`no port specified: ${word}<empty>`);
  if (!PROTOCOLS.has(protocol))
    throw new DockerfileError(`invalid proto: ${protocol}`, { hint: 'Write tcp, udp or sctp.' });
  // ip:host:container names the container's port last
  const container = mapping.slice(mapping.lastIndexOf(':') + 1);
  const [, low, high = low] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(container) ?? [];
  const [first, last] = [Number(low), Number(high)];
  if (low === undefined || last >= MAX_RANGE || first > last)
    throw new DockerfileError(`invalid containerPort: ${container}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
