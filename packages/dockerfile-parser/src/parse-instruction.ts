import type { Escape } from './directive.ts';
import { DockerfileError } from './dockerfile-error.ts';
import { parseDuration } from './duration.ts';
import type { FlagKind, ParsedFlags } from './flags.ts';
import { parseFlags } from './flags.ts';
import { findHeredocs, parseHeredocStart, readHeredocs } from './heredoc.ts';
import type {
  AddInstruction,
  Command,
  CopyInstruction,
  FromInstruction,
  HealthcheckInstruction,
  Heredoc,
  Instruction,
  Keyword,
  KeyValue,
  OnbuildInstruction,
  RunInstruction,
} from './instruction.ts';
import type { LogicalLine } from './logical-line.ts';
import { LineReader, splitLines } from './logical-line.ts';
import { suggest } from './suggest.ts';
import { parseJsonForm, splitBlanks, splitWords } from './words.ts';

const FLAGS: Readonly<Record<Keyword, Readonly<Record<string, FlagKind>>>> = {
  FROM: { platform: 'text' },
  RUN: { mount: 'list', network: 'text', security: 'text', device: 'list' },
  COPY: { from: 'text', chown: 'text', chmod: 'text', link: 'boolean', parents: 'boolean', exclude: 'list' },
  ADD: {
    chown: 'text',
    chmod: 'text',
    link: 'boolean',
    exclude: 'list',
    checksum: 'text',
    'keep-git-dir': 'boolean',
    unpack: 'boolean',
  },
  HEALTHCHECK: { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
  ARG: {},
  ENV: {},
  LABEL: {},
  CMD: {},
  ENTRYPOINT: {},
  WORKDIR: {},
  USER: {},
  VOLUME: {},
  EXPOSE: {},
  STOPSIGNAL: {},
  SHELL: {},
  ONBUILD: {},
  MAINTAINER: {},
};
export const KEYWORDS: readonly string[] = Object.keys(FLAGS);
const HEREDOC_KEYWORDS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);

/** What the parsing of one instruction works on. */
interface Draft {
  readonly line: LogicalLine;
  readonly escape: Escape;
  readonly flags: ParsedFlags;
  /** The text after keyword and flags. */
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
}

/** Reads a trigger as `config.OnBuild` holds it, here-documents included. */
export function parseInstruction(text: string): Instruction {
  const reader = new LineReader(splitLines(text), '\\');
  const line = reader.readInstruction();
  if (line === undefined) throw new DockerfileError('the instruction is empty');
  return readInstruction(line, reader, '\\');
}

/** Parses one instruction, taking the lines of its here-documents from `reader`. Errors get its lines. */
export function readInstruction(line: LogicalLine, reader: LineReader, escape: Escape): Instruction {
  try {
    return parseLine(line, reader, escape);
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    const range = error.range ?? {
      startLine: line.range.startLine,
      endLine: Math.max(line.range.endLine, reader.position),
    };
    throw new DockerfileError(`dockerfile parse error on line ${line.range.startLine}: ${error.message}`, {
      range,
      hint: error.hint,
      cause: error.cause,
    });
  }
}

function parseLine(line: LogicalLine, reader: LineReader, escape: Escape): Instruction {
  const [, word = '', body = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line.text) ?? [];
  const keyword = word.toUpperCase();
  if (!isKeyword(keyword)) {
    const close = suggest(keyword, KEYWORDS);
    throw new DockerfileError(`unknown instruction: ${word}${close === undefined ? '' : ` (did you mean ${close}?)`}`);
  }
  const flags = parseFlags(body, FLAGS[keyword], escape);
  const starts = takesHeredocs(keyword, flags.rest) ? findHeredocs(flags.rest) : [];
  const heredocs = readHeredocs(starts, reader, line.range);
  const whole = {
    ...line,
    range: { startLine: line.range.startLine, endLine: Math.max(line.range.endLine, reader.position) },
  };
  const range = heredocs.length > 0 ? whole.range : line.range;
  return build(keyword, { line: { ...line, range }, escape, flags, rest: flags.rest.trim(), heredocs });
}

function isKeyword(text: string): text is Keyword {
  return Object.hasOwn(FLAGS, text);
}

function takesHeredocs(keyword: Keyword, rest: string): boolean {
  const [, nested] = keyword === 'ONBUILD' ? (/^(\S+)\s/.exec(rest) ?? []) : [];
  return HEREDOC_KEYWORDS.has(nested?.toUpperCase() ?? keyword) && parseJsonForm(rest) === undefined;
}

