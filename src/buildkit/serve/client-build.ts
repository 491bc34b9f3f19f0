/** A build of a client: its request, read and fetched, and not run yet. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type BuildOptions, type ClientAccess } from "../../build/index.ts";
import { DecantError } from "../../errors.ts";
import { isDigest } from "../../digest.ts";
import { step } from "../../step.ts";
import { pullLayout } from "../session/layouts.ts";
import { type Entitlement, parseGitUrl } from "../../graph/index.ts";
import { readNamedFile } from "../../sys/index.ts";
import type { ByteStream } from "../../bytes.ts";
import { Upload } from "../wire/methods.ts";
import { prefixed } from "./attributes.ts";
import { frontendOptions } from "./build-options.ts";
import { dockerIgnoreOf, fetchDockerfile, fetchSettings, type Fetching, type LentFolder, openContext } from "./client-context.ts";
import type { ClientSession } from "./client-sessions.ts";
import { notServed } from "./errors.ts";
import type { OptionReaders } from "./readers.ts";

type Attributes = Readonly<Record<string, string>>;

/** A build that can run. */
export interface ClientBuild {
  readonly options: BuildOptions;
  readonly access: ClientAccess;
  /** What the user wrote, for the places of warnings; absent where it is not here. */
  readonly dockerfile?: { readonly name: string; readonly bytes: Uint8Array };
}

/** What a build is opened with. */
interface OpenClientBuild {
  readonly attributes: Attributes;
  readonly session: ClientSession;
  readonly fetching: Fetching;
  readonly readers: OptionReaders;
  readonly access: ClientAccess;
  /** The environment that builds see: nothing of one client, nothing of the server's user. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly root: string;
  /** What its steps may have of the machine. */
  readonly allow: readonly Entitlement[];
  /** Only the Dockerfile is looked at: of the context its ignore file is enough. */
  readonly looksOnly: boolean;
  /** Results of other builds of the client, by the name of the input: a folder with an OCI layout. */
  readonly inputs: (name: string) => Promise<string>;
  /** A folder with the files of an input that stands for the context or the Dockerfile; undefined where there is none of this name. */
  readonly inputFolder: (name: string) => Promise<string | undefined>;
}

const UPLOAD = "http://buildkit-session/";
const MAX_DOCKERFILE_BYTES = 16 * 1024 * 1024;

/** Reads the request, and fetches Dockerfile and contexts. Throws `USAGE`, `UNSUPPORTED`, `DOCKERFILE_NOT_FOUND`, and what fetching throws. */
export async function openClientBuild(given: OpenClientBuild): Promise<ClientBuild> {
  const { attributes, fetching, readers, env, root, allow } = given;
  if (attributes["source"] !== undefined) refuseFrontend(attributes["source"]);
  if (attributes["contextsubdir"] !== undefined)
    throw notServed("A folder of a remote context (contextsubdir)", "Name it in the URL: URL#REF:FOLDER");
  const options = { ...frontendOptions(attributes, readers), env, root, allow };
  const filename = attributes["filename"] ?? "Dockerfile";
  const remote = attributes["context"];
  const dockerfileName = attributes["dockerfilekey"] ?? (remote === undefined ? "dockerfile" : undefined);
  const contextName = attributes["contextkey"] ?? "context";
  const inputContext = remote === undefined ? await given.inputFolder(contextName) : undefined;
  const folder = dockerfileName === undefined ? undefined : await given.inputFolder(dockerfileName);
  const local =
    dockerfileName === undefined
      ? undefined
      : await localDockerfile(fetching, {
          folder: folder ?? (await fetchDockerfile(fetching, { name: dockerfileName, filename })),
          filename,
        });
  const lent = new Map<string, LentFolder["fetch"]>();
  const lend = ({ path, fetch }: LentFolder): string => {
    lent.set(path, fetch);
    return path;
  };
  const buildContexts = await namedContexts(given, lend);
  const access: ClientAccess = { ...given.access, folder: async (path, paths) => (await lent.get(path)?.(paths)) ?? path };
  const common = { ...options, buildContexts, ...(local === undefined ? {} : { cwd: local.cwd }) };
  if (remote === undefined) {
    const fetched = async (): Promise<string> =>
      given.looksOnly
        ? await fetchSettings(fetching, contextName)
        : lend(await openContext(fetching, { name: contextName, dockerIgnore: local?.ignore }));
    const context = inputContext ?? (await fetched());
    // Ignore files are for folders of the client alone (rule S101).
    if (inputContext !== undefined && local !== undefined) await writeFile(join(local.cwd, `${local.file}.dockerignore`), "");
    return { options: { ...common, context, file: local?.file }, access, ...(local === undefined ? {} : { dockerfile: local.dockerfile }) };
  }
  const files = { file: local === undefined ? filename : join(local.cwd, local.file) };
  const cwd = fetching.stack.use(await fetching.store.scratch()).path;
  if (remote.startsWith(UPLOAD)) {
    const stdin = uploaded(given.session, remote.slice(UPLOAD.length), fetching.signal);
    return { options: { cwd, ...common, ...files, context: "-", stdin }, access };
  }
  if (!isRemote(remote)) throw notServed(`The context "${remote}"`);
  return { options: { cwd, ...common, ...files, context: remote }, access };
}

