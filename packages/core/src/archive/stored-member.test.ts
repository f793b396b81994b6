import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { storedMemberBytes, writeStoredMember } from './stored-member.ts';

it.each([0, 1, 65_534, 65_535, 65_536, 131_070, 1024 * 1024])(
  'writeStoredMember() writes %i bytes as zlib does',
  (bytes) => {
    const content = Buffer.alloc(bytes, 'some text ');
    const target = Buffer.alloc(storedMemberBytes(bytes));
    const member = writeStoredMember(target, content);
    expect(member.byteLength).toBe(target.byteLength);
    expect(member.equals(gzipSync(content, { level: 0, chunkSize: bytes + 64 * 1024 }))).toBe(true);
  },
);
