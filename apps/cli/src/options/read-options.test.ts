import { describe, expect, it } from 'vitest';
import { buildOptions } from '../commands/build-command.ts';
import { UsageError } from '../errors/usage-error.ts';
import { readOptions } from './read-options.ts';

const read = (flags: Record<string, readonly string[]>, env: Record<string, string> = {}) =>
  readOptions(buildOptions, new Map(Object.entries(flags)), env);

describe('readOptions()', () => {
  it('gives every option its absent value', () => {
    expect(read({})).toMatchObject({ target: undefined, push: false, tag: [], buildArg: {}, cacheTtl: undefined });
  });

  it('takes a variable where there is no flag, and the flag where there are both', () => {
    const env = { ENVBUILDER_CACHE_REPO: 'r/env' };
    expect(read({}, env).cacheRepo).toBe('r/env');
    expect(read({ 'cache-repo': ['r/flag'] }, env).cacheRepo).toBe('r/flag');
  });

  it('passes an empty variable over, as envbuilder does', () => {
    expect(read({}, { ENVBUILDER_INSECURE: '', ENVBUILDER_CACHE_REPO: '' })).toMatchObject({
      insecure: false,
      cacheRepo: undefined,
    });
  });

  it('reads switches as envbuilder writes them, and lets a flag switch off', () => {
    for (const text of ['1', 'true', 'TRUE', 't']) expect(read({}, { ENVBUILDER_INSECURE: text }).insecure).toBe(true);
    expect(read({ insecure: ['false'] }, { ENVBUILDER_INSECURE: '1' }).insecure).toBe(false);
    expect(() => read({}, { ENVBUILDER_INSECURE: 'yes' })).toThrow(
      'ENVBUILDER_INSECURE takes true or false, not "yes"',
    );
  });

  it('splits variables that hold many values', () => {
    expect(read({}, { KANIKO_REGISTRY_MIRROR: 'a.example; b.example' }).registryMirror).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(read({}, { ENVBUILDER_BUILD_SECRETS: 'A=1,B=2' }).buildSecrets).toEqual(['A=1', 'B=2']);
  });

  it('takes an assignment without value from the environment, and drops it when it is unset', () => {
    const { buildArg } = read({ 'build-arg': ['A=1=2', 'B', 'C', 'D='] }, { B: 'from env' });
    expect(buildArg).toEqual({ A: '1=2', B: 'from env', D: '' });
  });

  it('reads lengths of time', () => {
    const ttl = (text: string) => read({ 'cache-ttl': [text] }).cacheTtl;
    expect([ttl('0'), ttl('7d'), ttl('1h30m'), ttl('1.5s')]).toEqual([0, 604_800_000, 5_400_000, 1500]);
    expect(() => ttl('7')).toThrow(UsageError);
    expect(read({}, { ENVBUILDER_CACHE_TTL_DAYS: '14' }).cacheTtl).toBe(1_209_600_000);
    expect(read({}, { ENVBUILDER_CACHE_TTL_DAYS: '0' }).cacheTtl).toBeUndefined();
  });

  it('suggests the word that was meant', () => {
    const failure = () => read({ progress: ['plian'] });
    expect(failure).toThrow('--progress takes auto, tty, plain, json, quiet, not "plian"');
    expect(failure).toThrow(expect.objectContaining({ hint: 'Did you mean plain?' }));
  });

  it('bounds numbers', () => {
    expect(read({ concurrency: ['8'] }).concurrency).toBe(8);
    expect(() => read({ concurrency: ['0'] })).toThrow('--concurrency takes a whole number from 1 to 64, not "0"');
  });
});
