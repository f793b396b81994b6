import { parseReference } from '@shale/core';
import { describe, expect, it } from 'vitest';
import { parseOutput, wantsDockerTypes } from './output.ts';

const app = parseReference('app');

describe('parseOutput()', () => {
  it('reads archives, with the names of --tag unless they have their own', () => {
    expect(parseOutput('type=oci,dest=out.tar', [app])).toEqual([
      { type: 'oci', dest: 'out.tar', names: [app], directory: false },
    ]);
    const [named] = parseOutput('type=docker,"name=a:1,b:2",dest=-', [app]);
    expect(named).toMatchObject({ type: 'docker', dest: '-', names: [{ tag: '1' }, { tag: '2' }] });
    expect(parseOutput('type=oci,dest=out,tar=false', [])).toMatchObject([{ directory: true, names: [] }]);
  });

  it('takes a bare path for a directory, and - for a tar on stdout', () => {
    expect(parseOutput('out/rootfs', [])).toEqual([{ type: 'local', dest: 'out/rootfs', split: true }]);
    expect(parseOutput('-', [])).toEqual([{ type: 'tar', dest: '-', split: true }]);
  });

  it('gives each platform a folder unless told not to', () => {
    expect(parseOutput('type=tar,dest=x,platform-split=false', [])).toMatchObject([{ split: false }]);
    expect(parseOutput('type=local,dest=x', [])).toMatchObject([{ split: true }]);
  });

  it('tells when one output is to have docker types', () => {
    expect(wantsDockerTypes(['type=registry,name=a', 'out', '-'])).toBe(false);
    expect(wantsDockerTypes(['out', 'type=registry,name=a,oci-mediatypes=false'])).toBe(true);
  });

  it('pushes to each name', () => {
    expect(parseOutput('type=registry,name=app', [])).toEqual([{ type: 'registry', name: app }]);
    expect(parseOutput('type=image,push=true', [app, app])).toHaveLength(2);
    expect(parseOutput('type=image', [app])).toEqual([{ type: 'image', name: app }]);
  });

  it.each([
    ['type=ocl,dest=x', '--output has no type "ocl"', 'Did you mean oci?'],
    ['dest=x', '--output needs a type: "dest=x"', expect.stringContaining('type=oci')],
    ['type=oci', '--output type=oci needs a dest', expect.stringContaining('dest=PATH')],
    ['type=oci,dets=x', '--output has no "dets"', 'Did you mean dest?'],
    ['type=oci,dest=x,dest=y', '--output has dest twice: "type=oci,dest=x,dest=y"', undefined],
    ['type=registry', '--output type=registry needs a name', 'Add name=REF, or --tag REF.'],
  ])('refuses %s', (text, message, hint) => {
    expect(() => parseOutput(text, [])).toThrow(expect.objectContaining({ code: 'USAGE_INVALID', message, hint }));
  });
});
