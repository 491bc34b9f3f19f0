/** Links that lead nowhere, in places where something will follow them. */
import { baseName, displayPath, parentOf, toText } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import type { AuditCheck, AuditFiles, Finding } from "../../types.ts";
import { RUN } from "./findings.ts";

/** Links into what only a running container has, and links that processes make. */
const RUN_TIME = /^\/(?:proc|dev|sys|run|var\/run|tmp|var\/tmp|var\/lock)(?:\/|$)/;
/** Documentation, names that packages give before the package behind them comes, and the links of a merged /usr. */
const HARMLESS =
  /^(?:s?bin$|lib[a-z0-9]*$|usr\/share\/(?:doc|man|info|locale|bug|lintian|zoneinfo|bash-completion|icons|perl5)|var\/lib\/(?:dpkg|apt)|etc\/(?:alternatives|rc\d?|rc[0-9S]\.d|systemd)|usr\/lib\/(?:systemd|debug|modules))(?:\/|$)/;
/** Java's sources, which come in a package of their own. */
const SOURCES = /\/src\.zip$/;
/** Followed by name when something is linked to or loaded. */
const LIBRARY = /\.so(?:\.[\w.+-]*)?$/;
const BIN = /^s?bin$/;
const APPLICATION = /^(?:app|srv|opt|home|workspace|usr\/src)(?:\/|$)/;
/** Links that help compilers find libraries: no program loads by these names. */
const DEVELOPMENT = /\.so$/;

/** The check. */
export const linksCheck: AuditCheck = {
  group: "run",
  async run(_subject, { files }) {
    return files.entries.flatMap((entry) => (entry.kind === "symlink" && dangles(entry, files) ? [found(entry)] : []));
  },
};

function dangles(entry: Entry, files: AuditFiles): boolean {
  const { path, link = "" } = entry;
  if (HARMLESS.test(path) || SOURCES.test(path) || RUN_TIME.test(link) || RUN_TIME.test(displayPath(path))) return false;
  return files.resolve(path) === undefined && !RUN_TIME.test(absoluteTarget(entry));
}

function absoluteTarget({ path, link = "" }: Entry): string {
  if (link.startsWith("/")) return link;
  const parts = parentOf(path).split("/");
  for (const part of link.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return `/${parts.filter((part) => part !== "").join("/")}`;
}

function found({ path, link = "" }: Entry): Finding {
  const name = baseName(path);
  const isUsed = BIN.test(baseName(parentOf(path))) || APPLICATION.test(path) || (LIBRARY.test(name) && !DEVELOPMENT.test(name));
  return RUN.found("dangling-link", {
    ...(isUsed ? {} : { severity: "note" }),
    path: displayPath(path),
    message: `The link leads to "${toText(link)}", which is not in the image`,
    remedy: "Copy what it leads to as well, or remove the link",
    details: { target: toText(link) },
  });
}
