import { expect, it } from 'vitest';
import { foldDirectory, foldParts } from './fold-parts.ts';

const LIMITS = { inputs: 3, bytes: 1000 };
const part = (path: string, hash = path) => ({ name: `file:${path}`, hash });

it('foldParts() keeps what fits', () => {
  const parts = [part('a'), part('b/c')];
  expect(foldParts(parts, LIMITS)).toEqual(parts);
});

it('foldParts() folds the deepest directories first', () => {
  const parts = [part('a'), part('b/c/1'), part('b/c/2'), part('b/d')];
  expect(foldParts(parts, LIMITS).map(({ name }) => name)).toEqual(['file:a', 'file:b/c/', 'file:b/d']);
});

it('foldParts() folds everything when there is no other way', () => {
  expect(foldParts([part('a'), part('b'), part('c'), part('d')], LIMITS)).toMatchObject([{ name: 'file:/' }]);
});

it('foldParts() holds the bound on bytes', () => {
  const parts = [part(`x/${'a'.repeat(800)}`, 'h'), part(`x/${'b'.repeat(800)}`, 'h')];
  expect(foldParts(parts, LIMITS)).toMatchObject([{ name: 'file:x/' }]);
});

it('foldParts() gives a directory another hash when a file below it has another one', () => {
  const tree = (hash: string) => [part('a/1', hash), part('a/2'), part('a/3'), part('a/4')];
  expect(foldParts(tree('x'), LIMITS)).not.toEqual(foldParts(tree('y'), LIMITS));
  expect(foldParts(tree('x'), LIMITS)).toEqual(foldParts([...tree('x')].reverse(), LIMITS));
});

it('foldDirectory() gives what foldParts() made of a directory', () => {
  const parts = [part('a/1'), part('a/2'), part('a/3'), part('b')];
  expect(foldParts(parts, LIMITS)[0]).toEqual(foldDirectory(parts, 'file:a/'));
  expect(foldDirectory(parts, 'file:c/')).toBeUndefined();
});
