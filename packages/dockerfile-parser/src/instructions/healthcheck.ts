import { DockerfileError } from '../dockerfile-error.ts';
import { parseDuration } from '../duration.ts';
import type { Command, HealthcheckInstruction } from '../instruction.ts';
import { splitFirst } from '../words.ts';
import { parseCommand } from './command.ts';
import { argumentHint, type Draft, type Fields } from './draft.ts';

const MIN_NANOSECONDS = 1e6;
const MAX_RETRIES = 2 ** 31 - 1;
const RETRIES_HINT = "Write how many failures in a row make it unhealthy; 0 inherits the base image's.";

export function parseHealthcheck({ rest, flags }: Draft): Fields<HealthcheckInstruction> {
  return {
    command: parseTest(rest),
    interval: parseInterval('interval', flags.text('interval')),
    timeout: parseInterval('timeout', flags.text('timeout')),
    startPeriod: parseInterval('start-period', flags.text('start-period')),
    startInterval: parseInterval('start-interval', flags.text('start-interval')),
    retries: parseRetries(flags.text('retries')),
  };
}

function parseTest(rest: string): Command | undefined {
  const [word, argument] = splitFirst(rest);
  const type = word.toUpperCase();
  if (type === '')
    throw new DockerfileError('HEALTHCHECK requires at least one argument', { hint: argumentHint('HEALTHCHECK') });
  if (type === 'NONE') {
    if (argument !== '') {
      throw new DockerfileError('HEALTHCHECK NONE takes no arguments', {
        hint: 'Write HEALTHCHECK NONE alone, or CMD before the command.',
      });
    }
    return undefined;
  }
  if (type !== 'CMD') {
    throw new DockerfileError(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`, {
      hint: 'Write HEALTHCHECK CMD and the command, or HEALTHCHECK NONE.',
    });
  }
  const command = parseCommand(argument);
  const isEmpty = command.form === 'shell' ? command.text === '' : command.args.length === 0;
  if (isEmpty)
    throw new DockerfileError('Missing command after HEALTHCHECK CMD', {
      hint: 'Write HEALTHCHECK CMD and the command, or HEALTHCHECK NONE.',
    });
  return command;
}

function parseInterval(flag: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const nanoseconds = parseDuration(text);
  if (nanoseconds === 0 || nanoseconds >= MIN_NANOSECONDS) return nanoseconds;
  throw new DockerfileError(`Interval ${JSON.stringify(text)} cannot be less than 1ms`, {
    hint: `It is the value of --${flag}; 0 inherits the base image's.`,
  });
}

function parseRetries(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  const retries = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (retries < 0) throw new DockerfileError(`--retries cannot be negative (${retries})`, { hint: RETRIES_HINT });
  if (retries <= MAX_RETRIES) return Math.abs(retries);
  throw new DockerfileError(`--retries must be a whole number, not ${JSON.stringify(text)}`, { hint: RETRIES_HINT });
}
