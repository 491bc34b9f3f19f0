/** `decant verify`: whether an image is signed by one of those whom the caller trusts. */
import type { Digest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { ImageContext } from "../image/index.ts";
import { formatReference, type Reference } from "../oci/index.ts";
import { type SignatureDemand, shownDemand } from "./demand.ts";
import { notVerified } from "./errors.ts";
import { bundlesInRegistry, bundlesInStore, type FoundBundle } from "./referrer.ts";
import { type Checked, createVerifier, type GoodSignature } from "./verifier.ts";

/** What is to be verified. */
interface SignedImage {
  /** As the user named it. */
  readonly shown: string;
  /** Of the manifest or index that is signed. */
  readonly digest: Digest;
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
  readonly digest: Digest;
  /** Those that count, at least one. */
  readonly signatures: readonly GoodSignature[];
}

const MAX_TOLD = 3;

/** Verifies `image`. Throws `SIGNATURE` when no signature counts, `SIGNING` for keys and roots that are damaged, and what registries throw. */
export async function verifyImage(ctx: ImageContext, image: SignedImage, demand: SignatureDemand): Promise<VerifiedImage> {
  const check = createVerifier(demand);
  const checked: Checked[] = [];
  for (const bundles of sources(ctx, image)) {
    const seen = new Set<Digest>();
    try {
      for await (const { digest, bytes } of bundles) {
        if (!seen.has(digest)) checked.push(check(bytes, image.digest));
        seen.add(digest);
      }
    } catch (error) {
      if (image.isStored !== true || !isDecantError(error) || !error.code.startsWith("REGISTRY")) throw error;
      checked.push({ problem: `its registry may have one, and cannot be asked (${error.message})` });
    }
    const signatures = checked.filter((one): one is GoodSignature => !("problem" in one));
    if (signatures.length > 0) return { image: image.shown, digest: image.digest, signatures };
  }
  throw refused(image, checked, demand);
}

/** One after the other: where the store has a signature that counts, the registry is not asked. */
function sources(ctx: ImageContext, { bundle, digest, reference }: SignedImage): readonly ReturnType<typeof bundlesInStore>[] {
  if (bundle !== undefined) return [oneBundle({ digest, bytes: bundle })];
  return [bundlesInStore(ctx, digest), ...(reference === undefined ? [] : [bundlesInRegistry(ctx, reference, digest)])];
}

async function* oneBundle(found: FoundBundle): ReturnType<typeof bundlesInStore> {
  yield found;
}

function refused({ shown, digest, reference }: SignedImage, checked: readonly Checked[], demand: SignatureDemand): Error {
  const problems = [...new Set(checked.flatMap((one) => ("problem" in one ? [one.problem] : [])))];
  const details = { image: shown, digest, problems };
  const wanted = `wanted one by ${shownDemand(demand)}`;
  if (problems.length === 0) {
    const name = reference === undefined ? shown : `docker://${formatReference(reference)}`;
    return notVerified(shown, `it has no signature; ${wanted}`, { hint: `Sign it: decant sign --key cosign.key ${name}`, details });
  }
  const told = problems.slice(0, MAX_TOLD).join("; ");
  const more = problems.length > MAX_TOLD ? "; …" : "";
  return notVerified(
    shown,
    `${checked.length === 1 ? "its signature does" : `its ${checked.length} signatures do`} not count: ${told}${more}; ${wanted}`,
    {
      hint: "Use the image only if you know why. It may be another one than its owner signed",
      details,
    },
  );
}
