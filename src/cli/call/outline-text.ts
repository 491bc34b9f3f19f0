/** What `--call=outline`, `targets` and `subrequests.describe` print, as docker buildx prints it. Pure. */
import type { DockerfileOutline, DockerfileTargets } from "../../index.ts";
import { columns } from "./columns.ts";

const WIDE_GAP = 3;

/** The lines of an outline. */
export function outlineText({ name, description, args, secrets, ssh }: DockerfileOutline): string[] {
  const head = [
    ...(name === undefined && description === undefined ? [] : [["TARGET:", name ?? "(default)"]]),
    ...(description === undefined ? [] : [["DESCRIPTION:", description]]),
  ];
  const argRows = args.map((arg) => [arg.name, arg.value ?? "", arg.description ?? ""]);
  const useRows = (uses: DockerfileOutline["secrets"]): string[][] => uses.map((use) => [use.name, use.required ? "true" : ""]);
  return [
    ...section(head, 1),
    ...(args.length === 0 ? [] : section([["BUILD ARG", "VALUE", "DESCRIPTION"], ...argRows], WIDE_GAP)),
    ...(secrets.length === 0 ? [] : section([["SECRET", "REQUIRED"], ...useRows(secrets)], WIDE_GAP)),
    ...(ssh.length === 0 ? [] : section([["SSH", "REQUIRED"], ...useRows(ssh)], WIDE_GAP)),
  ];
}

/** The lines of a list of targets. */
export function targetsText({ targets }: DockerfileTargets): string[] {
  const rows = targets.map(({ name, isDefault, description }) => [
    `${name ?? ""}${isDefault ? `${name === undefined ? "" : " "}(default)` : ""}`,
    description ?? "",
  ]);
  return columns([["TARGET", "DESCRIPTION"], ...rows], 1);
}

/** What can be asked. */
export const SUBREQUESTS: readonly { readonly name: string; readonly description: string }[] = [
  { name: "outline", description: "List all parameters current build target supports" },
  { name: "targets", description: "List all targets current build supports" },
  { name: "check", description: "Lint a Dockerfile" },
  { name: "subrequests.describe", description: "List available subrequest types" },
];

/** The lines of the list of what can be asked. */
export function subrequestsText(): string[] {
  return columns([["NAME", "VERSION", "DESCRIPTION"], ...SUBREQUESTS.map(({ name, description }) => [name, "1.0.0", description])], 1);
}

function section(rows: readonly (readonly string[])[], gap: number): string[] {
  return rows.length === 0 ? [] : [...columns(rows, gap), ""];
}
