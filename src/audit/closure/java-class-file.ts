/**
 * Class files (JVM specification, chapter 4): names, methods with their code, and the module of a module-info.class. A stranger's file: what is
 * damaged or of a form that is not known gives undefined.
 */

/** A class file. Names are in the internal form, "a/b/C", one char for a byte. */
export interface ClassFile {
  readonly major: number;
  readonly name: string;
  readonly superName: string | undefined;
  readonly interfaces: readonly string[];
  readonly fields: ReadonlySet<string>;
  /** By name and descriptor: "main([Ljava/lang/String;)V". */
  readonly methods: ReadonlyMap<string, JavaMethod>;
  readonly module: JavaModule | undefined;
  readonly pool: ConstantPool;
}

/** A method. */
export interface JavaMethod {
  /** Absent for native and abstract methods. */
  readonly code?: Buffer;
  readonly handlers: readonly Handler[];
}

/** What catches errors of the instructions from `start` to before `end`; `catches` is absent for all. */
interface Handler {
  readonly start: number;
  readonly end: number;
  readonly catches?: string | undefined;
}

/** What module-info.class says. */
interface JavaModule {
  readonly name: string;
  /** Modules that must be there at run time. */
  readonly requires: readonly string[];
  readonly mainClass?: string;
}

/** What instructions refer to by number. */
interface ConstantPool {
  className(at: number): string | undefined;
  text(at: number): string | undefined;
  member(at: number): { readonly owner: string; readonly name: string; readonly descriptor: string } | undefined;
}

const MAGIC = 0xcafebabe;
const STATIC_PHASE = 0x40;
/** Bytes behind the tag. */
const SIZES: ReadonlyMap<number, number> = new Map(
  [[7, 8, 16, 19, 20], [15], [3, 4, 9, 10, 11, 12, 17, 18], [5, 6]].flatMap((tags, at) =>
    tags.map((tag) => [tag, [2, 3, 4, 8][at] ?? 0] as const),
  ),
);

/** Reads a class file. */
export function parseClassFile(bytes: Uint8Array): ClassFile | undefined {
  try {
    return readClass(reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  } catch (error) {
    // Reads behind the end.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Reader {
  u1(): number;
  u2(): number;
  u4(): number;
  bytes(length: number): Buffer;
}

function reader(bytes: Buffer): Reader {
  let at = 0;
  const moved = (length: number): number => {
    at += length;
    return at - length;
  };
  return {
    u1: () => bytes.readUInt8(moved(1)),
    u2: () => bytes.readUInt16BE(moved(2)),
    u4: () => bytes.readUInt32BE(moved(4)),
    bytes(length) {
      if (at + length > bytes.byteLength) throw new RangeError("The class file ends early");
      return bytes.subarray(at, moved(length) + length);
    },
  };
}

/** The constants by number: their tags and bytes. */
function readPool(from: Reader): ConstantPool | undefined {
  const count = from.u2();
  const constants: ({ readonly tag: number; readonly data: Buffer } | undefined)[] = [undefined];
  while (constants.length < count) {
    const tag = from.u1();
    const size = tag === 1 ? from.u2() : SIZES.get(tag);
    if (size === undefined) return undefined;
    constants.push({ tag, data: from.bytes(size) });
    if (tag === 5 || tag === 6) constants.push(undefined);
  }
  const data = (at: number, ...tags: readonly number[]): Buffer | undefined => {
    const one = constants[at];
    return one !== undefined && tags.includes(one.tag) ? one.data : undefined;
  };
  const named = (at: number, ...tags: readonly number[]): string | undefined => {
    const one = data(at, ...tags);
    return one === undefined ? undefined : data(one.readUInt16BE(0), 1)?.toString("latin1");
  };
  return {
    className: (at) => named(at, 7),
    text: (at) => (constants[at]?.tag === 1 ? constants[at].data.toString("latin1") : named(at, 8, 19)),
    member(at) {
      const one = data(at, 9, 10, 11);
      const pair = one === undefined ? undefined : data(one.readUInt16BE(2), 12);
      if (one === undefined || pair === undefined) return undefined;
      const owner = named(one.readUInt16BE(0), 7);
      const name = data(pair.readUInt16BE(0), 1)?.toString("latin1");
      const descriptor = data(pair.readUInt16BE(2), 1)?.toString("latin1");
      return owner === undefined || name === undefined || descriptor === undefined ? undefined : { owner, name, descriptor };
    },
  };
}

function readClass(from: Reader): ClassFile | undefined {
  if (from.u4() !== MAGIC) return undefined;
  from.u2();
  const major = from.u2();
  const pool = readPool(from);
  if (pool === undefined) return undefined;
  from.u2();
  const name = pool.className(from.u2());
  const superName = pool.className(from.u2());
  const interfaces = Array.from({ length: from.u2() }, () => pool.className(from.u2()) ?? "");
  const fields = new Set<string>();
  for (let left = from.u2(); left > 0; left -= 1) fields.add(readMember(from, pool).key);
  const methods = new Map<string, JavaMethod>();
  for (let left = from.u2(); left > 0; left -= 1) {
    const { key, attributes } = readMember(from, pool);
    const code = attributes.get("Code");
    methods.set(key, code === undefined ? { handlers: [] } : readCode(reader(code), pool));
  }
  const attributes = readAttributes(from, pool);
  const module = readModule(attributes, pool);
  return name === undefined ? undefined : { major, name, superName, interfaces, fields, methods, module, pool };
}

type Attributes = ReadonlyMap<string, Buffer>;

function readAttributes(from: Reader, pool: ConstantPool): Attributes {
  const attributes = new Map<string, Buffer>();
  for (let left = from.u2(); left > 0; left -= 1) {
    const name = pool.text(from.u2()) ?? "";
    attributes.set(name, from.bytes(from.u4()));
  }
  return attributes;
}

function readMember(from: Reader, pool: ConstantPool): { readonly key: string; readonly attributes: Attributes } {
  from.u2();
  const name = pool.text(from.u2()) ?? "";
  const descriptor = pool.text(from.u2()) ?? "";
  return { key: descriptor.startsWith("(") ? `${name}${descriptor}` : name, attributes: readAttributes(from, pool) };
}

function readCode(from: Reader, pool: ConstantPool): JavaMethod {
  from.u4();
  const code = from.bytes(from.u4());
  const handlers = Array.from({ length: from.u2() }, () => {
    const [start, end] = [from.u2(), from.u2()];
    from.u2();
    const catches = pool.className(from.u2());
    return catches === undefined ? { start, end } : { start, end, catches };
  });
  return { code, handlers };
}

function readModule(attributes: Attributes, pool: ConstantPool): JavaModule | undefined {
  const bytes = attributes.get("Module");
  if (bytes === undefined) return undefined;
  const from = reader(bytes);
  const name = pool.text(from.u2());
  from.u4();
  const requires: string[] = [];
  for (let left = from.u2(); left > 0; left -= 1) {
    const required = pool.text(from.u2());
    const isStatic = (from.u2() & STATIC_PHASE) !== 0;
    from.u2();
    if (required !== undefined && !isStatic) requires.push(required);
  }
  const main = attributes.get("ModuleMainClass");
  const mainClass = main === undefined ? undefined : pool.className(main.readUInt16BE(0));
  if (name === undefined) return undefined;
  return mainClass === undefined ? { name, requires } : { name, requires, mainClass };
}
