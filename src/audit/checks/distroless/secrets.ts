/** The values of this build's secrets in what this build made: layers, hidden files included, configuration and history. */
import { given } from "../../../given.ts";
import { displayPath, toBytes } from "../../../paths.ts";
import { type Needle, searchFor } from "../../../secrets/index.ts";
import { type LayerFile, layerFiles } from "../../layer-files.ts";
import type { AuditCheck, AuditSubject, Finding } from "../../types.ts";
import { DISTROLESS } from "./findings.ts";
import { SIZE } from "../size/findings.ts";

/** The first form of a secret that is in some bytes. */
type Find = (bytes: Uint8Array) => Needle | undefined;

const CHUNK = 1024 * 1024;
const REMEDY =
  "Use the secret only through RUN --mount=type=secret, write it nowhere, and change it now: everybody with the image may know it";

/** The check. */
export const secretsCheck: AuditCheck = {
  group: "distroless",
  async run(subject, { secrets, files, signal }) {
    const { tooPlain, longest, find } = searchFor(secrets);
    const findings: Finding[] = tooPlain.map((id) =>
      SIZE.found("not-examined", {
        message: `The value of secret "${id}" is too short or too plain to search for`,
        remedy: "Take a secret of eight characters or more that is not one word or number",
      }),
    );
    if (longest === 0) return findings;
    findings.push(...inDocuments(subject, find));
    const isOwn = (layer: number | undefined): boolean => layer === undefined || subject.layers[layer]?.instruction !== undefined;
    for (const file of layerFiles(subject, files, (_path, layer) => isOwn(layer))) {
      signal?.throwIfAborted();
      const needle = find(toBytes(file.entry.path)) ?? (await inFile(file, longest - 1, find));
      if (needle !== undefined) findings.push(toldOf(file, needle));
    }
    return findings;
  },
};

function toldOf({ entry, layer, isVisible }: LayerFile, { secret, form }: Needle): Finding {
  return DISTROLESS.found("secret-in-image", {
    path: displayPath(entry.path),
    ...given({ layer }),
    message: `The file holds secret "${secret}" (${form})${isVisible ? "" : "; a later layer hides it, but this layer still has it"}`,
    remedy: REMEDY,
    details: { secret, form, visible: isVisible },
  });
}

function inDocuments({ config, history }: AuditSubject, find: Find): Finding[] {
  const documents = [
    ["configuration", Buffer.from(JSON.stringify(config))],
    ["history", Buffer.from(JSON.stringify(history))],
  ] as const;
  return documents.flatMap(([what, bytes]) => {
    const needle = find(bytes);
    if (needle === undefined) return [];
    const { secret, form } = needle;
    return [
      DISTROLESS.found("secret-in-image", {
        message: `The ${what} of the image holds secret "${secret}" (${form})`,
        remedy: "Do not pass it by ARG, ENV or LABEL; use RUN --mount=type=secret, and change it now",
        details: { secret, form, in: what },
      }),
    ];
  });
}

async function inFile({ entry, bytes }: LayerFile, overlap: number, find: Find): Promise<Needle | undefined> {
  for (let offset = 0; offset < entry.size; offset += CHUNK) {
    const found = find(await bytes(CHUNK + overlap, offset));
    if (found !== undefined) return found;
  }
  return undefined;
}
