/** A policy that a client evaluates itself: it is asked about every source before anything of it is used. */
import { DecantError } from "../../errors.ts";
import type { SourceOp } from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { PolicyVerifier } from "../wire/methods.ts";

const ALLOW = 0;
const DENY = 1;

/** Who is asked. */
interface Asked {
  readonly client: GrpcClient;
  readonly signal: AbortSignal;
}

/** Throws `GrpcError` for what the client denies, and `UNSUPPORTED` for an answer that is neither yes nor no. */
export async function checkPolicy(
  { client, signal }: Asked,
  { identifier, attrs }: Pick<SourceOp, "identifier" | "attrs">,
  platform: Platform,
): Promise<void> {
  const { architecture, os, variant = "" } = platform;
  const request = { platform: { architecture, os, variant }, source: { source: { identifier, attrs: { ...attrs } } } };
  const { result } = await client.unary(PolicyVerifier.method.checkPolicy, request, { signal });
  const shown = publicUrl(identifier);
  const lacking = (what: string): DecantError =>
    new DecantError("UNSUPPORTED", `A policy that ${what} the source "${shown}" is not supported by "decant serve"`, {
      hint: "Write a policy that allows or denies by the name of a source",
    });
  if (result.case === "request") throw lacking("wants to know more of");
  if (result.case !== "decision") throw new GrpcError(CODE.invalid, `the policy has no decision about "${shown}"`);
  const { action, denyMessages } = result.value;
  if (action === ALLOW) return;
  if (action !== DENY) throw lacking("converts");
  const why = denyMessages.map(({ message }) => `: ${message}`).join("");
  throw new GrpcError(CODE.denied, `source "${shown}" not allowed by policy: action DENY${why}`);
}
