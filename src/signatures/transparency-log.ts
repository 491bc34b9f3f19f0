/** Rekor (v1): the log in which everybody can see what was signed, and when. */
import * as v from "valibot";
import type { Network } from "../net/index.ts";
import { signingError } from "./errors.ts";
import { askService } from "./sigstore-request.ts";

/** A DSSE envelope, in the JSON of a bundle. */
export interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
}

/** An entry of a log, in the JSON of a bundle. */
export interface LogEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  readonly integratedTime: string;
  readonly inclusionPromise?: { readonly signedEntryTimestamp: string };
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly rootHash: string;
    readonly treeSize: string;
    readonly hashes: readonly string[];
    readonly checkpoint: { readonly envelope: string };
  };
  readonly canonicalizedBody: string;
}

/** Writes signatures down. */
export interface TransparencyLog {
  /** `verifier`: the public key or the certificate in PEM. Throws `SIGNING`. */
  add(envelope: Envelope, verifier: string, signal: AbortSignal): Promise<LogEntry>;
}

const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const hex = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2})+$/));
const proofSchema = v.object({ logIndex: whole, rootHash: hex, treeSize: whole, hashes: v.array(hex), checkpoint: v.string() });
const entrySchema = v.object({
  body: v.string(),
  integratedTime: whole,
  logID: hex,
  logIndex: whole,
  verification: v.object({ inclusionProof: proofSchema, signedEntryTimestamp: v.optional(v.string()) }),
});
const bodySchema = v.object({ apiVersion: v.string(), kind: v.string() });

/** The log at `url`. */
export function openTransparencyLog(network: Network, url: URL): TransparencyLog {
  const service = "transparency log";
  return {
    async add(envelope, verifier, signal) {
      const content = { envelope: JSON.stringify(envelope), verifiers: [Buffer.from(verifier, "utf8").toString("base64")] };
      const body = { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent: content } };
      const answer = await askService(network, { service, url: new URL("/api/v1/log/entries", url), body, hide: (text) => text, signal });
      const entry = entryOf(answer);
      if (entry === undefined) throw signingError(`use the ${service}`, url.origin, "its answer is no entry of a log");
      return entry;
    },
  };
}

/** The answer has one entry, by its id. */
function entryOf(answer: unknown): LogEntry | undefined {
  const [first] = typeof answer === "object" && answer !== null ? Object.values(answer) : [];
  const parsed = v.safeParse(entrySchema, first);
  if (!parsed.success) return undefined;
  const { body, integratedTime, logID, logIndex, verification } = parsed.output;
  const kind = v.safeParse(v.pipe(v.string(), v.rawTransform(jsonOf), bodySchema), Buffer.from(body, "base64").toString("utf8"));
  if (!kind.success) return undefined;
  const { inclusionProof: proof, signedEntryTimestamp } = verification;
  return {
    logIndex: String(logIndex),
    logId: { keyId: base64OfHex(logID) },
    kindVersion: { kind: kind.output.kind, version: kind.output.apiVersion },
    integratedTime: String(integratedTime),
    ...(signedEntryTimestamp === undefined ? {} : { inclusionPromise: { signedEntryTimestamp } }),
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64OfHex(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64OfHex),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
}

function base64OfHex(text: string): string {
  return Buffer.from(text, "hex").toString("base64");
}

function jsonOf({ dataset, addIssue, NEVER }: v.RawTransformContext<string>): unknown {
  try {
    return JSON.parse(dataset.value);
  } catch {
    addIssue({ message: "no JSON" });
    return NEVER;
  }
}
