/** `diffBases`: what differs between two locks, recipes or images. */
import { resolve } from "node:path";
import { listRecipes, lockedFor, type LockedArchitecture, parseBaseName } from "../../distroless/index.ts";
import { DecantError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { type Platform } from "../../oci/index.ts";
import { readInventory } from "../../sbom/index.ts";
import { loadTree } from "../../tree/index.ts";
import { type DebianOptions, openNamedSource } from "../../project/index.ts";
import { startRun } from "../run-handle.ts";
import { openSession, platformOf, type Session, type StoreOptions } from "../../context/index.ts";
import { given } from "../../given.ts";
import type { Run } from "../types.ts";
import { assembleOpened } from "../../project/index.ts";
import { type BaseFacts, differenceOf, lockedFacts } from "./difference.ts";
import { openBase, readLock } from "../../project/index.ts";
import type { BaseDifference } from "./types.ts";
import { workingDirectory } from "../../working-directory.ts";
import { DEBIAN, maybe, STORE, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";

/** Options of `diffBases`. */
export interface DiffBasesOptions extends StoreOptions, DebianOptions {
  /** A lock ("x.lock.json"), a recipe, else an image of the store, of a registry or of "oci:PATH". */
  readonly before: string;
  readonly after: string;
  /** Default: the host's. */
  readonly platform?: string | undefined;
  readonly cwd?: string | undefined;
}

interface Context {
  readonly options: DiffBasesOptions;
  readonly session: Session;
  readonly platform: Platform;
  readonly cwd: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const OPTIONS: Shape = shapeOf<DiffBasesOptions>("diffBases", {
  ...STORE,
  ...DEBIAN,
  before: text,
  after: text,
  platform: maybe(text),
  cwd: maybe(text),
});

/** Compares packages, and the configuration where both sides have one: locks have none. */
export function diffBases(options: DiffBasesOptions): Run<BaseDifference> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options);
    const platform = platformOf(session, options.platform);
    const context: Context = { options, session, platform, cwd: options.cwd ?? workingDirectory(), emit, signal };
    return differenceOf(await factsOf(options.before, context), await factsOf(options.after, context));
  });
}

async function factsOf(name: string, context: Context): Promise<BaseFacts> {
  if (name.endsWith(".json")) return lockedFacts(await lockedIn(name, context));
  const isRecipe = /\.ya?ml(?::|$)/.test(name) || (!/[/@]/.test(name) && (await listRecipes()).includes(parseBaseName(name).recipe));
  return isRecipe ? await recipeFacts(name, context) : await imageFacts(name, context);
}

async function lockedIn(name: string, { cwd, platform }: Context): Promise<LockedArchitecture> {
  const lock = await readLock({ path: resolve(cwd, name) });
  if (lock === undefined) throw new DecantError("NOT_FOUND", `Cannot read lock "${name}": there is no such file`);
  return lockedFor(lock, platform.architecture);
}

async function recipeFacts(name: string, { options, session, platform, cwd, emit, signal }: Context): Promise<BaseFacts> {
  const opened = await openBase(name, { cwd });
  const { report, config } = await assembleOpened(session, opened, options, { platform, emit, signal });
  const [node] = report.node;
  const facts = lockedFacts({ releases: [], packages: report.packages, ...given({ node }) });
  return { ...facts, config: { ...config.config } };
}

async function imageFacts(name: string, context: Context): Promise<BaseFacts> {
  const { session, platform, cwd, emit, signal } = context;
  const source = await openNamedSource(name, { session, platform, cwd, command: "base diff", emit, signal });
  if (source.kind === "directory")
    throw new DecantError("USAGE", `Cannot compare "${name}": it is a folder; wanted a lock, a recipe or an image`);
  const { image } = source;
  const tree = await loadTree(image.layers, signal);
  const { packages } = await readInventory(tree, { platform, signal });
  return {
    packages: new Map(packages.map((one) => [one.name, { version: one.version }])),
    config: { ...image.config.config },
  };
}
