import { DockerfileError } from '../dockerfile-error.ts';
import type { ArgInstruction, EnvInstruction, KeyValue } from '../instruction.ts';
import { splitFirst, splitWords } from '../words.ts';
import { atLeastOne, type Draft, type Fields } from './draft.ts';

export function parseArg({ rest, escape }: Draft): Fields<ArgInstruction> {
  const words = atLeastOne('ARG', splitWords(rest, escape));
  return { args: words.map((word) => splitPair('ARG', word) ?? { key: word, value: undefined }) };
}

/** Parses ENV and LABEL. */
export function parsePairs(keyword: 'ENV' | 'LABEL', { rest, escape }: Draft): Fields<EnvInstruction> {
  const words = atLeastOne(keyword, splitWords(rest, escape));
  if (words[0]?.includes('=') !== true) return { pairs: [legacyPair(keyword, rest)], legacy: true };
  const pairs = words.map((word) => {
    const pair = splitPair(keyword, word);
    if (pair !== undefined) return pair;
    throw new DockerfileError(
      `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      { hint: 'Quote a value that holds blanks.' },
    );
  });
  return { pairs, legacy: false };
}

function splitPair(keyword: string, word: string): KeyValue | undefined {
  const equals = word.indexOf('=');
  if (equals === 0) {
    throw new DockerfileError(`${keyword} names can not be blank`, { hint: 'Write a name before the =.' });
  }
  return equals < 0 ? undefined : { key: word.slice(0, equals), value: word.slice(equals + 1) };
}

/** Parses `ENV KEY rest of line`. */
function legacyPair(keyword: string, rest: string): KeyValue {
  const [key, value] = splitFirst(rest);
  if (value !== '') return { key, value };
  throw new DockerfileError(`${keyword} must have two arguments`, { hint: `Write ${keyword} name=value.` });
}
