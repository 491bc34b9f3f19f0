/**
 * Whether the code of installed Debian packages is still there: what an interpreter loads by a name that no text shows, only such a list tells.
 * Packages are those of /var/lib/dpkg/status.d (distroless) and /var/lib/dpkg/info.
 */
import { elfMachineOf } from "../../../elf/index.ts";
import { cleanTreePath, fromBytes, toText } from "../../../paths.ts";
import { javaProgram } from "../../closure/java-program.ts";
import { pythonStart } from "../../closure/python-start.ts";
import type { AuditCheck, AuditFiles, Finding } from "../../types.ts";
import { RUN } from "./findings.ts";

const LIST = /^var\/lib\/dpkg\/(?:status\.d|info)\/([^/:]+)(?::[^/]+)?\.md5sums$/;
const LINE = /^[0-9a-f]{32} [ *](.+)$/;
const MAX_LIST_BYTES = 32 * 1024 * 1024;
const MAX_PATHS = 50;
/** By interpreter. What people leave out on purpose does not count. */
const PYTHON =
  /^usr\/(?:lib|local\/lib)\/python3(?:\.\d+)?\/(?!(?:.*\/)?(?:tests?|idlelib|lib2to3|ensurepip|turtledemo|pydoc_data)\/).*\.(?:py|so)$/;
/** What libraries open by a name of their own: providers of OpenSSL, mechanisms of SASL, plug-ins of Kerberos. */
const PLUGIN = /^usr\/lib\/(?:[a-z0-9_]+-linux-[a-z0-9]+\/)?(?:ossl-modules|engines-\d+|sasl2|krb5\/plugins\/[^/]+)\/[^/]+\.so$/;
const JAVA = /^usr\/(?:share\/java\/.*\.jar|lib\/jvm\/.*\.(?:so|jar))$/;

/** The check. */
export const installedCheck: AuditCheck = {
  group: "run",
  async run(subject, { files, signal }) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) return [];
    const isPython = (await pythonStart(subject, files, machine, signal)) !== undefined;
    const isJava = (await javaProgram(subject, files, machine)) !== undefined;
    if (!isPython && !isJava) return [];
    const isCode = (path: string): boolean => (isPython && PYTHON.test(path)) || (isJava && JAVA.test(path)) || PLUGIN.test(path);
    const findings: Finding[] = [];
    for (const entry of files.entries) {
      const name = entry.kind === "file" ? LIST.exec(entry.path)?.[1] : undefined;
      const bytes = name === undefined ? undefined : await files.read(entry, MAX_LIST_BYTES);
      if (name === undefined || bytes === undefined) continue;
      signal?.throwIfAborted();
      const missing = missingOf(fromBytes(bytes), files, isCode);
      if (missing.length > 0) findings.push(finding(toText(name), missing.map(toText)));
    }
    return findings;
  },
};

function missingOf(list: string, files: AuditFiles, isCode: (path: string) => boolean): readonly string[] {
  return list.split("\n").flatMap((line) => {
    const path = LINE.exec(line)?.[1] ?? "";
    return isCode(path) && files.resolve(cleanTreePath(path)) === undefined ? [path] : [];
  });
}

function finding(name: string, missing: readonly string[]): Finding {
  const [first = ""] = missing;
  return RUN.found("package-file-missing", {
    path: `/${first}`,
    message: `The installed package "${name}" has "/${first}"${missing.length > 1 ? ` and ${missing.length - 1} more files` : ""}, and the image does not; whether the program needs ${missing.length > 1 ? "them" : "it"}, only running it tells`,
    remedy: "Copy the package whole, or allow what you leave out on purpose in decant.yaml (audit, allow)",
    details: { package: name, paths: missing.slice(0, MAX_PATHS).map((path) => `/${path}`) },
  });
}
