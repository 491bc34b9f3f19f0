/** What the client of a build decides about the sources of its Dockerfile: each may be used or not, and an image may stand for another. */
import { unsupported } from "../errors.ts";
import type { SourceOp } from "../graph/index.ts";
import { formatReference, parseReference, type Platform } from "../oci/index.ts";
import { publicUrl } from "../url-secrets.ts";
import type { BuildRun, ClientAccess } from "./open-build.ts";

const IMAGE = "docker-image://";

/** The image that the client of the build takes for one. */
export async function clientImage({ client }: BuildRun, name: string, platform: Platform): Promise<string> {
  if (client?.checkSource === undefined) return name;
  const identifier = IMAGE + formatReference(parseReference(name));
  const taken = await takenSource(client.checkSource, { kind: "source", identifier, attrs: {} }, platform);
  return taken === identifier ? name : taken.slice(IMAGE.length);
}

/** Asks the client of a build about a source of its Dockerfile: gives its identifier, or that of another image. */
export async function takenSource(check: NonNullable<ClientAccess["checkSource"]>, op: SourceOp, platform: Platform): Promise<string> {
  const { identifier } = await check(op, platform);
  if (identifier === op.identifier || (op.identifier.startsWith(IMAGE) && identifier.startsWith(IMAGE))) return identifier;
  throw unsupported(`Converting the source "${publicUrl(op.identifier)}" to "${publicUrl(identifier)}" by a policy of the client`, {
    row: "F136",
  });
}
