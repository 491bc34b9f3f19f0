/** What the client of a build decides about the sources of its Dockerfile: each may be used or not, and an image may stand for another. */
import { unsupported } from "../errors.ts";
import type { SourceOp } from "../graph/index.ts";
import { formatReference, parseReference, type Platform } from "../oci/index.ts";
import { publicUrl } from "../url-secrets.ts";

const IMAGE = "docker-image://";

/** Gives what to take instead of a source. Rejects for one that must not be used. */
export type CheckSource = (op: SourceOp, platform: Platform) => Promise<SourceOp>;

/** The image that the client of the build takes for one. */
export async function clientImage(check: CheckSource | undefined, name: string, platform: Platform): Promise<string> {
  if (check === undefined) return name;
  const identifier = IMAGE + formatReference(parseReference(name));
  const taken = await takenSource(check, { kind: "source", identifier, attrs: {} }, platform);
  return taken === identifier ? name : taken.slice(IMAGE.length);
}

/** Asks the client of a build about a source of its Dockerfile: gives its identifier, or that of another image. */
export async function takenSource(check: CheckSource, op: SourceOp, platform: Platform): Promise<string> {
  const { identifier } = await check(op, platform);
  if (identifier === op.identifier || (op.identifier.startsWith(IMAGE) && identifier.startsWith(IMAGE))) return identifier;
  throw unsupported(`Converting the source "${publicUrl(op.identifier)}" to "${publicUrl(identifier)}" by a policy of the client`, {
    row: "F136",
  });
}
