/** `decant verify`: whether an image is signed by one of those whom the caller trusts. */
import type { Digest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { ImageContext } from "../image/index.ts";
import { formatReference, type Reference } from "../oci/index.ts";
import { type SignatureDemand, shownDemand } from "./demand.ts";
import { notVerified } from "./errors.ts";
import { bundlesOfTag } from "./cosign-tag.ts";
import { bundlesInRegistry, bundlesInStore, type FoundBundle } from "./referrer.ts";
import { type Checked, createVerifier, type GoodSignature } from "./verifier.ts";

/** What is to be verified. */
interface SignedImage {
  /** As the user named it. */
  readonly shown: string;
  /** Of the manifest or index that is signed. */
  readonly digest: Digest;
  /** Other digests whose signatures count as well: that of an index that has the manifest. */
  readonly forms?: readonly Digest[] | undefined;
  /** The registry that may have signatures; those of the store come first. */
  readonly reference?: Reference | undefined;
  /** The image is in the store: its registry need not answer. Default false. */
  readonly isStored?: boolean | undefined;
  /** The only bundle that counts. Default: those that the store and the registry have. */
  readonly bundle?: Buffer | undefined;
}

/** An image that is signed as wanted. */
export interface VerifiedImage {
  readonly image: string;
  /** What is signed. */
  readonly digest: Digest;
  /** Those that count, at least one. */
  readonly signatures: readonly GoodSignature[];
}

const MAX_TOLD = 3;

/** Verifies `image`. Throws `SIGNATURE` when no signature counts, `SIGNING` for keys and roots that are damaged, and what registries throw. */
export async function verifyImage(ctx: ImageContext, image: SignedImage, demand: SignatureDemand): Promise<VerifiedImage> {
  const check = createVerifier(demand);
  const checked: Checked[] = [];
  let unasked: string | undefined;
  for (const { digest: subject, bundles } of sources(ctx, image)) {
    const seen = new Set<Digest>();
    try {
      for await (const found of bundles) {
        if (!seen.has(found.digest)) checked.push(check(found, subject));
        seen.add(found.digest);
      }
    } catch (error) {
      if (image.isStored !== true || !isDecantError(error) || !error.code.startsWith("REGISTRY")) throw error;
      unasked = error.message;
    }
    const signatures = checked.filter((one): one is GoodSignature => !("problem" in one));
    if (signatures.length > 0) return { image: image.shown, digest: subject, signatures };
  }
  throw refused(image, checked, demand, unasked);
}

/** One after the other: where the store has a signature that counts, the registry is not asked. */
function sources(ctx: ImageContext, { bundle, digest, forms = [], reference }: SignedImage): readonly Source[] {
  const digests = [...new Set([digest, ...forms])];
  if (bundle !== undefined) return digests.map((one) => ({ digest: one, bundles: oneBundle({ digest: one, bytes: bundle }) }));
  const stored = digests.map((one) => ({ digest: one, bundles: bundlesInStore(ctx, one) }));
  if (reference === undefined) return stored;
  const inRegistry = digests.map((one) => ({ digest: one, bundles: bundlesInRegistry(ctx, reference, one) }));
  return [...stored, ...inRegistry, ...digests.map((one) => ({ digest: one, bundles: bundlesOfTag(ctx, reference, one) }))];
}

/** Signatures, and what they are to be of. */
interface Source {
  readonly digest: Digest;
  readonly bundles: ReturnType<typeof bundlesInStore>;
}

async function* oneBundle(found: FoundBundle): ReturnType<typeof bundlesInStore> {
  yield found;
}

function refused(
  { shown, digest, reference, isStored }: SignedImage,
  checked: readonly Checked[],
  demand: SignatureDemand,
  unasked: string | undefined,
): Error {
  const problems = [...new Set(checked.flatMap((one) => ("problem" in one ? [one.problem] : [])))];
  const details = { image: shown, digest, problems };
  const away = unasked === undefined ? "" : `, and its registry cannot be asked (${unasked})`;
  const wanted = `wanted one by ${shownDemand(demand)}`;
  if (problems.length === 0) {
    const name = reference === undefined || isStored === true ? shown : `docker://${formatReference(reference)}`;
    return notVerified(shown, `it has no signature${away}; ${wanted}`, { hint: `Sign it: decant sign --key cosign.key ${name}`, details });
  }
  const told = problems.slice(0, MAX_TOLD).join("; ");
  const more = problems.length > MAX_TOLD ? "; …" : "";
  return notVerified(
    shown,
    `${checked.length === 1 ? "its signature does" : `its ${checked.length} signatures do`} not count: ${told}${more}${away}; ${wanted}`,
    {
      hint: "Use the image only if you know why. It may be another one than its owner signed",
      details,
    },
  );
}