function build(keyword: Keyword, draft: Draft): Instruction {
  const { line, rest } = draft;
  const common = { range: line.range, source: line.text };
  switch (keyword) {
    case 'FROM':
      return { keyword, ...common, ...parseFrom(draft) };
    case 'ARG':
      return { keyword, ...common, args: parseArgs(draft) };
    case 'ENV':
    case 'LABEL':
      return { keyword, ...common, pairs: parsePairs(keyword, draft) };
    case 'RUN':
      return { keyword, ...common, ...parseRun(draft) };
    case 'COPY':
      return { keyword, ...common, ...parseCopy(draft) };
    case 'ADD':
      return { keyword, ...common, ...parseAdd(draft) };
    case 'CMD':
    case 'ENTRYPOINT':
      return { keyword, ...common, command: parseCommand(rest) };
    case 'WORKDIR':
      return { keyword, ...common, path: exactlyOne(keyword, rest) };
    case 'USER':
      return { keyword, ...common, user: exactlyOne(keyword, rest) };
    case 'STOPSIGNAL':
      return { keyword, ...common, signal: exactlyOne(keyword, rest) };
    case 'MAINTAINER':
      return { keyword, ...common, name: exactlyOne(keyword, rest) };
    case 'VOLUME':
      return { keyword, ...common, paths: parseVolume(rest) };
    case 'EXPOSE':
      return {
        keyword,
        ...common,
        ports: atLeastOne(
          keyword,
          rest.split(/\s+/).filter((word) => word !== ''),
        ),
      };
    case 'SHELL':
      return { keyword, ...common, args: parseShell(rest) };
    case 'HEALTHCHECK':
      return { keyword, ...common, ...parseHealthcheck(draft) };
    case 'ONBUILD':
      return { keyword, ...common, ...parseOnbuild(draft) };
  }
}

function parseFrom({ rest, flags }: Draft): Omit<FromInstruction, 'keyword' | 'range' | 'source'> {
  const words = rest.split(/\s+/).filter((word) => word !== '');
  const [image = '', as, name] = words;
  if (words.length !== 1 && (words.length !== 3 || as?.toUpperCase() !== 'AS')) {
    throw new DockerfileError('FROM requires either one or three arguments', {
      hint: 'Write FROM image, or FROM image AS name.',
    });
  }
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw new DockerfileError(
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    );
  }
  return { image, platform: flags.text('platform'), as: name };
}

function parseArgs({ rest, escape }: Draft): { key: string; value: string | undefined }[] {
  const words = atLeastOne('ARG', splitWords(rest, escape));
  return words.map((word) => {
    const equals = word.indexOf('=');
    const key = equals < 0 ? word : word.slice(0, equals);
    if (key === '') throw new DockerfileError('ARG names can not be blank');
    return { key, value: equals < 0 ? undefined : word.slice(equals + 1) };
  });
}

