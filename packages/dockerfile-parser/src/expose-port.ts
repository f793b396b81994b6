import { DockerfileError } from './dockerfile-error.ts';

/** The parts of one word of EXPOSE. */
export interface PortSpec {
  /** Ignored: it has no meaning for an image. */
  readonly hostIp: string;
  /** Ignored: it has no meaning for an image. */
  readonly hostPort: string;
  /** A port or a range. */
  readonly containerPort: string;
  /** As written; `tcp` by default. */
  readonly protocol: string;
}

const PROTOCOLS: readonly string[] = ['tcp', 'udp', 'sctp'];
const MAX_PORT = 65_535;
const HINT = 'Write a port or a range, at most 65535, and tcp, udp or sctp, as in 8000-8010/tcp.';
const IP = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\]?)$/;

/**
 * Turns words such as `80`, `80/udp` and `8000-8010/tcp` into the keys of `ExposedPorts`: each port once, sorted.
 * @throws {DockerfileError} `invalid port: …`, `invalid containerPort: …`
 */
export function parseExposePorts(words: readonly string[]): string[] {
  return [...new Set(words.flatMap(portsOf))].toSorted();
}

/** Splits `[ip:][host:]port[/protocol]` without checking the numbers. @throws {DockerfileError} `invalid port: …` */
export function parsePortSpec(word: string): PortSpec {
  const parts = word.split(':');
  const last = parts.pop() ?? '';
  const hostPort = parts.pop() ?? '';
  const slash = last.indexOf('/');
  const containerPort = slash < 0 ? last : last.slice(0, slash);
  const protocol = (slash < 0 ? '' : last.slice(slash + 1)) || 'tcp';
  const fail = (problem: string) =>
    new DockerfileError(`invalid port: ${JSON.stringify(word)}: ${problem}`, { hint: HINT });
  if (containerPort === '') throw fail(`no port specified: ${word}`);
  if (!PROTOCOLS.includes(protocol.toLowerCase())) throw fail(`invalid proto: ${protocol}`);
  return { hostIp: parts.join(':'), hostPort, containerPort, protocol };
}

function portsOf(word: string): string[] {
  const { hostIp, hostPort, containerPort, protocol } = parsePortSpec(word);
  if (hostIp !== '' && !IP.test(hostIp)) throw new DockerfileError(`invalid IP address: ${hostIp}`, { hint: HINT });
  const container = parseRange(containerPort, 'containerPort');
  const host = hostPort === '' ? container : parseRange(hostPort, 'hostPort');
  const length = container.last - container.first + 1;
  if (length > 1 && host.last - host.first + 1 !== length) {
    throw new DockerfileError(
      `invalid ranges specified for container and host Ports: ${containerPort} and ${hostPort}`,
      { hint: HINT },
    );
  }
  return Array.from({ length }, (_, index) => `${container.first + index}/${protocol.toLowerCase()}`);
}

function parseRange(text: string, kind: 'containerPort' | 'hostPort'): { first: number; last: number } {
  const [, low = '', high = low] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(low), Number(high)];
  if (low === '' || last > MAX_PORT || first > last)
    throw new DockerfileError(`invalid ${kind}: ${text}`, { hint: HINT });
  return { first, last };
}
