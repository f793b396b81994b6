import { allowedCalls } from './docker-profile.ts';
import { type SyscallArchitecture, syscallTable } from './syscall-table.ts';

/** Classic BPF, as far as a filter of system calls needs it. @see https://www.kernel.org/doc/html/v6.12/userspace-api/seccomp_filter.html */
const Op = { load: 0x20, and: 0x54, jump: 0x05, equal: 0x15, greater: 0x25, atLeast: 0x35, return: 0x06 } as const;
const INSTRUCTION_BYTES = 8;

/** Offsets in `struct seccomp_data`; of an argument, its low 32 bits. */
const CALL = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const ALLOW = 0x7fff_0000;
const fail = (errno: number) => 0x0005_0000 | errno;
const EPERM = 1;
const ENOSYS = 38;

/** `AUDIT_ARCH_*`. */
const AUDIT_NUMBERS: Readonly<Record<SyscallArchitecture, number>> = {
  x64: 0xc000_003e,
  x86: 0x4000_0003,
  arm64: 0xc000_00b7,
  arm: 0x4000_0028,
};
const WORD_SIZES: Readonly<Record<string, readonly SyscallArchitecture[]>> = {
  x64: ['x64', 'x86'],
  arm64: ['arm64', 'arm'],
};

/** Address families that would open the host's crypto drivers (38) or its hypervisor (40), or that Docker does not know. */
const REFUSED_FAMILIES = [38, 40];
const HIGHEST_FAMILY = 45;
/** Linux, with or without uname26, and the query. */
const PERSONALITIES = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/** `CLONE_NEW*` but for time, which `clone` does not take. */
const NAMESPACE_FLAGS = 0x7e02_0000;

/** The branches skip this many instructions, from the next one on. */
interface Instruction {
  readonly code: number;
  readonly value: number;
  readonly whenTrue?: number;
  readonly whenFalse?: number;
}

/**
 * The program that lets a step make the calls that Docker's default profile allows, and gives EPERM for the others. A step
 * without CAP_SYS_ADMIN makes no namespaces. Unlike Docker's, it refuses calls of the x32 interface.
 *
 * @param architecture As `process.arch`. `undefined` is returned for others than x64 and arm64.
 * @param capabilities What the step keeps, by number.
 * @returns `struct sock_filter[]`.
 */
export function callFilter(architecture: string, capabilities: ReadonlySet<number>): Uint8Array | undefined {
  const sizes = WORD_SIZES[architecture];
  if (sizes === undefined) return undefined;
  const allowed = allowedCalls(capabilities);
  const blocks = sizes.map((size) => checkCall(size, allowed));
  const start: Instruction[] = [{ code: Op.load, value: ARCHITECTURE }];
  let below = sizes.length * 2 + 1; // the length of what follows the load
  for (const [index, size] of sizes.entries()) {
    below -= 2;
    const before = blocks.slice(0, index).reduce((sum, block) => sum + block.length, 0);
    start.push({ code: Op.equal, value: AUDIT_NUMBERS[size], whenFalse: 1 }, { code: Op.jump, value: below + before });
  }
  return encode([...start, { code: Op.return, value: fail(EPERM) }, ...blocks.flat()]);
}

function checkCall(size: SyscallArchitecture, allowed: ReadonlySet<string>): Instruction[] {
  const table = syscallTable[size];
  const program: Instruction[] = [{ code: Op.load, value: CALL }];
  const whenCall = (name: string, then: readonly Instruction[]) => {
    const number = table.get(name);
    if (number === undefined || allowed.has(name)) return;
    program.push({ code: Op.equal, value: number, whenFalse: then.length }, ...then);
  };
  whenCall('socket', checkSocket());
  whenCall('personality', checkPersonality());
  whenCall('clone', checkClone());
  whenCall('clone3', [{ code: Op.return, value: fail(ENOSYS) }]); // its flags lie in memory; programs fall back to clone
  const numbers = [...allowed].flatMap((name) => table.get(name) ?? []).toSorted((a, b) => a - b);
  for (const [first, last] of rangesOf(numbers)) program.push(...allowRange(first, last));
  return [...program, { code: Op.return, value: fail(EPERM) }];
}

/** Ranges come in order: what is below one was above the range before. */
function allowRange(first: number, last: number): Instruction[] {
  return [
    { code: Op.greater, value: last, whenTrue: 3 },
    { code: Op.atLeast, value: first, whenFalse: 1 },
    { code: Op.return, value: ALLOW },
    { code: Op.return, value: fail(EPERM) },
  ];
}

function checkSocket(): Instruction[] {
  return [
    { code: Op.load, value: FIRST_ARGUMENT },
    ...REFUSED_FAMILIES.flatMap((family) => returnWhenEqual(family, fail(EPERM))),
    { code: Op.greater, value: HIGHEST_FAMILY, whenFalse: 1 },
    { code: Op.return, value: fail(EPERM) },
    { code: Op.return, value: ALLOW },
  ];
}

function checkPersonality(): Instruction[] {
  return [
    { code: Op.load, value: FIRST_ARGUMENT },
    ...PERSONALITIES.flatMap((personality) => returnWhenEqual(personality, ALLOW)),
    { code: Op.return, value: fail(EPERM) },
  ];
}

function checkClone(): Instruction[] {
  return [
    { code: Op.load, value: FIRST_ARGUMENT },
    { code: Op.and, value: NAMESPACE_FLAGS },
    ...returnWhenEqual(0, ALLOW),
    { code: Op.return, value: fail(EPERM) },
  ];
}

function returnWhenEqual(value: number, result: number): Instruction[] {
  return [
    { code: Op.equal, value, whenFalse: 1 },
    { code: Op.return, value: result },
  ];
}

function rangesOf(numbers: readonly number[]): [first: number, last: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && number <= range[1] + 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** Little-endian, as both architectures are. */
function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [index, { code, value, whenTrue = 0, whenFalse = 0 }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(whenTrue, at + 2);
    bytes.writeUInt8(whenFalse, at + 3);
    bytes.writeUInt32LE(value >>> 0, at + 4);
  }
  return bytes;
}
