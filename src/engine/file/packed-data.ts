/** Where the contents of files are, packed: 24 bytes each and their names. A folder that many are in is kept once. */
import { createGrowingBytes, type DataSource } from "../../tree/index.ts";

/** A list that grows. */
interface PackedData {
  /** Adds a source and gives its number. */
  add(source: DataSource): number;
  /** Adds what a caller means by a number of its own. */
  addOther(value: number): number;
  at(position: number): DataSource | { readonly kind: "other"; readonly value: number };
}

/** Fields of a source, u32 each; the offset follows as an f64. */
const FOLDER_AT = 0;
const FOLDER_LENGTH = 1;
const NAME_AT = 2;
const NAME_LENGTH = 3;
/** The same of contents in memory, whose first field is the number of that memory. */
const BYTES_AT = 1;
const BYTES_LENGTH = 2;
const FIELDS = 6;
const OFFSET = 2;
const FLOATS = 3;

/** In place of an offset. */
const HOST = -1;
const BYTES = -2;
const OTHER = -3;
/** A file of a folder whose path has n characters is this less n. */
const INSIDE = -4;

const MAX_BYTES = 2 ** 31;

/** Makes an empty one. */
export function createPackedData(): PackedData {
  const sources = createGrowingBytes(MAX_BYTES);
  const texts = createGrowingBytes(MAX_BYTES);
  /** Memory that contents are in: most share it with those before them. */
  const memories: ArrayBufferLike[] = [];
  let folder = { text: "", at: 0 };
  let name = { text: "", at: 0 };

  const keep = (text: string): { text: string; at: number } => {
    const at = texts.reserve(text.length);
    texts.bytes.write(text, at, "latin1");
    return { text, at };
  };
  const addRow = (offset: number): number => {
    const position = sources.reserve(FIELDS * 4) / (FIELDS * 4);
    sources.f64[position * FLOATS + OFFSET] = offset;
    return position;
  };
  const addPath = (path: string, offset: number): number => {
    const position = addRow(offset);
    const end = path.lastIndexOf("/") + 1;
    if (folder.text.length !== end || !path.startsWith(folder.text)) folder = keep(path.slice(0, end));
    const last = path.slice(end);
    if (name.text !== last) name = keep(last);
    const base = position * FIELDS;
    sources.u32[base + FOLDER_AT] = folder.at;
    sources.u32[base + FOLDER_LENGTH] = end;
    sources.u32[base + NAME_AT] = name.at;
    sources.u32[base + NAME_LENGTH] = last.length;
    return position;
  };
  const addBytes = ({ buffer, byteOffset, byteLength }: Uint8Array): number => {
    const position = addRow(BYTES);
    if (memories.at(-1) !== buffer) memories.push(buffer);
    sources.u32[position * FIELDS] = memories.length - 1;
    sources.u32[position * FIELDS + BYTES_AT] = byteOffset;
    sources.u32[position * FIELDS + BYTES_LENGTH] = byteLength;
    return position;
  };
  const addOther = (value: number): number => {
    const position = addRow(OTHER);
    sources.u32[position * FIELDS] = value;
    return position;
  };

  return {
    add(source) {
      switch (source.kind) {
        case "bytes":
          return addBytes(source.bytes);
        case "host":
          return addPath(source.path, source.root === undefined ? HOST : INSIDE - source.root);
        case "slice":
          return addPath(source.path, source.offset);
      }
    },
    addOther,
    at(position) {
      const field = (index: number): number => sources.u32[position * FIELDS + index] ?? 0;
      const text = (at: number, length: number): string => texts.bytes.toString("latin1", at, at + length);
      const offset = sources.f64[position * FLOATS + OFFSET] ?? 0;
      if (offset === OTHER) return { kind: "other", value: field(0) };
      const memory = offset === BYTES ? memories[field(0)] : undefined;
      if (memory !== undefined) return { kind: "bytes", bytes: new Uint8Array(memory, field(BYTES_AT), field(BYTES_LENGTH)) };
      const path = text(field(FOLDER_AT), field(FOLDER_LENGTH)) + text(field(NAME_AT), field(NAME_LENGTH));
      if (offset <= INSIDE) return { kind: "host", path, root: INSIDE - offset };
      return offset === HOST ? { kind: "host", path } : { kind: "slice", path, offset };
    },
  };
}
