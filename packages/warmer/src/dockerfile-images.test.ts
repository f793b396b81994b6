import { formatReference } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { dockerfileImages } from './dockerfile-images.ts';
import { parseImageList } from './image-list.ts';

const arm64 = { os: 'linux', architecture: 'arm64' };

describe('dockerfileImages()', () => {
  it('finds every image that a build may ask for, and no stage', () => {
    const text = [
      'ARG V=12',
      'FROM debian:$V AS base',
      'FROM --platform=linux/s390x alpine:3.20 AS tools',
      'FROM base',
      'COPY --from=tools /a /a',
      'COPY --from=0 /b /b',
      'COPY --from=busybox:1 /c /c',
      'RUN --mount=type=bind,from=golang:1,target=/go true',
      'FROM scratch',
      '',
    ].join('\n');
    const found = dockerfileImages(text, { buildArgs: { V: '13' }, platform: arm64 });
    expect(found.map(({ reference }) => formatReference(reference))).toEqual([
      'docker.io/library/debian:13',
      'docker.io/library/alpine:3.20',
      'docker.io/library/busybox:1',
      'docker.io/library/golang:1',
    ]);
    expect(found.map(({ platforms }) => platforms)).toMatchObject([
      [arm64],
      [{ os: 'linux', architecture: 's390x' }],
      [arm64],
      [arm64],
    ]);
  });
});

describe('parseImageList()', () => {
  it('reads images, platforms and comments', () => {
    const list = parseImageList('# ours\n\ndebian:12 linux/amd64,arm64\nalpine # small\nbusybox all\n', [arm64]);
    expect(list.map(({ platforms }) => platforms)).toEqual([
      [{ os: 'linux', architecture: 'amd64' }, arm64],
      [arm64],
      'all',
    ]);
  });
});
