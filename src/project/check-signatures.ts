/** Holds bases to the signature rules of decant.yaml, before anything of them is used. */
import { type Digest, framedDigest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { type ImageContext, signedForms } from "../image/index.ts";
import { familiarName, formatFamiliar, formatReference, type Reference } from "../oci/index.ts";
import type { KeyFile, SignatureDemand } from "../signatures/index.ts";
import { readNamedFile } from "../sys/index.ts";
import { matchesPattern } from "./image-pattern.ts";
import type { NamedFile, SignatureRule } from "./signature-rules.ts";

const MAX_BYTES = 1024 * 1024;
const SPACE = "signature.good";

/**
 * Wants a signature of `digest`, which `reference` stands for, by each rule that fits. What was good once is not asked for again: the digest is the
 * same. `isStored`: the image is in the store. Throws `SIGNATURE`, `CONFIG_FILE`, and what registries throw.
 */
export async function checkSignatures(
  ctx: ImageContext,
  rules: readonly SignatureRule[],
  { reference, digest, isStored = false }: { readonly reference: Reference; readonly digest: Digest; readonly isStored?: boolean },
): Promise<void> {
  const name = formatReference(reference);
  for (const rule of rules) {
    if (!rule.images.some((pattern) => matchesPattern(pattern, name))) continue;
    const demand = await demandOf(rule, ctx.signal);
    const id = demandId(digest, demand);
    if (ctx.store.records.get(SPACE, id) !== undefined) continue;
    const { verifyImage } = await import("../signatures/index.ts");
    try {
      const forms = isStored ? signedForms(ctx.store, digest) : [];
      await verifyImage(ctx, { shown: formatFamiliar(reference), digest, forms, reference, isStored }, demand);
    } catch (error) {
      throw explained(error, reference, rule);
    }
    ctx.store.records.put(SPACE, id, {});
  }
}

async function demandOf({ keys, identity, trustedRoot }: SignatureRule, signal: AbortSignal): Promise<SignatureDemand> {
  return {
    keys: await Array.fromAsync(keys, (file) => readFile(file, signal)),
    identities: identity === undefined ? [] : [identity],
    trustedRoot: trustedRoot === undefined ? undefined : await readFile(trustedRoot, signal),
  };
}

/** By what the files hold, not by their names. */
function demandId(digest: Digest, { keys = [], identities = [], trustedRoot }: SignatureDemand): Digest {
  const people = identities.flatMap(({ subject, issuer }) => [subject, issuer].flatMap((one) => [typeof one, String(one)]));
  return framedDigest(["signature", digest, String(keys.length), ...keys.map(({ text }) => text), ...people, trustedRoot?.text ?? ""]);
}

async function readFile({ shown, place }: NamedFile, signal: AbortSignal): Promise<KeyFile> {
  const read = await readNamedFile(place, { maxBytes: MAX_BYTES, signal });
  if ("problem" in read) throw new DecantError("CONFIG_FILE", `Cannot use the project file: "${shown}" of its signatures: ${read.problem}`);
  return { shown, text: read.bytes.toString("utf8") };
}

function explained(error: unknown, reference: Reference, { images }: SignatureRule): unknown {
  if (!isDecantError(error, "SIGNATURE")) return error;
  const { message, details } = error;
  const hint = `decant.yaml wants it for ${images.join(", ")}. Use a signed version of ${familiarName(reference)}, or ask its owner`;
  return new DecantError("SIGNATURE", message, { hint, details, cause: error });
}
