import type { Directives, Escape } from './directive.ts';
import type { Command, Instruction, KeyValue } from './instruction.ts';
import type { Dockerfile } from './parse.ts';
import { breakLine, type FlagValues, printBodies, printFlags, printHeredocStart, printWords } from './print-words.ts';

/**
 * Prints a Dockerfile that parses to an equal one. Each instruction is one line. Only comments directly above instructions are
 * kept.
 * @example printDockerfile(parseDockerfile('from busybox\nrun echo \\\n  hello\n')) // 'FROM busybox\nRUN echo   hello\n'
 */
export function printDockerfile({ directives, metaArgs, stages }: Dockerfile): string {
  const instructions = [...metaArgs, ...stages.flatMap(({ from, instructions: own }) => [from, ...own])];
  const lines = instructions.map((instruction) => printWithComments(instruction, directives.escape));
  const head = printDirectives(directives);
  // after an empty line a comment cannot be read as a directive
  const gap = head !== '' || instructions[0]?.comments !== undefined ? '\n' : '';
  return `${head}${gap}${lines.join('\n')}\n`;
}

function printDirectives({ syntax, escape, check }: Directives): string {
  const lines = [
    syntax === undefined ? undefined : `# syntax=${syntax}`,
    escape === '\\' ? undefined : `# escape=${escape}`,
    check === undefined ? undefined : `# check=${check}`,
  ];
  return lines.flatMap((line) => (line === undefined ? [] : [`${line}\n`])).join('');
}

function printWithComments(instruction: Instruction, escape: Escape): string {
  const comments = (instruction.comments ?? []).map((comment) => `# ${comment}\n`).join('');
  return comments + printInstruction(instruction, escape);
}

function printInstruction(instruction: Instruction, escape: Escape): string {
  if (instruction.keyword === 'ONBUILD') return printTrigger(instruction.trigger, escape);
  const flags = printFlags(flagsOf(instruction), escape);
  const rest = argumentsOf(instruction);
  // words that look like flags must follow --
  const line = [instruction.keyword, ...flags, ...(rest.startsWith('--') ? ['--'] : []), rest].join(' ').trimEnd();
  const heredocs = 'heredocs' in instruction ? instruction.heredocs : [];
  return breakLine(line, escape) + printBodies(heredocs);
}

/** A trigger is printed as it was written, because images keep it as text. */
function printTrigger(trigger: string, escape: Escape): string {
  const lineEnd = trigger.indexOf('\n');
  const line = lineEnd < 0 ? trigger : trigger.slice(0, lineEnd);
  return breakLine(`ONBUILD ${line}`, escape) + trigger.slice(line.length);
}

function flagsOf(instruction: Instruction): FlagValues {
  switch (instruction.keyword) {
    case 'FROM':
      return { platform: instruction.platform };
    case 'RUN': {
      const { mounts: mount, network, security, devices: device } = instruction;
      return { mount, network, security, device };
    }
    case 'COPY': {
      const { from, chown, chmod, link, parents, exclude } = instruction;
      return { from, chown, chmod, link, parents, exclude };
    }
    case 'ADD': {
      const { chown, chmod, link, exclude, checksum, keepGitDir, unpack } = instruction;
      return { chown, chmod, link, exclude, checksum, 'keep-git-dir': switched(keepGitDir), unpack: switched(unpack) };
    }
    case 'HEALTHCHECK': {
      const { interval, timeout, startPeriod, startInterval, retries } = instruction;
      return {
        interval: nanoseconds(interval),
        timeout: nanoseconds(timeout),
        'start-period': nanoseconds(startPeriod),
        'start-interval': nanoseconds(startInterval),
        retries: retries === 0 ? undefined : String(retries),
      };
    }
    default:
      return {};
  }
}

const switched = (value: boolean | undefined) => (value === undefined ? undefined : String(value));
const nanoseconds = (value: number) => (value === 0 ? undefined : `${value}ns`);

function argumentsOf(instruction: Exclude<Instruction, { keyword: 'ONBUILD' }>): string {
  switch (instruction.keyword) {
    case 'FROM':
      return instruction.image + (instruction.as === undefined ? '' : ` AS ${instruction.as}`);
    case 'ARG':
      return instruction.args.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(' ');
    case 'ENV':
    case 'LABEL':
      return printPairs(instruction.pairs, instruction.legacy ? ' ' : '=');
    case 'RUN':
    case 'CMD':
    case 'ENTRYPOINT':
      return printCommand(instruction.command);
    case 'COPY':
    case 'ADD': {
      const { sources, heredocs, destination } = instruction;
      const starts = heredocs.map(printHeredocStart);
      // here-documents first, so that no quote in a file name precedes them
      return starts.length > 0 ? [...starts, ...sources, destination].join(' ') : printWords([...sources, destination]);
    }
    case 'WORKDIR':
      return instruction.path;
    case 'USER':
      return instruction.user;
    case 'STOPSIGNAL':
      return instruction.signal;
    case 'MAINTAINER':
      return instruction.name;
    case 'VOLUME':
      return printWords(instruction.paths);
    case 'EXPOSE':
      return instruction.ports.join(' ');
    case 'SHELL':
      return JSON.stringify(instruction.args);
    case 'HEALTHCHECK':
      return instruction.command === undefined ? 'NONE' : `CMD ${printCommand(instruction.command)}`;
  }
}

function printCommand(command: Command): string {
  return command.form === 'shell' ? command.text : JSON.stringify(command.args);
}

function printPairs(pairs: readonly KeyValue[], separator: string): string {
  return pairs.map(({ key, value }) => key + separator + value).join(' ');
}
