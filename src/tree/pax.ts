/**
 * PAX extended headers (POSIX pax "Extended Header"): "<length> <key>=<value>\n" records. Values are bytes and stay bytes.
 * Global headers are checked and ignored, as the tools that read image layers do.
 */
import { tarError } from "./errors.ts";

/** What a PAX header says of the next entry; absent: nothing. Strings are in bytes form. */
export interface PaxFields {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  mtimeSec?: number;
  mtimeNsec?: number;
  xattrs?: Map<string, Uint8Array>;
  /** GNU.sparse.* keys, as they came. */
  sparse?: Map<string, string>;
  /** GNU.sparse.offset and numbytes of format 0.0, which repeat. */
  sparsePairs?: number[];
}

/** No header may have more records. */
const MAX_RECORDS = 10_000;
const SCHILY_XATTR = "SCHILY.xattr.";
const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";
const GNU_SPARSE = "GNU.sparse.";

/** Reads the records of one header. Throws `TAR`. */
export function parsePax(data: Buffer): PaxFields {
  const fields: PaxFields = {};
  let at = 0;
  for (let count = 0; at < data.byteLength; count += 1) {
    // Some writers pad with NULs.
    if (data[at] === 0) break;
    if (count >= MAX_RECORDS) throw tarError(`a PAX header has more than ${MAX_RECORDS} records`);
    const space = data.indexOf(32, at);
    const digits = space < 0 || space - at > 10 ? "" : data.toString("latin1", at, space);
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < digits.length + 3 || end > data.byteLength || data[end - 1] !== 10) throw tarError("a PAX record has a wrong length");
    const equals = data.indexOf(61, space + 1);
    if (equals < 0 || equals >= end) throw tarError("a PAX record has no value");
    setField(fields, data.toString("latin1", space + 1, equals), data.subarray(equals + 1, end - 1));
    at = end;
  }
  return fields;
}

function setField(fields: PaxFields, key: string, value: Buffer): void {
  switch (key) {
    case "path":
      setText(fields, "path", value);
      return;
    case "linkpath":
      setText(fields, "linkpath", value);
      return;
    case "size":
    case "uid":
    case "gid":
      if (value.byteLength === 0) delete fields[key];
      else fields[key] = wholeNumber(value.toString("latin1"), key);
      return;
    case "mtime": {
      if (value.byteLength === 0) {
        delete fields.mtimeSec;
        delete fields.mtimeNsec;
        return;
      }
      const [seconds, nanoseconds] = parsePaxTime(value.toString("latin1"));
      fields.mtimeSec = seconds;
      fields.mtimeNsec = nanoseconds;
      return;
    }
    default:
      setExtension(fields, key, value);
  }
}

function setExtension(fields: PaxFields, key: string, value: Buffer): void {
  if (key.startsWith(SCHILY_XATTR)) {
    (fields.xattrs ??= new Map()).set(xattrName(key.slice(SCHILY_XATTR.length)), Buffer.from(value));
  } else if (key.startsWith(LIBARCHIVE_XATTR)) {
    const name = xattrName(
      key.slice(LIBARCHIVE_XATTR.length).replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    );
    fields.xattrs ??= new Map();
    // libarchive writes both forms; SCHILY's needs no decoding.
    if (!fields.xattrs.has(name)) fields.xattrs.set(name, Buffer.from(value.toString("latin1"), "base64"));
  } else if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
    (fields.sparsePairs ??= []).push(wholeNumber(value.toString("latin1"), key));
  } else if (key.startsWith(GNU_SPARSE)) {
    (fields.sparse ??= new Map()).set(key.slice(GNU_SPARSE.length), value.toString("latin1"));
  }
}

function setText(fields: PaxFields, key: "path" | "linkpath", value: Buffer): void {
  if (value.byteLength === 0) delete fields[key];
  else fields[key] = value.toString("latin1");
}

function xattrName(name: string): string {
  if (name === "" || name.length > 255 || name.includes("\0")) throw tarError("an extended attribute has an impossible name");
  return name;
}

/** A decimal number without sign. Throws `TAR`. */
export function wholeNumber(text: string, what: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw tarError(`the PAX value ${what} is not a number: "${text.slice(0, 40)}"`);
  return value;
}

/** "-1.25" → [-2, 750000000]: seconds rounded down, and nanoseconds. */
function parsePaxTime(text: string): [seconds: number, nanoseconds: number] {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]{0,40}))?$/.exec(text);
  if (match === null) throw tarError(`the PAX value mtime is not a time: "${text.slice(0, 40)}"`);
  const whole = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] !== "-") return [whole, nanoseconds];
  return nanoseconds === 0 ? [whole === 0 ? 0 : -whole, 0] : [-whole - 1, 1e9 - nanoseconds];
}

/** Encodes one record; its length counts itself. */
export function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const rest = key.length + bytes.byteLength + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} ${key}=`, "latin1"), bytes, Buffer.from("\n")]);
}