function refuseFrontend(source: string): void {
  if (!/^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@]|$)/.test(source))
    throw notServed(`The frontend "${source}"`, "Only docker/dockerfile is built in");
}

/** Never a path of this machine. */
function isRemote(text: string): boolean {
  return /^https?:\/\//.test(text) || parseGitUrl(text, { asContext: true }) !== undefined;
}

interface LocalDockerfile {
  readonly cwd: string;
  /** Relative to `cwd`. */
  readonly file: string;
  readonly ignore: string | undefined;
  readonly dockerfile: { readonly name: string; readonly bytes: Uint8Array };
}

/** The Dockerfile alone, in a folder that only we write to: links of the client must not lead to files of this machine. */
async function localDockerfile(
  fetching: Fetching,
  { folder, filename }: { readonly folder: string; readonly filename: string },
): Promise<LocalDockerfile> {
  const candidates = basename(filename) === "Dockerfile" ? [filename, join(dirname(filename), "dockerfile")] : [filename];
  for (const path of candidates) {
    const read = await readNamedFile({ path, within: folder }, { maxBytes: MAX_DOCKERFILE_BYTES });
    if (!("bytes" in read)) {
      if (read.isMissing) continue;
      throw new DecantError("DOCKERFILE_NOT_FOUND", `Cannot read Dockerfile "${path}": ${read.problem}`);
    }
    const cwd = fetching.stack.use(await fetching.store.scratch()).path;
    const file = basename(path);
    await writeFile(join(cwd, file), read.bytes);
    const ignore = await dockerIgnoreOf(folder, path);
    if (ignore !== undefined) await writeFile(join(cwd, `${file}.dockerignore`), ignore);
    return { cwd, file, ignore, dockerfile: { name: file, bytes: read.bytes } };
  }
  throw new DecantError("DOCKERFILE_NOT_FOUND", `failed to read dockerfile: open ${filename}: no such file or directory`);
}

/** `context:NAME`: files of the client, images, repositories and URLs; and results of other targets of the same bake. */
async function namedContexts(given: OpenClientBuild, lend: (folder: LentFolder) => string): Promise<Record<string, string>> {
  const { attributes, fetching, inputs } = given;
  const contexts: Record<string, string> = {};
  for (const [name, value] of Object.entries(prefixed(attributes, "context:"))) {
    if (value.startsWith("local:"))
      contexts[name] = lend(await openContext(fetching, { name: value.slice("local:".length), dockerIgnore: undefined }));
    else if (value.startsWith("input:")) contexts[name] = `oci-layout://${await inputs(value.slice("input:".length))}`;
    else if (value.startsWith("oci-layout://"))
      contexts[name] = `oci-layout://${await clientLayout(given, value.slice("oci-layout://".length))}`;
    else if (value.startsWith("docker-image://") || /^distroless:[\w.:-]+$/.test(value) || isRemote(value)) contexts[name] = value;
    else throw notServed(`The named context ${name}=${value}`);
  }
  return contexts;
}

/** A layout of the client, "STORE:TAG@DIGEST", in a folder of ours. */
async function clientLayout({ session, fetching }: OpenClientBuild, reference: string): Promise<string> {
  const [, name = "", digest = ""] = /^([^:@]+)(?::[^@]*)?@(.+)$/.exec(reference) ?? [];
  if (!isDigest(digest)) throw notServed(`The layout "oci-layout://${reference}" without a digest`);
  const folder = fetching.stack.use(await fetching.store.scratch()).path;
  const signal = AbortSignal.any([fetching.signal, session.signal]);
  const title = `[context oci-layout] load ${digest}`;
  await step(fetching.emit, { vertex: title, name: title }, signal, () =>
    pullLayout({ client: session.client, id: `oci:${name}`, signal }, digest, folder),
  );
  return folder;
}

/** What a client sends as its standard input. */
async function* uploaded(
  session: ClientSession,
  id: string,
  signal: AbortSignal,
): ByteStream & AsyncGenerator<Uint8Array, void, undefined> {
  const metadata = { urlpath: `/${id}`, urlhost: "buildkit-session" };
  using call = session.client.open(Upload.method.pull, { metadata, signal: AbortSignal.any([signal, session.signal]) });
  for await (const { data } of call.responses) yield data;
}

/** A folder for what comes of a build, on the file system of the store. */
export async function makeOutputFolder(fetching: Pick<Fetching, "store" | "stack">, index: number): Promise<string> {
  const path = join(fetching.stack.use(await fetching.store.scratch()).path, String(index));
  await mkdir(path);
  return path;
}
