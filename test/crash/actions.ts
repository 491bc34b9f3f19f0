/** What processes do at once on the store of the harness, until they end or are killed. */
import { join } from "node:path";
import type { Random } from "../fuzz/random.ts";
import type { Case } from "./cases.ts";

/** A command, and the kind of work that it is. */
export interface Action {
  readonly kind: string;
  readonly args: readonly string[];
  /** The case that it builds. */
  readonly built?: Case | undefined;
  /** How it is exported. */
  readonly how?: ExportKind | undefined;
}

/** What actions need to know. */
export interface ActionPlaces {
  readonly cases: readonly [Case, ...Case[]];
  /** "unix:///tmp/…/door", where `decant serve` listens. */
  readonly server?: string | undefined;
  /** "127.0.0.1:40123": a registry. */
  readonly registry: string;
  /** An image there. */
  readonly pulled: string;
  /** An archive to load. */
  readonly archive: string;
  /** Where exports go. */
  readonly out: string;
}

/** The exports of a case, by kind: below `out` of the places. */
export const EXPORTS = {
  local: { name: "local", spec: (dest: string): string => `type=local,dest=${dest},mode=delete` },
  oci: { name: "oci.tar", spec: (dest: string): string => `type=oci,dest=${dest},rewrite-timestamp=true` },
  docker: { name: "docker.tar", spec: (dest: string): string => `type=docker,dest=${dest},rewrite-timestamp=true` },
  copy: { name: "copy", spec: (dest: string): string => `type=local,dest=${dest}` },
  layout: { name: "layout", spec: (dest: string): string => `type=oci,tar=false,dest=${dest},rewrite-timestamp=true` },
} as const;

/** How a case is built for the digest that is compared. */
export function buildArgs({ name, args }: Case): string[] {
  return ["build", "--progress=plain", "-o", `type=image,name=${name}:1,rewrite-timestamp=true`, ...args];
}

/** A kind of export. */
export type ExportKind = keyof typeof EXPORTS;

/** Where exports of a kind go, of all cases: so what was there is another image. */
export function exportPath(out: string, kind: ExportKind): string {
  return join(out, EXPORTS[kind].name);
}

/** How a case is exported. */
export function exportArgs({ args }: Case, kind: ExportKind, dest: string): string[] {
  return ["build", "--progress=plain", "--allow=buildx.local.delete", "-o", EXPORTS[kind].spec(dest), ...args];
}

const BUILDING: ReadonlySet<string> = new Set(["build", "build again", "build at the server", "build and push"]);

/** Chooses one. */
export function chooseAction(random: Random, places: ActionPlaces): Action {
  const built = random.pick(places.cases);
  const kind = random.weighted([
    [8, "build"],
    [2, "build again"],
    [places.server === undefined ? 0 : 12, "build at the server"],
    [4, "export"],
    [2, "build and push"],
    [1, "push"],
    [2, "pull"],
    [2, "load"],
    [1, "save"],
    [1, "copy over"],
    [1, "copy out"],
    [1, "tag"],
    [1, "remove"],
    [2, "prune"],
    [1, "prune all"],
    [1, "prune images"],
    [1, "collect"],
    [1, "forget"],
    [1, "repair"],
  ] as const);
  if (kind !== "export") return { kind, args: argsOf(kind, built, places, random), ...(BUILDING.has(kind) ? { built } : {}) };
  const how = random.pick<ExportKind>(built.isMany ? ["local", "copy", "oci"] : ["local", "copy", "oci", "docker", "layout"]);
  return { kind, built, how, args: exportArgs(built, how, exportPath(places.out, how)) };
}

type Kind =
  | "build"
  | "build again"
  | "build at the server"
  | "build and push"
  | "push"
  | "pull"
  | "load"
  | "save"
  | "copy over"
  | "copy out"
  | "tag"
  | "remove"
  | "prune"
  | "prune all"
  | "prune images"
  | "collect"
  | "forget"
  | "repair";

/** Actions that leave a file or folder in `out`: those that are begun again sweep it. */
export const LEAVING: ReadonlySet<string> = new Set<Kind>(["save", "copy out"]);

function argsOf(kind: Kind, built: Case, { registry, pulled, archive, out, server = "" }: ActionPlaces, random: Random): readonly string[] {
  switch (kind) {
    case "build":
      return buildArgs(built);
    case "build again":
      return [...buildArgs(built), "--no-cache"];
    case "build at the server":
      return [...buildArgs(built), "--builder", server];
    case "push":
      return ["push", "loaded:1", `${registry}/sent/loaded:1`];
    case "copy over":
      return ["copy", pulled, `${registry}/copied/base:${random.below(3)}`];
    case "copy out":
      return ["copy", "store:loaded:1", `oci:${join(out, "copied")}:1`];
    case "prune images":
      return ["image", "prune"];
    case "collect":
      return ["cache", "gc", "--max-used-space", random.pick(["0", "1MB", "4MB"])];
    case "forget":
      return ["history", "rm", "--all"];
    case "build and push":
      return ["build", "--progress=plain", "--push", "-t", `${registry}/pushed/${built.name}:1`, ...built.args];
    case "pull":
      return ["pull", pulled];
    case "load":
      return ["load", "-i", archive];
    case "save":
      return ["save", "-o", join(out, "saved.tar"), "loaded:1"];
    case "tag":
      return ["tag", "loaded:1", `more:${random.below(3)}`];
    case "remove":
      return ["image", "rm", random.pick([`more:${random.below(3)}`, `${built.name}:1`])];
    case "prune":
      return ["prune"];
    case "prune all":
      return ["prune", "--all"];
    case "repair":
      return ["store", "repair"];
  }
}
