import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { ConformanceCase } from './case.ts';

/** Links, links to links, odd names and odd modes: hard cases for sources. */
const CONTEXT = `mkdir -p d/in dd 'sp ace' x/y/z
echo a > a.txt; echo b > b.txt; echo 1 > d/1; echo 2 > d/in/2; echo s > d/.hid; echo 3 > 'sp ace/f'; echo 5 > x/y/z/5
echo 4 > dd/a.txt; echo '[x]' > '[x]'; echo st > 's*t'
chmod 600 d/1; chmod 700 d/in; chmod 4755 b.txt; ln d/1 d/hard
ln -s d ln; ln -s a.txt la; ln -s ../b.txt d/up; ln -s in d/lin
tar --sort=name --mtime=@981173106 --owner=7 --group=8 -cf t.tar d; gzip -nk t.tar; mv t.tar.gz t.tgz
`;
/** The first lines of every generated Dockerfile. */
const HEAD = `FROM busybox AS base
COPY . /src
RUN ln -s /src /lnsrc
FROM busybox
ENV D=/d0 P=70
RUN mkdir -m 711 /real && ln -s /real /ln1
`;

const from = fc.constantFrom;
const wordOf = (text: string) => from(...text.trim().split(/\s+/));
const source = wordOf(String.raw`
  a.txt b.txt d d/ d/. ./d d/* *.txt d/in ln ln/ ln/* la d/lin d/up x x/y x/* x/*/z . / ../a.txt /d/../b.txt ?.txt
  [a-b].txt \[x] *t d/.hid d/[1-2] d* sp* dd d*/in d/hard x/y/z/5`);
const target = wordOf(`
  /o/ /o o/ o ./ . / /o/p/ /o/p/q ../up ../up/ /ln1 /ln1/ /ln1/x /real /real/ /w/deep/ /o/./z/ //o//d /w /tmp/n /lnf
  /dang /dang/ $D \${D}/x $E/`);
const stageSource = wordOf(`
  /src /src/ /src/d /src/* /src/ln /src/la src/d/in /src/d/up /lnsrc /lnsrc/d /lnsrc/d/* /src/l* /src/*/in /s*/d/1
  /src/x/*/z /src/x/y /src/t.tar /src/../src/a.txt`);
const command = from(
  'mkdir -p /o/p && touch /o/p/q',
  'rm -rf /o',
  'ln -sfn /real /ln1',
  'ln -sfn /nowhere/x /dang',
  'ln -sf /real/file /lnf',
  'rm -rf /real && touch /real',
  'mkdir -p /o && ln -sfn ../../../real /o/p',
  'chown -R 3:4 /real /o 2>/dev/null; true',
  'mv /o /moved 2>/dev/null; true',
  'echo hi >> /etc/motd',
  'pwd > /pwd; env | grep -v -e HOSTNAME -e OTEL_ | sort > /env',
  'cp -a /bin/busybox /bb; ln /bb /bb2',
  'rm -f /etc/passwd',
  'rm -rf /ln1; mkdir /ln1; touch /ln1/own',
  'chmod 0000 /real; chmod 7777 /tmp',
  'rm /bin/cat; mkdir /bin/cat',
);
const line = (keyword: string, ...words: fc.Arbitrary<string>[]) =>
  fc.tuple(...words).map((parts) => [keyword, ...parts].join(' '));
const instruction = fc.oneof(
  { weight: 4, arbitrary: line('COPY', source, target) },
  { weight: 2, arbitrary: line('COPY', source, source, target) },
  { weight: 2, arbitrary: line('COPY --from=base', stageSource, target) },
  fc.tuple(source, target).map((words) => `COPY ${JSON.stringify(words)}`),
  line('ADD', source, target),
  line('ADD', from('t.tar', 't.tgz', 't.*', 't.tar a.txt'), target),
  { weight: 4, arbitrary: line('RUN', command) },
  line('WORKDIR', from('/w', 'deep', '../x', '/ln1', '/ln1/wd', '/a/b', '$D', '.')),
  line('ENV', from('D=/env/dir', 'D=rel', 'E=', 'E="/q q"', 'F=$D/$E', 'D ${D:-dflt}/y', 'A=1 B=$A C="$D"', 'G=a\\ b')),
  line('ARG', from('D=argd', 'E', 'G=${D:-x}', 'D')),
  line('USER', from('alice', 'root', '1000:50', 'alice:staff', '0', '4242')),
  line('VOLUME', from('/o', '/v /w', '["/real"]', '$D')),
  line('LABEL', from('a=b', 'a="$D x" c=d', 'k v w', '"x y"=z', 'q=\'s "d"\' r=$D')),
  line('EXPOSE', from('80', '1-3/udp', '$P 90', '53/UDP')),
  line('CMD', from('x y', '["a","$D"]', '[]', "['a']")),
  line('ENTRYPOINT', from('e f', '["e"]', '[]')),
  line('ONBUILD', from('RUN x', 'COPY a b', 'ENV a=b')),
);
const body = fc.array(instruction, { minLength: 3, maxLength: 10 }).map((lines) => `${lines.join('\n')}\n`);

/** Writes cases below a folder. The same seed gives the same ones. */
export function writeGeneratedCases(parent: string, count: number, seed: number): ConformanceCase[] {
  return fc.sample(body, { numRuns: count, seed }).map((text, index) => {
    const name = `generated-${seed}-${index}`;
    const directory = join(parent, name);
    const dockerfile = join(directory, 'Dockerfile');
    mkdirSync(directory);
    writeFileSync(dockerfile, `${HEAD}${text}`);
    writeFileSync(join(directory, 'context.sh'), CONTEXT);
    const nothing = { target: undefined, expectError: undefined, note: undefined };
    return {
      name,
      directory,
      dockerfile,
      args: {},
      flags: [],
      folders: [],
      stdin: false,
      oracle: 'buildkit',
      ...nothing,
    };
  });
}
