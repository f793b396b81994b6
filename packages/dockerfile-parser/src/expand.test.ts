import { describe, expect, it } from 'vitest';
import { expandHeredoc, expandWord, expandWords } from './expand.ts';

const refusal = (message: string) => expect.objectContaining({ name: 'DockerfileError', message });

const VALUES: Readonly<Record<string, string>> = {
  A: 'one',
  EMPTY: '',
  PATHS: '/usr/bin:/bin:/usr/sbin',
  FILE: 'archive.tar.gz',
  STARS: 'a*b*c',
  WORDS: 'x  y',
  한글: 'hangul',
};
const lookup = (name: string) => VALUES[name];
const text = (word: string) => expandWord(word, lookup).text;

it.each([
  ['plain', 'plain'],
  ['$A', 'one'],
  ['${A}', 'one'],
  ['x${A}y$A.z', 'xoneyone.z'],
  ['$NONE.', '.'],
  ['$A_', ''],
  ['$한글!', 'hangul!'],
  ['$', '$'],
  ['$ $.', '$ $.'],
  ['$1$23$@$*$#$?$-$$$!$0.', '.'],
  ['${1}${@}${#}.', '.'],
])('expandWord() puts values in: %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

it.each([
  ['\'$A "b" \\\'', '$A "b" \\'],
  ['"$A \'b\'"', "one 'b'"],
  ['"\\"\\$A\\\\ \\n"', '"$A\\ \\n'],
  ['\\$A\\n\\\\', '$An\\'],
  ['a"b c"\'d\'e', 'ab cde'],
  ['end\\', 'end'],
  ['""', ''],
])('expandWord() takes quotes and escapes out: %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

it('expandWord() escapes with a backtick where the file says so', () => {
  expect(expandWord('C:\\$A\\`$A"`""', lookup, { escape: '`' }).text).toBe('C:\\one\\$A"');
});

it.each([
  ['${NONE:-d}', 'd'],
  ['${NONE-d}', 'd'],
  ['${EMPTY:-d}', 'd'],
  ['${EMPTY-d}', ''],
  ['${A:-d}', 'one'],
  ['${A:+alt}', 'alt'],
  ['${EMPTY:+alt}', ''],
  ['${EMPTY+alt}', 'alt'],
  ['${NONE+alt}', ''],
  ['${NONE:-${EMPTY:-${A}}}', 'one'],
  ['${NONE:-"quoted }"}', 'quoted }'],
  ['${NONE:-a\\}b}', 'a}b'],
  ['${A:?}', 'one'],
  ['${EMPTY?}', ''],
])('expandWord() has defaults and alternatives: %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

it.each([
  ['${FILE%.*}', 'archive.tar'],
  ['${FILE%%.*}', 'archive'],
  ['${FILE#*.}', 'tar.gz'],
  ['${FILE##*.}', 'gz'],
  ['${FILE%.zip}', 'archive.tar.gz'],
  ['${FILE#?rch}', 'ive.tar.gz'],
  ['${STARS%\\*?}', 'a*b'],
  ['${STARS##*\\*}', 'c'],
  ['${STARS#"a*"}', '*b*c'],
  ['${PATHS##$NONE}', '/usr/bin:/bin:/usr/sbin'],
  ['${FILE#*}', 'archive.tar.gz'],
  ['${FILE##*}', ''],
  ['${NONE#x}', ''],
])('expandWord() removes prefixes and suffixes: %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

it.each([
  ['${PATHS/bin/lib}', '/usr/lib:/bin:/usr/sbin'],
  ['${PATHS//bin/lib}', '/usr/lib:/lib:/usr/slib'],
  ['${PATHS//:/ }', '/usr/bin /bin /usr/sbin'],
  ['${PATHS/:*/}', '/usr/bin'],
  ['${PATHS//\\/usr/}', '/bin:/bin:/sbin'],
  ['${FILE/?/$A}', 'onerchive.tar.gz'],
  ['${FILE//*/x}', 'x'],
  ['${A//$EMPTY/-}', '-o-n-e-'],
  ['${A/$EMPTY/-}', '-one'],
  ['${A/[a-z]/x}', 'one'],
])('expandWord() replaces: %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

it.each([
  ['${', "syntax error: missing '}'"],
  ['${A', "syntax error: missing '}'"],
  ['${A:-b', "syntax error: missing '}'"],
  ['${A:-"b', "syntax error: missing '}'"],
  ['${A/b', "syntax error: missing '/' in ${}"],
  ['${A/b/c', "syntax error: missing '}'"],
  ['${}', 'syntax error: bad substitution'],
  ['${:-x}', 'syntax error: bad substitution'],
  ['${{A}}', 'syntax error: bad substitution'],
  ['${A:=x}', 'unsupported modifier (=) in substitution'],
  ['${A=x}', 'unsupported modifier (=) in substitution'],
  ['${A!}', 'unsupported modifier (!) in substitution'],
  ["'A", 'unexpected end of statement while looking for matching single-quote'],
  ['"A\\"', 'unexpected end of statement while looking for matching double-quote'],
  ['${NONE:?need $A}', 'NONE: need one'],
  ['${NONE?}', 'NONE: is not allowed to be unset'],
  ['${EMPTY:?}', 'EMPTY: is not allowed to be empty'],
])('expandWord() refuses %s', (word, problem) => {
  expect(() => text(word)).toThrow(refusal(`failed to process ${JSON.stringify(word)}: ${problem}`));
});

describe('variables', () => {
  it('expandWord() says which were read, and which of them have no value', () => {
    const { used, unset } = expandWord('$A $NONE ${OTHER:-$THIRD} ${FOURTH#x} ${A:+$A}', lookup);
    expect([...used]).toEqual(['A', 'NONE', 'THIRD', 'OTHER', 'FOURTH']);
    expect([...unset]).toEqual(['NONE', 'THIRD', 'FOURTH']);
  });
});

it.each([
  ['80 443', ['80', '443']],
  ['$WORDS', ['x', 'y']],
  ['"$WORDS" \\ z', ['x  y', ' z']],
  ['a$WORDS.b', ['ax', 'y.b']],
  ['  ""  $NONE ', []],
])('expandWords() splits %s at blanks that are not quoted', (source, expected) => {
  expect(expandWords(source, lookup).words).toEqual(expected);
});

it('expandHeredoc() leaves quotes alone, and takes every backslash out', () => {
  expect(expandHeredoc('"$A" \'$A\' \\$A \\\\ \\n\\\n${NONE:-"d"}\n', lookup).text).toBe(
    '"one" \'one\' $A \\ n\n"d"\n',
  );
});

describe('bounds', () => {
  it('expandWord() stops at deep nesting', () => {
    for (const deep of ['${a:-'.repeat(10_000), `${'${a:-'.repeat(10_000)}${'}'.repeat(10_000)}`])
      expect(() => text(deep)).toThrow(/nested deeper than 100$/);
  });

  it('expandWord() stops at results that grow without end', () => {
    const big = 'x'.repeat(2 ** 20);
    expect(() => expandWord('$A'.repeat(1000), () => big)).toThrow(/longer than 16777216 characters$/);
  });

  it('expandWord() takes linear time on what makes regular expressions explode', () => {
    const value = 'a'.repeat(5000);
    expect(expandWord(`\${v%%${'*a'.repeat(50)}b}`, () => value).text).toBe(value);
    expect(expandWord(`\${v//${'*a'.repeat(50)}b/x}`, () => value).text).toBe(value);
    expect(text('\\'.repeat(100_000))).toHaveLength(50_000);
    expect(() => text('"'.repeat(100_001))).toThrow(/double-quote$/);
  });
});
