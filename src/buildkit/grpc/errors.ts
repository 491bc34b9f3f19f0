/** Why a call of gRPC failed: a code, a message and details, as headers carry them. */
import type { IncomingHttpHeaders } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { StatusSchema } from "../wire/status_pb.ts";

/** The codes of gRPC that are used here. */
export const CODE = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalid: 3,
  notFound: 5,
  alreadyExists: 6,
  denied: 7,
  exhausted: 8,
  precondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** A typed piece of an error. */
export interface ErrorDetail {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A call that failed. */
export class GrpcError extends Error {
  readonly code: number;
  readonly details: readonly ErrorDetail[];

  constructor(
    code: number,
    message: string,
    { details = [], cause }: { readonly details?: readonly ErrorDetail[]; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = "GrpcError";
    this.code = code;
    this.details = details;
  }
}

/** Headers may hold a few kB: a client that gets more ends the connection. */
const MAX_MESSAGE_CHARS = 2000;
const MAX_DETAILS_BYTES = 6000;

/** The trailers that end a call. */
export function trailersOf(error?: GrpcError): Record<string, string> {
  if (error === undefined) return { "grpc-status": String(CODE.ok) };
  const message = error.message.slice(0, MAX_MESSAGE_CHARS);
  const details = error.details.map(({ typeUrl, value }) => ({ typeUrl, value }));
  const bytes = toBinary(StatusSchema, create(StatusSchema, { code: error.code, message, details }));
  const told = details.length > 0 && bytes.byteLength <= MAX_DETAILS_BYTES;
  return {
    "grpc-status": String(error.code),
    "grpc-message": percentEncoded(message),
    ...(told ? { "grpc-status-details-bin": Buffer.from(bytes).toString("base64").replace(/=+$/, "") } : {}),
  };
}

/** The failure that trailers tell, or undefined. */
export function errorOf(headers: IncomingHttpHeaders): GrpcError | undefined {
  const code = Number(headers["grpc-status"] ?? CODE.unknown);
  if (code === CODE.ok) return undefined;
  const told = headers["grpc-message"];
  const packed = headers["grpc-status-details-bin"];
  return new GrpcError(code, percentDecoded(String(told ?? "no message")), {
    details: typeof packed === "string" ? detailsIn(packed) : [],
  });
}

function detailsIn(base64: string): readonly ErrorDetail[] {
  try {
    return fromBinary(StatusSchema, Buffer.from(base64, "base64")).details;
  } catch {
    // The message says enough.
    return [];
  }
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
