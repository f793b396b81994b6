import type { Escape } from './directive.ts';
import { DockerfileError, placed } from './dockerfile-error.ts';
import type { FlagKind } from './flags.ts';
import { parseFlags } from './flags.ts';
import { findHeredocs, readHeredocs } from './heredoc.ts';
import type { Instruction, Keyword } from './instruction.ts';
import { parseCommand, parseRun, parseShell } from './instructions/command.ts';
import { parseAdd, parseCopy } from './instructions/copy.ts';
import { atLeastOne, type Draft, exactlyOne } from './instructions/draft.ts';
import { parseFrom } from './instructions/from.ts';
import { parseHealthcheck } from './instructions/healthcheck.ts';
import { parseArg, parsePairs } from './instructions/key-value.ts';
import { parseOnbuild } from './instructions/onbuild.ts';
import { parseVolume } from './instructions/volume.ts';
import { parseJsonForm } from './json-form.ts';
import type { LogicalLine } from './logical-line.ts';
import { LineReader, splitLines } from './logical-line.ts';
import { didYouMean } from './suggest.ts';
import { splitBlanks, splitFirst } from './words.ts';

type Flags = Readonly<Record<string, FlagKind>>;

const COPY_FLAGS: Flags = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' };
const FLAGS: Readonly<Record<Keyword, Flags>> = {
  ADD: { ...COPY_FLAGS, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' },
  ARG: {},
  CMD: {},
  COPY: { ...COPY_FLAGS, from: 'text', parents: 'boolean' },
  ENTRYPOINT: {},
  ENV: {},
  EXPOSE: {},
  FROM: { platform: 'text' },
  HEALTHCHECK: { interval: 'text', timeout: 'text', 'start-period': 'text', 'start-interval': 'text', retries: 'text' },
  LABEL: {},
  MAINTAINER: {},
  ONBUILD: {},
  RUN: { mount: 'list', network: 'text', security: 'text', device: 'list' },
  SHELL: {},
  STOPSIGNAL: {},
  USER: {},
  VOLUME: {},
  WORKDIR: {},
};
const KEYWORDS: readonly string[] = Object.keys(FLAGS);

/** The flags of each instruction, without dashes. */
export const instructionFlags: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(FLAGS).map(([keyword, flags]) => [keyword, Object.keys(flags)]),
);

const HEREDOC_KEYWORDS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);

/**
 * Reads a trigger from `config.OnBuild`, with here-documents.
 * @throws {DockerfileError}
 * @example parseInstruction('RUN make').keyword // 'RUN'
 */
export function parseInstruction(text: string): Instruction {
  const reader = new LineReader(splitLines(text), '\\');
  const line = reader.readInstruction();
  if (line === undefined) throw new DockerfileError('the instruction is empty');
  return readInstruction(line, reader, '\\');
}

/** Parses an instruction, and reads its here-documents from `reader`. Errors get the lines of the instruction. */
export function readInstruction(line: LogicalLine, reader: LineReader, escape: Escape): Instruction {
  const range = () => ({ startLine: line.range.startLine, endLine: reader.position });
  return placed(range, () => parseLine(line, reader, escape));
}

function parseLine(line: LogicalLine, reader: LineReader, escape: Escape): Instruction {
  const [word, body] = splitFirst(line.text);
  const keyword = word.toUpperCase();
  if (!isKeyword(keyword)) throw unknownInstruction(word);
  const flags = parseFlags(body, FLAGS[keyword], escape);
  const rest = flags.rest.trim();
  const heredocs = readHeredocs(findHeredocs(heredocText(keyword, rest, escape)), reader);
  const endLine = heredocs.length > 0 ? Math.max(line.range.endLine, reader.position) : line.range.endLine;
  const range = { startLine: line.range.startLine, endLine };
  return build(keyword, { line: { ...line, range }, escape, flags, rest, heredocs });
}

function isKeyword(text: string): text is Keyword {
  return Object.hasOwn(FLAGS, text);
}

function unknownInstruction(word: string): DockerfileError {
  return new DockerfileError(`unknown instruction: ${word}${didYouMean(word.toUpperCase(), KEYWORDS)}`, {
    hint: 'A line that continues the one before needs the escape character at the end of that one.',
  });
}

/** The text that may start here-documents: none in the exec form, and that of the trigger for ONBUILD. */
function heredocText(keyword: Keyword, rest: string, escape: Escape): string {
  if (keyword === 'ONBUILD') {
    const [word, body] = splitFirst(rest);
    const nested = word.toUpperCase();
    if (!isKeyword(nested) || nested === keyword) return '';
    return heredocText(nested, parseFlags(body, FLAGS[nested], escape).rest.trim(), escape);
  }
  return HEREDOC_KEYWORDS.has(keyword) && parseJsonForm(rest) === undefined ? rest : '';
}

function build(keyword: Keyword, draft: Draft): Instruction {
  const { line, rest } = draft;
  const comments = line.comments.length > 0 ? { comments: line.comments } : {};
  const common = { range: line.range, source: line.text, ...comments };
  switch (keyword) {
    case 'FROM':
      return { keyword, ...common, ...parseFrom(draft) };
    case 'ARG':
      return { keyword, ...common, ...parseArg(draft) };
    case 'ENV':
    case 'LABEL':
      return { keyword, ...common, ...parsePairs(keyword, draft) };
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
      return { keyword, ...common, ...parseVolume(draft) };
    case 'EXPOSE':
      return { keyword, ...common, ports: atLeastOne(keyword, splitBlanks(rest)) };
    case 'SHELL':
      return { keyword, ...common, ...parseShell(draft) };
    case 'HEALTHCHECK':
      return { keyword, ...common, ...parseHealthcheck(draft) };
    case 'ONBUILD':
      return { keyword, ...common, ...parseOnbuild(draft, (inner, reader) => parseLine(inner, reader, draft.escape)) };
  }
}
