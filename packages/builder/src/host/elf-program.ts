/** How programs of an architecture are marked, and one that only ends: with 0. */
export interface ElfTarget {
  readonly bits: 32 | 64;
  readonly bigEndian: boolean;
  /** `e_machine`. */
  readonly machine: number;
  /** `e_flags`. */
  readonly flags: number;
  /** `exit(0)` in machine code, as hex. */
  readonly code: string;
}

/** By the architecture's name in a platform. */
export const ELF_TARGETS: Readonly<Record<string, ElfTarget>> = {
  amd64: { bits: 64, bigEndian: false, machine: 62, flags: 0, code: 'b83c00000031ff0f05' },
  '386': { bits: 32, bigEndian: false, machine: 3, flags: 0, code: '31c04031dbcd80' },
  arm64: { bits: 64, bigEndian: false, machine: 183, flags: 0, code: 'a80b80d2000080d2010000d4' },
  arm: { bits: 32, bigEndian: false, machine: 40, flags: 0x05000200, code: '0170a0e30000a0e3000000ef' },
  riscv64: { bits: 64, bigEndian: false, machine: 243, flags: 5, code: '9308d0051305000073000000' },
  ppc64le: { bits: 64, bigEndian: false, machine: 21, flags: 2, code: '010000380000603802000044' },
  s390x: { bits: 64, bigEndian: true, machine: 22, flags: 0, code: 'a72900000a01' },
  loong64: { bits: 64, bigEndian: false, machine: 258, flags: 0x43, code: '0b7481020400150000002b00' },
  mips64le: { bits: 64, bigEndian: false, machine: 8, flags: 0x80000007, code: 'c2130224252000000c000000' },
};

const LOAD_ADDRESS = 0x400000;
const EXECUTABLE = 2;

/** The smallest program of an architecture: a header, one segment, and the code. */
export function elfProgram(target: ElfTarget): Buffer {
  const is64 = target.bits === 64;
  const headerSize = is64 ? 64 : 52;
  const segmentSize = is64 ? 56 : 32;
  const code = Buffer.from(target.code, 'hex');
  const start = headerSize + segmentSize;
  const bytes = Buffer.alloc(start + code.length);
  const put = writer(bytes, target);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, target.bigEndian ? 2 : 1, 1]);
  let at = put.short(16, EXECUTABLE);
  at = put.short(at, target.machine);
  at = put.word(at, 1);
  at = put.address(at, LOAD_ADDRESS + start);
  at = put.address(at, headerSize); // the segments' table
  at = put.address(at, 0);
  at = put.word(at, target.flags);
  for (const size of [headerSize, segmentSize, 1, 0, 0, 0]) at = put.short(at, size);
  const [type, flags] = [1, 5]; // loaded, to be read and executed
  at = put.word(at, type);
  if (is64) at = put.word(at, flags);
  for (const value of [0, LOAD_ADDRESS, LOAD_ADDRESS, bytes.length, bytes.length]) at = put.address(at, value);
  if (!is64) at = put.word(at, flags);
  put.address(at, 0x10000);
  bytes.set(code, start);
  return bytes;
}

/** Each writes one number and returns the offset behind it. */
function writer(bytes: Buffer, { bits, bigEndian }: ElfTarget) {
  const word = (at: number, value: number) =>
    bigEndian ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at);
  return {
    short: (at: number, value: number) => (bigEndian ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at)),
    word,
    address(at: number, value: number): number {
      if (bits === 32) return word(at, value);
      return bigEndian ? bytes.writeBigUInt64BE(BigInt(value), at) : bytes.writeBigUInt64LE(BigInt(value), at);
    },
  };
}
