/** Makes small Java class files: classes with static methods of a few instructions, and module-info.class. */

/** An instruction: text is a constant, and a list a member with its owner, name and descriptor. */
type Instruction =
  | number
  | readonly [code: number, string: string]
  | readonly [code: number, owner: string, name: string, descriptor: string];

interface ClassSpec {
  readonly superName?: string;
  readonly interfaces?: readonly string[];
  /** Class file version; Java 21 unless said otherwise. */
  readonly major?: number;
  /** By name and descriptor. */
  readonly methods?: Readonly<Record<string, readonly Instruction[]>>;
  /** What catches errors of all instructions of each method. */
  readonly catches?: string;
  readonly module?: { readonly name: string; readonly requires: readonly string[]; readonly mainClass?: string };
}

/** Opcodes that tests use. */
export const JVM = { LDC: 0x12, IFEQ: 0x99, RETURN: 0xb1, GET_STATIC: 0xb2, STATIC: 0xb8, NEW: 0xbb, ICONST_0: 0x03 } as const;
/** Loads a native library by name. */
export const loadLibrary = (name: string): readonly Instruction[] => [
  [JVM.LDC, name],
  [JVM.STATIC, "java/lang/System", "loadLibrary", "(Ljava/lang/String;)V"],
];

const u2 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u4 = (value: number): Buffer => Buffer.concat([u2(value >>> 16), u2(value & 0xffff)]);
const counted = (bytes: Buffer): Buffer => Buffer.concat([u4(bytes.byteLength), bytes]);

/** The bytes of a class. */
export function javaClass(name: string, spec: ClassSpec = {}): Buffer {
  const constants: Buffer[] = [];
  const constant = (tag: number, ...data: readonly Buffer[]): number => {
    const bytes = Buffer.concat([Buffer.from([tag]), ...data]);
    const at = constants.findIndex((one) => one.equals(bytes));
    return at >= 0 ? at + 1 : constants.push(bytes);
  };
  const text = (value: string): number => constant(1, u2(Buffer.byteLength(value)), Buffer.from(value));
  const named = (tag: number, value: string): number => constant(tag, u2(text(value)));
  const instruction = (one: Instruction): Buffer => {
    if (typeof one === "number") return Buffer.from([one]);
    const [code, first, member, descriptor] = one;
    if (code === JVM.LDC) return Buffer.from([code, named(8, first)]);
    if (member === undefined || descriptor === undefined) return Buffer.concat([Buffer.from([code]), u2(named(7, first))]);
    const tag = code === JVM.STATIC ? 10 : 9;
    return Buffer.concat([
      Buffer.from([code]),
      u2(constant(tag, u2(named(7, first)), u2(constant(12, u2(text(member)), u2(text(descriptor)))))),
    ]);
  };
  const methods = Object.entries(spec.methods ?? {}).map(([key, code]) => {
    const [, method = "", descriptor = ""] = /^([^(]*)(\(.*)$/.exec(key) ?? [];
    const bytes = Buffer.concat(code.map(instruction));
    const handlers = spec.catches === undefined ? u2(0) : Buffer.concat([1, 0, bytes.byteLength, 0, named(7, spec.catches)].map(u2));
    const body = Buffer.concat([u2(9), u2(9), counted(bytes), handlers, u2(0)]);
    return Buffer.concat([u2(9), u2(text(method)), u2(text(descriptor)), u2(1), u2(text("Code")), counted(body)]);
  });
  const attributes: Buffer[] = [];
  const { module } = spec;
  if (module !== undefined) {
    const requires = module.requires.map((one) => Buffer.concat([u2(named(19, one)), u4(0)]));
    const body = Buffer.concat([u2(named(19, module.name)), u4(0), u2(requires.length), ...requires, Buffer.alloc(8)]);
    attributes.push(Buffer.concat([u2(text("Module")), counted(body)]));
    if (module.mainClass !== undefined)
      attributes.push(Buffer.concat([u2(text("ModuleMainClass")), counted(u2(named(7, module.mainClass)))]));
  }
  const head = [0x21, named(7, name), module === undefined ? named(7, spec.superName ?? "java/lang/Object") : 0].map(u2);
  const interfaces = [u2(spec.interfaces?.length ?? 0), ...(spec.interfaces ?? []).map((one) => u2(named(7, one)))];
  return Buffer.concat([
    Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0]),
    u2(spec.major ?? 65),
    u2(constants.length + 1),
    ...constants,
    ...head,
    ...interfaces,
    u2(0),
    u2(methods.length),
    ...methods,
    u2(attributes.length),
    ...attributes,
  ]);
}