function parsePairs(keyword: 'ENV' | 'LABEL', { rest, escape }: Draft): KeyValue[] {
  const words = atLeastOne(keyword, splitWords(rest, escape));
  if (!(words[0] ?? '').includes('=')) return [legacyPair(keyword, rest)];
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw new DockerfileError(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    if (equals === 0) throw new DockerfileError(`${keyword} names can not be blank`);
    return { key: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

/** `ENV KEY rest of line` */
function legacyPair(keyword: string, rest: string): KeyValue {
  const [, key = '', value] = /^(\S+)\s+([\s\S]+)$/.exec(rest) ?? [];
  if (value === undefined)
    throw new DockerfileError(`${keyword} must have two arguments`, { hint: `Write ${keyword} name=value.` });
  return { key, value };
}

function parseRun({ rest, flags, heredocs }: Draft): Omit<RunInstruction, 'keyword' | 'range' | 'source'> {
  const command = parseCommand(rest);
  if (command.form === 'shell' && rest === '') throw new DockerfileError('RUN requires at least one argument');
  return {
    command,
    heredocs,
    mounts: flags.list('mount'),
    network: flags.text('network'),
    security: flags.text('security'),
    devices: flags.list('device'),
  };
}

function parseCommand(rest: string): Command {
  const json = parseJsonForm(rest);
  if (json === undefined) return { form: 'shell', text: rest };
  if ('error' in json) throw new DockerfileError(json.error);
  return { form: 'exec', args: json.args };
}

type CopyParts = Pick<CopyInstruction, 'sources' | 'destination' | 'heredocs' | 'chown' | 'chmod' | 'link' | 'exclude'>;

function parseCopy(draft: Draft): Omit<CopyInstruction, 'keyword' | 'range' | 'source'> {
  const { flags } = draft;
  const from = flags.text('from');
  if (from?.includes('$') === true) {
    throw new DockerfileError(
      'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
    );
  }
  return { ...parseCopyLike('COPY', draft), from, parents: flags.boolean('parents') ?? false };
}

function parseAdd(draft: Draft): Omit<AddInstruction, 'keyword' | 'range' | 'source'> {
  const { flags } = draft;
  return {
    ...parseCopyLike('ADD', draft),
    checksum: flags.text('checksum'),
    keepGitDir: flags.boolean('keep-git-dir'),
    unpack: flags.boolean('unpack'),
  };
}

function parseCopyLike(keyword: 'COPY' | 'ADD', { rest, flags, heredocs }: Draft): CopyParts {
  const json = parseJsonForm(rest);
  if (json !== undefined && 'error' in json) throw new DockerfileError(json.error);
  const words = atLeastOne(keyword, json?.args ?? splitBlanks(rest));
  const destination = words.at(-1) ?? '';
  if (words.length < 2) {
    throw new DockerfileError(
      `${keyword} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  if (json === undefined && parseHeredocStart(destination) !== undefined) {
    throw new DockerfileError(`${keyword} cannot accept a heredoc as a destination`);
  }
  const sources = words.slice(0, -1);
  return {
    sources: json === undefined ? sources.filter((word) => parseHeredocStart(word) === undefined) : sources,
    destination,
    heredocs,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.boolean('link') ?? false,
    exclude: flags.list('exclude'),
  };
}

function parseVolume(rest: string): readonly string[] {
  const json = parseJsonForm(rest);
  if (json !== undefined && 'error' in json) throw new DockerfileError(json.error);
  const paths = atLeastOne('VOLUME', json?.args ?? splitBlanks(rest));
  if (paths.some((path) => path.trim() === ''))
    throw new DockerfileError('VOLUME specified can not be an empty string');
  return paths;
}

function parseShell(rest: string): readonly string[] {
  const json = parseJsonForm(rest);
  if (json !== undefined && 'error' in json) throw new DockerfileError(json.error);
  if (json === undefined)
    throw new DockerfileError('SHELL requires the arguments to be in JSON form', {
      hint: 'Write SHELL ["/bin/bash", "-c"].',
    });
  return atLeastOne('SHELL', json.args);
}

function parseHealthcheck({ rest, flags }: Draft): Omit<HealthcheckInstruction, 'keyword' | 'range' | 'source'> {
  const [, word = '', argument = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  const type = word.toUpperCase();
  if (type === '') throw new DockerfileError('HEALTHCHECK requires at least one argument');
  if (type === 'NONE' && argument !== '') throw new DockerfileError('HEALTHCHECK NONE takes no arguments');
  if (type !== 'NONE' && type !== 'CMD')
    throw new DockerfileError(`Unknown type ${JSON.stringify(word)} in HEALTHCHECK (try CMD)`);
  if (type === 'CMD' && argument === '') throw new DockerfileError('Missing command after HEALTHCHECK CMD');
  const duration = (name: string, label: string) => healthDuration(flags.text(name), label);
  return {
    command: type === 'NONE' ? undefined : parseCommand(argument),
    interval: duration('interval', 'Interval'),
    timeout: duration('timeout', 'Timeout'),
    startPeriod: duration('start-period', 'StartPeriod'),
    startInterval: duration('start-interval', 'StartInterval'),
    retries: healthRetries(flags.text('retries')),
  };
}

function healthDuration(text: string | undefined, label: string): number {
  if (text === undefined) return 0;
  const nanoseconds = parseDuration(text);
  if (nanoseconds !== 0 && nanoseconds < 1e6)
    throw new DockerfileError(`${label} ${JSON.stringify(text)} cannot be less than 1ms`);
  return nanoseconds;
}

function healthRetries(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^[+-]?\d+$/.test(text)) throw new DockerfileError(`--retries must be a number, not ${JSON.stringify(text)}`);
  const retries = Number(text);
  if (retries < 0) throw new DockerfileError(`--retries cannot be negative (${retries})`);
  return retries;
}

function parseOnbuild({
  line,
  rest,
  escape,
  heredocs,
}: Draft): Omit<OnbuildInstruction, 'keyword' | 'range' | 'source'> {
  const [word = ''] = rest.split(/\s/, 1);
  const nested = word.toUpperCase();
  if (nested === '') throw new DockerfileError('ONBUILD requires at least one argument');
  if (nested === 'ONBUILD') throw new DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (nested === 'MAINTAINER' || nested === 'FROM')
    throw new DockerfileError(`${nested} isn't allowed as an ONBUILD trigger`);
  const bodies = heredocs.map(({ name, content }) => `${content}${name}\n`).join('');
  const trigger = bodies === '' ? rest : `${rest}\n${bodies}`;
  const lines = new LineReader(splitLines(bodies), escape);
  return { trigger, instruction: parseLine({ ...line, text: rest }, lines, escape) };
}

function exactlyOne(keyword: string, rest: string): string {
  if (rest === '') throw new DockerfileError(`${keyword} requires exactly one argument`);
  return rest;
}

function atLeastOne<T>(keyword: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw new DockerfileError(`${keyword} requires at least one argument`);
  return items;
}
