/** Credentials by their shape: in files made for them, in configuration files, in the environment and the history. */
import { given } from "../../../given.ts";
import { displayPath } from "../../../paths.ts";
import { credentialShape, isCredentialVariable, mayHoldCredentials, type Shape } from "../../credentials/shapes.ts";
import { type LayerFile, layerFiles } from "../../layer-files.ts";
import type { AuditCheck, AuditSubject, Finding } from "../../types.ts";
import { DISTROLESS } from "./findings.ts";
import { SIZE } from "../size/findings.ts";

/** Credentials are small; a dump of a database is not searched. */
const MAX_FILE_BYTES = 512 * 1024;
const MAX_TOTAL_BYTES = 128 * 1024 * 1024;
/** The arguments of RUN as BuildKit writes them: "RUN |2 A=b C=d /bin/sh -c". */
const HISTORY_ARGUMENTS = /^RUN \|\d+ (.*)/;

/** The check. */
export const credentialsCheck: AuditCheck = {
  group: "distroless",
  async run(subject, { files, signal }) {
    const findings: Finding[] = [...inEnvironment(subject), ...inHistory(subject)];
    let total = 0;
    for (const file of layerFiles(subject, files, (path) => mayHoldCredentials(path))) {
      const { size, path } = file.entry;
      if (size === 0 || size > MAX_FILE_BYTES) continue;
      signal?.throwIfAborted();
      total += size;
      if (total > MAX_TOTAL_BYTES) {
        findings.push(tooMuch(displayPath(path)));
        break;
      }
      const bytes = await file.bytes(size);
      // What holds NUL is no text.
      if (bytes.includes(0)) continue;
      const shape = credentialShape(path, Buffer.from(bytes).toString("latin1"));
      if (shape !== undefined) findings.push(toldOf(file, shape));
    }
    return findings;
  },
};

function toldOf({ entry, layer, isVisible }: LayerFile, { id, what, severity, names }: Shape): Finding {
  return DISTROLESS.found(id, {
    path: displayPath(entry.path),
    ...given({ layer, severity }),
    message: `The file holds ${what}${isVisible ? "" : "; a later layer hides it, but this layer still has it"}`,
    remedy:
      id === "env-file"
        ? "Pass such variables when the container starts, and name the file in .dockerignore"
        : "Name the file in .dockerignore, give it to steps with RUN --mount=type=secret, and change its credentials",
    details: { visible: isVisible, ...given({ names }) },
  });
}

function inEnvironment({ config }: AuditSubject): Finding[] {
  return (config.Env ?? []).flatMap((line) => {
    const at = line.indexOf("=");
    const name = line.slice(0, Math.max(0, at));
    if (!isCredentialVariable(name, line.slice(at + 1))) return [];
    return [
      DISTROLESS.found("credential-in-environment", {
        message: `ENV ${name} looks like a credential; everybody with the image can read it`,
        remedy: "Pass it when the container starts",
        details: { name },
      }),
    ];
  });
}

function inHistory({ history, layers }: AuditSubject): Finding[] {
  let layer = -1;
  return history.flatMap((entry) => {
    if (entry.empty_layer !== true) layer += 1;
    const names = (HISTORY_ARGUMENTS.exec(entry.created_by ?? "")?.[1] ?? "").split(" ").flatMap((word) => {
      const at = word.indexOf("=");
      return at > 0 && isCredentialVariable(word.slice(0, at), word.slice(at + 1)) ? [word.slice(0, at)] : [];
    });
    if (names.length === 0) return [];
    return [
      DISTROLESS.found("credential-in-environment", {
        ...(layer < layers.length ? { layer } : {}),
        message: `The history of the image shows the value of ARG ${[...new Set(names)].join(", ")}`,
        remedy: "Give it to the step with RUN --mount=type=secret,env=NAME instead of --build-arg",
        details: { names },
      }),
    ];
  });
}

function tooMuch(path: string): Finding {
  return SIZE.found("not-examined", {
    path,
    message: `The image has more than ${MAX_TOTAL_BYTES / 1024 / 1024} MiB of configuration; from this file on, the audit did not search for credentials`,
    remedy: "Copy less into the image",
  });
}
