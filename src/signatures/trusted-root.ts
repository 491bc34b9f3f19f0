/** The authorities and logs of sigstore that count (sigstore_trustroot.proto). */
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toTrustMaterial, type TrustMaterial } from "@sigstore/verify";
import seeds from "@sigstore/tuf/seeds.json" with { type: "json" };
import { signingError } from "./errors.ts";
import type { KeyFile } from "./keys.ts";

/** Those in the file, or those of sigstore.dev that came with this version, with their keys and certificates read. Throws `SIGNING`. */
export function readTrustMaterial(file: KeyFile | undefined): TrustMaterial {
  const text =
    file?.text ?? Buffer.from(seeds["https://tuf-repo-cdn.sigstore.dev"].targets["trusted_root.json"], "base64").toString("utf8");
  try {
    return toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)));
  } catch (cause) {
    const hint = "Write one: cosign trusted-root create";
    throw signingError("use trusted root", file?.shown ?? "of sigstore.dev", "it is damaged", { cause, hint });
  }
}

/** Nobody: for signatures by keys. */
export function noTrustedRoot(): TrustedRoot {
  return TrustedRoot.fromJSON({});
}
