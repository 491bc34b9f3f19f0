/** Rights that files give to whoever starts or finds them. */
import { isExecutable } from "../../../facts/index.ts";
import { displayPath } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import type { AuditCheck, Finding } from "../../types.ts";
import { DISTROLESS } from "./findings.ts";

const SETUID = 0o4000;
const SETGID = 0o2000;
const STICKY = 0o1000;
const ANYBODY_WRITES = 0o002;
const CAPABILITY = "security.capability";

/** The check. */
export const rightsCheck: AuditCheck = {
  group: "distroless",
  async run(_subject, { files }) {
    return files.entries.flatMap(rightsOf);
  },
};

function rightsOf(entry: Entry): Finding[] {
  const path = displayPath(entry.path);
  const mode = entry.mode.toString(8).padStart(4, "0");
  if (entry.kind === "dir") {
    if ((entry.mode & ANYBODY_WRITES) === 0 || (entry.mode & STICKY) !== 0) return [];
    return [
      DISTROLESS.found("world-writable-directory", {
        path,
        message: `Mode ${mode}: every user may remove and replace what others put there`,
        remedy: `Set the sticky bit (chmod 1777 ${path}), or remove the right of others (chmod o-w ${path})`,
      }),
    ];
  }
  if (entry.kind !== "file") return [];
  const findings: Finding[] = [];
  if ((entry.mode & SETUID) !== 0)
    findings.push(
      DISTROLESS.found("setuid", {
        path,
        message: `Mode ${mode}: it runs as user ${entry.uid}, no matter who starts it`,
        remedy: `Remove the bit: RUN chmod u-s ${path}`,
      }),
    );
  // Without the execute bit it marks mandatory locking, which Linux has given up.
  if ((entry.mode & SETGID) !== 0 && isExecutable(entry.mode))
    findings.push(
      DISTROLESS.found("setgid", {
        path,
        message: `Mode ${mode}: it runs as group ${entry.gid}, no matter who starts it`,
        remedy: `Remove the bit: RUN chmod g-s ${path}`,
      }),
    );
  if (entry.xattrs?.has(CAPABILITY) === true)
    findings.push(
      DISTROLESS.found("file-capability", {
        path,
        message: "It has file capabilities (security.capability), which every user gains by starting it",
        remedy: `Remove them (RUN setcap -r ${path}), and give the container the capabilities that it needs when it starts`,
      }),
    );
  if ((entry.mode & ANYBODY_WRITES) !== 0)
    findings.push(
      DISTROLESS.found("world-writable-file", {
        path,
        message: `Mode ${mode}: every user may change it`,
        remedy: `Remove the right of others: chmod o-w ${path}, or COPY --chmod`,
      }),
    );
  return findings;
}
