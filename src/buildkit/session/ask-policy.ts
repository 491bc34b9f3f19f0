/** A policy that a client evaluates itself: it is asked about every source before anything of it is used. */
import { isDeepStrictEqual } from "node:util";
import { DecantError } from "../../errors.ts";
import type { SourceOp } from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { PolicyVerifier } from "../wire/methods.ts";

const ALLOW = 0;
const CONVERT = 2;
/** As BuildKit. */
const MAX_CONVERSIONS = 10;

/** Who is asked. */
interface Asked {
  readonly client: GrpcClient;
  readonly signal: AbortSignal;
}

/** Gives the source to take. Throws `GrpcError` for what the client denies, and `UNSUPPORTED` where it wants to know more of the source. */
export async function checkPolicy({ client, signal }: Asked, source: SourceOp, platform: Platform): Promise<SourceOp> {
  let op = source;
  for (let count = 0; count < MAX_CONVERSIONS; count += 1) {
    const taken = await askOnce({ client, signal }, op, platform);
    if (taken === undefined) return op;
    op = { ...op, ...taken };
  }
  throw new GrpcError(CODE.invalid, `the policy converts "${publicUrl(source.identifier)}" without an end`);
}

/** What the client converts it to; undefined where it takes it as it is. */
async function askOnce(
  { client, signal }: Asked,
  { identifier, attrs }: SourceOp,
  platform: Platform,
): Promise<Pick<SourceOp, "identifier" | "attrs"> | undefined> {
  const { architecture, os, variant = "" } = platform;
  const request = { platform: { architecture, os, variant }, source: { source: { identifier, attrs: { ...attrs } } } };
  const { result } = await client.unary(PolicyVerifier.method.checkPolicy, request, { signal });
  const shown = publicUrl(identifier);
  if (result.case === "request")
    throw new DecantError("UNSUPPORTED", `A policy that wants to know more of the source "${shown}" is not supported by "decant serve"`, {
      hint: "Write a policy that judges by the name of a source",
    });
  if (result.case !== "decision") throw new GrpcError(CODE.invalid, `the policy has no decision about "${shown}"`);
  const { action, denyMessages, update } = result.value;
  if (action === ALLOW) return undefined;
  if (action === CONVERT) {
    if (update === undefined) throw new GrpcError(CODE.invalid, `the policy does not say what "${shown}" is converted to`);
    const isSame = update.identifier === identifier && isDeepStrictEqual({ ...update.attrs }, { ...attrs });
    return isSame ? undefined : { identifier: update.identifier, attrs: { ...update.attrs } };
  }
  const why = denyMessages.map(({ message }) => `: ${message}`).join("");
  throw new GrpcError(CODE.denied, `source "${shown}" not allowed by policy: action DENY${why}`);
}
