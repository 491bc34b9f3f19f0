/**
 * Pushes an image in the first of its forms that all registries of its names take. Older registries know neither OCI artifacts nor platforms that
 * nothing runs on, and refuse an index with attestations. One output has one digest, so what one registry refuses none of its names gets.
 */
import { type DecantError, InternalError, isDecantError } from "../errors.ts";
import type { AssembledResult } from "./assembled-image.ts";
import { contentOf } from "./content.ts";
import { isAttestationRefusal, pushContent } from "./push-content.ts";
import type { ImageContext, RegistryOptions } from "./types.ts";

/** The forms, by what becomes of attestations. */
export interface PushForms {
  /** What was asked for. */
  readonly wanted: AssembledResult;
  /** Attestations as images of an unknown platform, as all BuildKits before 0.35 wrote them. Absent where that is what `wanted` has, or was ruled out. */
  readonly asImages?: (() => Promise<AssembledResult>) | undefined;
  /** Without them. Absent where they were demanded. */
  readonly without?: (() => Promise<AssembledResult>) | undefined;
}

/** Gives what was pushed, and says in one line where that is not what was wanted. Throws what registries throw. */
export async function pushForms(
  ctx: ImageContext,
  { wanted, asImages, without }: PushForms,
  names: readonly string[],
  options?: RegistryOptions,
): Promise<AssembledResult> {
  let refusal: DecantError | undefined;
  const attempts = [
    { make: () => Promise.resolve(wanted), said: "" },
    { make: asImages, said: "Attestations go as images of an unknown platform" },
    { make: without, said: "Attestations stay behind" },
  ];
  for (const { make, said } of attempts) {
    if (make === undefined) continue;
    const assembled = await make();
    try {
      await pushContent(ctx, contentOf(assembled), names, options);
    } catch (error) {
      if (!isDecantError(error) || !isAttestationRefusal(error)) throw error;
      refusal = error;
      continue;
    }
    if (refusal !== undefined) {
      const why = `c${refusal.message.slice(1)}`;
      const message = `${said}: ${why}. The output option attestations=true makes an error of this, attestations=false leaves them out`;
      ctx.emit({ type: "warning", code: "AttestationsRefused", message });
    }
    return assembled;
  }
  throw refusal ?? new InternalError("an image without a form");
}
