/** Errors of Decant as clients of BuildKit know them: a code of gRPC, and the place in the Dockerfile from which the client draws its excerpt. */
import { DecantError, isDecantError } from "../../errors.ts";
import type { SourceOp } from "../../graph/index.ts";
import type { SourceRange } from "../../source.ts";
import { withoutUrlSecrets } from "../../url-secrets.ts";
import { unknownField } from "../llb/unknown-field.ts";
import { CODE, type ErrorDetail, GrpcError } from "../grpc/errors.ts";

const SOURCE_URL = "github.com/moby/buildkit/errdefs.Source+json";
const CODES: Readonly<Record<string, number>> = {
  USAGE: CODE.invalid,
  UNSUPPORTED: CODE.unimplemented,
  NOT_FOUND: CODE.notFound,
  REGISTRY_DENIED: CODE.denied,
};
/** Larger files would not fit into the headers of an answer: then the lines around the place are sent. */
const MAX_SOURCE_BYTES = 3000;

/** What a call fails with. */
export function toGrpc(error: unknown, hide: (text: string) => string = (text) => text): GrpcError {
  if (error instanceof GrpcError) return error;
  if (isDecantError(error)) {
    const text = error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
    return new GrpcError(CODES[error.code] ?? CODE.unknown, hide(text), {
      details: error.source.slice(0, 1).map((range) => sourceDetail(range, hide)),
      cause: error,
    });
  }
  if (error instanceof Error && error.name === "AbortError") return new GrpcError(CODE.cancelled, "context canceled", { cause: error });
  return new GrpcError(CODE.internal, hide(error instanceof Error ? error.message : String(error)), { cause: error });
}

/** Something that a client asks for and that Decant does not have. */
export function notServed(what: string, hint?: string): DecantError {
  return new DecantError("UNSUPPORTED", `${what} is not supported by "decant serve"`, { hint });
}

/** Refuses a request with a field that our copy of the protocol does not have: newer and older clients say more than we can read. */
export function refuseUnknown(request: unknown): void {
  const unknown = unknownField(request);
  if (unknown !== undefined) throw notServed(`A request with a field that Decant does not know (${unknown})`);
}

/** Refuses a source with an attribute that is not among `known`: nothing that a client asks for is left out. */
export function checkAttributes({ identifier, attrs }: SourceOp, known: readonly string[]): void {
  const unknown = Object.keys(attrs).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const scheme = identifier.slice(0, Math.max(0, identifier.indexOf(":")));
  throw notServed(`A source ${scheme}:// with ${unknown}`);
}

function sourceDetail({ file, start, end }: SourceRange, hide: (text: string) => string): ErrorDetail {
  const text = hide(withoutUrlSecrets(file.text));
  const data = Buffer.byteLength(text) <= MAX_SOURCE_BYTES ? text : aroundLine(text, start.line);
  const json = {
    info: { filename: file.name, data: Buffer.from(data).toString("base64"), language: "Dockerfile" },
    ranges: [{ start: { line: start.line, character: start.column - 1 }, end: { line: end.line, character: end.column - 1 } }],
  };
  return { typeUrl: SOURCE_URL, value: Buffer.from(JSON.stringify(json)) };
}

/** The lines before are empty, so that the numbers of lines are right. */
function aroundLine(text: string, line: number): string {
  const lines = text.split("\n");
  const first = Math.max(line - 6, 0);
  return `${"\n".repeat(first)}${lines
    .slice(first, line + 5)
    .map((one) => one.slice(0, 200))
    .join("\n")}`;
}
