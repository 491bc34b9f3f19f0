/** The version of an image's Node.js, and of its interface for native add-ons (NODE_MODULE_VERSION, https://nodejs.org/en/about/previous-releases). */
import { environmentPath } from "../../facts/index.ts";
import { readProgram } from "../../sbom/index.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";

const INTERFACES: Readonly<Record<string, string>> = {
  "16": "93",
  "18": "108",
  "20": "115",
  "21": "120",
  "22": "127",
  "23": "131",
  "24": "137",
  "25": "141",
};
/** Names of add-ons that are for one interface: "abi137.node", "x-glibc-137.node". */
const FOR_INTERFACE = /(?:abi|[-_.])\d{2,3}(?:\.[a-z]+)*\.node$/;

/** What is known of it; undefined where no add-on is for one interface, as the program's file must be read for it. */
export async function nodeVersionOf(
  subject: AuditSubject,
  files: AuditFiles,
  program: Entry,
): Promise<{ readonly version: string; readonly abi: string | undefined } | undefined> {
  if (!files.entries.some(({ path }) => FOR_INTERFACE.test(path))) return undefined;
  const given = environmentPath(subject.config.Env, "NODE_VERSION");
  const version =
    given !== undefined && /^\d+\.\d+\.\d+$/.test(given) ? given : (await readProgram(subject.tree, program, subject.platform))[0]?.version;
  return version === undefined ? undefined : { version, abi: INTERFACES[version.split(".")[0] ?? ""] };
}

/** The first version that has a module which is only known with "node:" in front: in any line, so that no version is called too old that is not. */
const BUILT_IN_SINCE: ReadonlyMap<string, readonly [major: number, minor: number]> = new Map([
  ["node:sqlite", [22, 5]],
  ["node:sea", [20, 12]],
  ["node:test/reporters", [18, 17]],
  ["node:test", [16, 17]],
]);

/** May a version of Node.js in use lack this module? */
export function isNewBuiltIn(specifier: string): boolean {
  return BUILT_IN_SINCE.has(specifier);
}

/** Which of these imports the image's Node.js is too old for. A version that only NODE_VERSION tells makes none of them certain. */
export async function tooNewFor<Asked extends { readonly specifier: string; readonly certain: boolean }>(
  asked: readonly Asked[],
  { tree, config, platform }: AuditSubject,
  program: Entry,
): Promise<readonly Asked[]> {
  if (asked.length === 0) return [];
  const read = (await readProgram(tree, program, platform))[0]?.version;
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(read ?? environmentPath(config.Env, "NODE_VERSION") ?? "") ?? [];
  return asked.flatMap((one) => {
    const [sinceMajor, sinceMinor] = BUILT_IN_SINCE.get(one.specifier) ?? [0, 0];
    const isOld = Number(major) < sinceMajor || (Number(major) === sinceMajor && Number(minor) < sinceMinor);
    return isOld ? [{ ...one, certain: one.certain && read !== undefined }] : [];
  });
}
